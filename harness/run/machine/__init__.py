"""The machine that a run finds: clocks, load, disk, control groups, and whether the interface is still there."""
