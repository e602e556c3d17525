"""What makes it grow: growth against dose, and what is kept of cycles. Pure."""
