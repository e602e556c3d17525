"""Words that may come from anybody, made fit for a terminal, a log, a page, a picture. Pure."""

import re

# What GitHub's runner obeys in a step's output (actions/runner, src/Runner.Common/ActionCommand.cs): ``::`` at the
# beginning of a line, white space before it or not, and ``##[`` anywhere. A backslash in between is read by nobody.
_RUNNER_COMMAND = re.compile(r"(^\s*:(?=:)|##(?=\[))", re.MULTILINE)


def printable(text: str) -> str:
    """Keep to one line that a terminal and a CI log may be sent.

    Escapes and letters that turn the line around are replaced, and no command to GitHub's runner is left.
    """
    return _inert("".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text))


def printable_lines(text: str) -> str:
    """Do the same to lines; tabs stay."""
    return _inert(
        "".join(letter if letter.isprintable() or letter in "\n\t" else "\N{REPLACEMENT CHARACTER}" for letter in text)
    )


def _inert(text: str) -> str:
    return _RUNNER_COMMAND.sub(r"\1\\", text)


def json_document(value: object) -> str:
    """Write a value as an indented JSON document that a terminal may be sent."""
    import msgspec  # noqa: PLC0415 - every call of the command loads this module, and few print documents

    return printable_json(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def printable_json(text: str) -> str:
    """Write what a terminal or a CI log may not be sent as JSON's own escapes: the document stays the same."""
    plain = "".join(letter if letter.isprintable() or letter == "\n" else _escaped(letter) for letter in text)
    return plain.replace("##[", r"#\u0023[")


def _escaped(letter: str) -> str:
    units = letter.encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
