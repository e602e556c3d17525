"""What was recorded, counted again from the recordings."""
