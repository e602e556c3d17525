"""Words that may come from anybody, made fit for a terminal, a page, a picture. Pure."""


def printable(text: str) -> str:
    """Keep to what a terminal may be sent: escapes, and letters that turn the line around, are replaced."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def printable_lines(text: str) -> str:
    """Keep to what a terminal may be sent, line by line; tabs stay."""
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def json_document(value: object) -> str:
    """Write a value as an indented JSON document that a terminal may be sent."""
    import msgspec  # noqa: PLC0415 - every call of the command loads this module, and few print documents

    return printable_json(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def printable_json(text: str) -> str:
    """Write what a terminal may not be sent as JSON's own escapes: the document stays the same."""
    return "".join(letter if letter.isprintable() or letter == "\n" else _escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    units = letter.encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
