"""Files that people bring: series of memory, and profiles, in the forms that other tools write. Pure but for reading."""
