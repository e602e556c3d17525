"""Recordings of allocations by memray and heaptrack: counted, folded, and what they say a program keeps."""
