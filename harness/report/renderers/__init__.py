"""A document as a page, as Markdown, and as JUnit XML."""
