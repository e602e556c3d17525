"""Flame graphs of churn: everything allocated per unit of work, freed or not, of Python and Go in one look."""
