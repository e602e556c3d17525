"""What is done to a living interface and to programs: faults, stimuli, commands, and their pace."""
