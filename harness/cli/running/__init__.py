"""The verbs that measure, and what a terminal shows of them."""
