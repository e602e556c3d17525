"""The first screen: what is told before anything else."""
