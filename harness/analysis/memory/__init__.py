"""What grows, what memory is made of, who keeps it, and what its growth comes from. Pure."""
