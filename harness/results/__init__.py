"""``results/`` on disk: written by directory descriptors, sealed, and read as what may come from anybody."""
