"""Does it grow, and who keeps it."""
