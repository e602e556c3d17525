"""Readings of a process."""
