"""Recorders that run inside the programs of the user: each file is for an interpreter that is not ours."""
