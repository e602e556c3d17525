"""Results in the forms of other tools, so that a reader uses the viewer they know."""
