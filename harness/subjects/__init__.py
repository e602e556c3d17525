"""Processes that are measured, and how the run speaks with them."""
