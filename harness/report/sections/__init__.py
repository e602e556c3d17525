"""The sections of a report, a module a subject: what is shown, how to read it, and what does not follow from it."""
