"""Two commits to two executables: a git worktree each, built once as the calling user, cached by commit and command.

Nothing here runs in the lab, and nothing as root under sudo: ``python -m harness.builds`` is started as the user who
called.
"""
