"""The verbs for a file in hand."""
