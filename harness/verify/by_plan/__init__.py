"""A result held against its plan, and the plan against its scenario."""
