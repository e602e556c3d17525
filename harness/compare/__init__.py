"""Two or more results held against each other: may they be compared, and what changed."""
