"""Analysis to documents."""
