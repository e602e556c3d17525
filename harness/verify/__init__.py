"""A result folder held against itself: its seal, its rows, its facts, its captures, and what is derived from them."""
