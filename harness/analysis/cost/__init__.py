"""What watching costs: bytes for each poll and event, against the number of links, and before and after. Pure."""
