"""Does memory grow: from samples of one process to a verdict, pure."""
