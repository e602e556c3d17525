"""Document to Markdown for a pull request's comment: GitHub's dialect, a marker first, pictures left to the page."""

import re

from harness.report.document import Bars, Block, Code, Document, Lines, Links, Notes, Section, Table, Text, Tile

MARKER = "<!-- netchurn report -->"
_TONES = {"good": "✅", "bad": "❌", "unsure": "❔", "plain": ""}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~@$&])")
_WIDTH = 30


def render(document: Document) -> str:
    """Write a report. Everything that came from outside is escaped."""
    parts = [
        MARKER,
        f"## {_TONES[document.tone]} {escape(document.title)}: {escape(document.verdict)}",
        f"**{escape(document.sentence)}**",
        escape(document.setting),
    ]
    parts += _section(document.ledger) if document.ledger else []
    parts += ["\n".join(_tile(tile) for tile in document.tiles)] if document.tiles else []
    parts += [part for block in document.first_screen for part in _block(block)]
    for section in document.sections:
        parts += _section(section)
    parts.append(f"<sub>{escape(document.footer)}</sub>")
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """Make text mean itself, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _tile(tile: Tile) -> str:
    value = f"{tile.value} {tile.unit}".strip()
    return f"- {escape(tile.name)}: **{escape(value)}**" + (f"; {escape(tile.detail)}" if tile.detail else "")


def _section(section: Section) -> list[str]:
    parts = [part for block in section.blocks for part in _block(block)]
    if not section.folded:
        return [f"### {escape(section.title)}", *parts]
    return [f"<details><summary>{escape(section.title)}</summary>", *parts, "</details>"]


def _block(block: Block) -> list[str]:
    match block:
        case Text():
            part = escape(block.words)
        case Table():
            part = _table(block)
        case Notes():
            part = "\n".join(f"- {escape(item)}" for item in block.items)
        case Code():
            part = _code(block)
        case Links():
            part = "\n".join(f"- {escape(name)}: `{file}`" for name, file in block.items)
        case Bars():
            part = _bars(block)
        case Lines():
            return []  # the tables hold the same ends
    return [part]


def _code(block: Code) -> str:
    longest = max((len(run) for run in re.findall(r"`+", block.text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}sh\n{block.text}\n{fence}"


def _table(table: Table) -> str:
    ruler = ["---", *["---:" if _numeric(table, column) else "---" for column in range(1, len(table.columns))]]
    lines = [table.columns, tuple(ruler), *table.rows]
    caption = [f"*{escape(table.caption)}*", ""] if table.caption else []
    cells = [[cell if cell in ruler and line is lines[1] else escape(cell) for cell in line] for line in lines]
    return "\n".join([*caption, *(f"| {' | '.join(line)} |" for line in cells)])


def _numeric(table: Table, column: int) -> bool:
    return all(re.match(r"^(-?[\d.,]+|–$|not measured$)", row[column]) for row in table.rows)


def _bars(figure: Bars) -> str:
    """Draw bars as text, in a block of fixed width; the longest is full."""
    top = max((bar.value for bar in figure.bars), default=0) or 1
    name = max((len(bar.label) for bar in figure.bars), default=0)
    rows = [
        f"{bar.label:<{name}}  {'█' * round(_WIDTH * bar.value / top) or '▏':<{_WIDTH}}  {bar.words}"
        for bar in figure.bars
    ]
    return "\n".join(["```text", f"{figure.title} ({figure.unit})", *(row.replace("`", "'") for row in rows), "```"])
