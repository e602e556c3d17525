"""Every format that a report has; those of text can go to standard output."""

FORMATS = ("html", "md", "png", "json", "junit")
TEXT_FORMATS = ("html", "md", "json", "junit")
