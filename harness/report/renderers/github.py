"""GitHub's dialect of Markdown: how text from outside stays text in it.

A backslash keeps Markdown away, but not what GitHub does with the finished page: it makes mentions of ``@name``, links
of ``#1`` and ``GH-1``, and addresses of what has an ``@`` in it. A space of no width, which is shown as nothing, does.
"""

import html
import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~@$&])")
_LATER = re.compile(r"(\\@|\\#|\bGH(?=-\d))")
_ADDRESS = re.compile(r"(?i)(:(?=//)|(?<=www)\.)")
_BEGINS = re.compile(r"^(\d*)([-+=.)])")
NOTHING_WIDE = "&#8203;"
MOST_TEXT, MOST_CELL, MOST_CODE = 1200, 300, 2000  # characters; a name from outside may be a book


def escape(text: str, most: int = MOST_TEXT) -> str:
    """Make text mean itself, on one line."""
    plain = _SPECIAL.sub(r"\\\1", clipped(" ".join(text.split()), most))
    return _LATER.sub(rf"\1{NOTHING_WIDE}", _ADDRESS.sub(r"\\\1", plain))


def paragraph(text: str, most: int = MOST_TEXT) -> str:
    """Escape what begins a line: there a number, a dash or a plus would make a list."""
    return _BEGINS.sub(r"\1\\\2", escape(text, most))


def cell(text: str) -> str:
    return escape(text, MOST_CELL)


def summary(text: str) -> str:
    """Escape what stands in a ``<summary>``, which GitHub reads as HTML."""
    plain = html.escape(clipped(" ".join(text.split()), MOST_CELL))
    return re.sub(r"([@#]|\bGH(?=-\d))(?!\d+;)", rf"\1{NOTHING_WIDE}", plain)


def span(text: str) -> str:
    """Set a few words as code."""
    plain = clipped(" ".join(text.split()), MOST_CELL)
    ticks = "`" * (_longest(plain) + 1)
    inner = f" {plain} " if plain.startswith("`") or plain.endswith("`") else plain
    return f"{ticks}{inner}{ticks}"


def fenced(text: str, language: str) -> str:
    """Set lines as code, in a fence that they cannot close."""
    plain = clipped(text, MOST_CODE)
    fence = "`" * max(3, _longest(plain) + 1)
    return f"{fence}{language}\n{plain}\n{fence}"


def table(columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...], ruler: tuple[str, ...]) -> str:
    """Return a table in Markdown; cells are escaped."""
    lines = [tuple(map(cell, columns)), ruler, *(tuple(map(cell, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def clipped(text: str, most: int) -> str:
    """Cut what is too long, and show that it was cut."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _longest(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
