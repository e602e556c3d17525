"""Profiles of memory and of goroutines, in the forms of other tools."""
