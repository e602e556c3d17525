"""Files that people bring: series of memory, and profiles, in the forms of other tools. Pure but for reading."""
