"""Series of memory, in the forms of other tools."""
