"""Who watches a run: what it tells, what it leaves for those who come later, and how they ask it to end."""
