"""Document to Markdown for a pull request's comment: GitHub's dialect, a marker first, never more than it takes.

The verdict, the claims and the pictures as text stand open, all else is folded. What does not fit is left out whole and
named, the command that repeats the run last of all.
"""

import re
from typing import NamedTuple

from harness.report.document import (
    Bars,
    Block,
    Code,
    Document,
    KeyFigure,
    Lines,
    Links,
    Notes,
    Section,
    Stacks,
    Table,
    Text,
)
from harness.report.pictures import textchart
from harness.report.renderers.github import MOST_CELL, cell, escape, fenced, paragraph, span, summary, table

MARKER = "<!-- netchurn report -->"
MOST_BYTES = 60_000  # GitHub refuses more than 65,536 characters
_LEFT_OUT = 3000  # bytes kept for naming what is left out
_MOST_ROWS = 60
_COMMAND, _FIRST, _OTHER = range(3)
_SIGNS = {"good": "✅", "bad": "❌", "unsure": "❔", "plain": ""}


class _Part(NamedTuple):
    title: str
    text: str
    rank: int  # what ranks lower goes in first


def render(document: Document) -> str:
    """Write a report of at most 60,000 bytes. Everything that came from outside is escaped."""
    head = "\n\n".join([MARKER, *_head(document)])
    foot = f"<sub>{cell(document.footer)}</sub>"
    parts = [*_first(document), *(_folded(section) for section in document.sections)]
    kept = _fitting(parts, MOST_BYTES - _LEFT_OUT - len(f"{head}{foot}".encode()))
    left_out = [part.title for part in parts if part not in kept]
    names = cell(", ".join(left_out))
    notice = [f"Left out, since a comment takes no more: {names}. The page has all of it."] if left_out else []
    return "\n\n".join([head, *(part.text for part in kept), *notice, foot]) + "\n"


def _head(document: Document) -> list[str]:
    beside = f"; {cell(document.beside)}" if document.beside else ""
    return [
        f"## {_SIGNS[document.severity]} {cell(document.title)}: {cell(document.verdict)}{beside}",
        f"**{escape(document.sentence)}**",
        paragraph(document.setting),
    ]


def _first(document: Document) -> list[_Part]:
    ledger, key_figures = document.ledger, document.key_figures
    return [
        *([_Part("one row a program", "\n\n".join(_table(document.overview)), _FIRST)] if document.overview else []),
        *([_Part(ledger.title, "\n\n".join(_open(ledger)), _FIRST)] if ledger else []),
        *([_Part("the numbers in large", "\n".join(map(_key_figure, key_figures)), _OTHER)] if key_figures else []),
        *(
            _Part("who keeps memory", paragraph(one.words), _FIRST)
            for one in document.first_screen
            if isinstance(one, Text)
        ),
        *(
            _Part(block.title, "\n\n".join(shown), _OTHER)
            for block in document.first_screen
            if isinstance(block, Bars | Lines) and (shown := _block(block))
        ),
    ]


def _fitting(parts: list[_Part], room: int) -> list[_Part]:
    chosen = set()
    for number, part in sorted(enumerate(parts), key=lambda one: one[1].rank):
        size = len(part.text.encode()) + 2
        if size <= room:
            chosen.add(number)
            room -= size
    return [part for number, part in enumerate(parts) if number in chosen]


def _key_figure(key_figure: KeyFigure) -> str:
    value = f"{key_figure.value} {key_figure.unit}".strip()
    return f"- {paragraph(key_figure.name, MOST_CELL)}: **{cell(value)}**" + (
        f"; {escape(key_figure.detail)}" if key_figure.detail else ""
    )


def _open(section: Section) -> list[str]:
    return [f"### {cell(section.title)}", *(part for block in section.blocks for part in _block(block))]


def _folded(section: Section) -> _Part:
    """Fold a section, but not warnings, and not what is to be copied."""
    command = any(isinstance(block, Code) for block in section.blocks)
    if command or all(isinstance(block, Notes) for block in section.blocks):
        return _Part(section.title, "\n\n".join(_open(section)), _COMMAND if command else _FIRST)
    body = [part for block in section.blocks for part in _block(block)]
    opening = f"<details><summary>{summary(section.title)}</summary>"
    return _Part(section.title, "\n\n".join([opening, *body, "</details>"]), _OTHER)


def _block(block: Block) -> list[str]:
    match block:
        case Table():
            return _table(block)
        case Bars():
            return textchart.bars(block)
        case Lines():
            return textchart.curves(block) if block.over_time else []  # the tables hold the ends of the others
        case Stacks():
            return []  # the table of what grew holds its ends
        case _:
            return [_plain(block)]


def _plain(block: Text | Notes | Code | Links) -> str:
    match block:
        case Text():
            return paragraph(block.words)
        case Notes():
            return "\n".join(f"- {paragraph(item)}" for item in block.items)
        case Code():
            return fenced(block.text, "sh")
        case Links():
            return "\n".join(f"- {paragraph(name)}: {span(file)}" for name, file in block.items)


def _table(given: Table) -> list[str]:
    ruler = ["---", *("---:" if _numeric(given, column) else "---" for column in range(1, len(given.columns)))]
    caption = [f"*{cell(given.caption)}*"] if given.caption else []
    more = len(given.rows) - _MOST_ROWS
    rest = [f"{more} more rows stand in the page."] if more > 0 else []
    return [*caption, table(given.columns, given.rows[:_MOST_ROWS], tuple(ruler)), *rest]


def _numeric(given: Table, column: int) -> bool:
    return all(re.match(r"^(-?[\d.,]+|–$|not measured$)", row[column]) for row in given.rows)
