"""Readings of a process from outside: memory, descriptors, sockets, children, its control group, its executable."""
