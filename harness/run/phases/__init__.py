"""The phases of a run, one a module: each measures one thing, in processes of its own."""
