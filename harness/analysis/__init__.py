"""Pure functions: Result to Analysis."""
