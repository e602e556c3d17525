"""What watching costs in bytes and time."""
