"""A result folder held against itself: its seal, its rows, its facts, its captures, its report; and a copy for git."""
