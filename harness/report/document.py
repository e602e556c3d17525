"""A report as data: headings, words, tables, figures. Renderers decide nothing beyond how it looks."""

from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, TypeVar

from harness.sanitize import printable_lines
from harness.wording import Severity

Part = TypeVar("Part")


@dataclass(frozen=True, kw_only=True)
class Text:
    """A paragraph."""

    words: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of cells, as they are to be printed. The first column names the row; ``severities`` are of rows, or none."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    severities: tuple[Severity, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Notes:
    """Things to know, one each."""

    items: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Code:
    """Something to copy into a terminal."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Links:
    """Files that lie beside the report: (what it is, file name)."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar: its value in the figure's unit, the same value as words, and to the last byte.

    ``number`` tells those of one role apart, in all figures of a document alike.
    """

    label: str
    value: float
    words: str
    exact: str
    role: str
    number: int = 0


@dataclass(frozen=True, kw_only=True)
class Bars:
    """Bars on one axis from 0. ``mark`` is a value to compare with, and what to call it."""

    name: str
    title: str
    unit: str
    bars: tuple[Bar, ...]
    alt: str
    mark: tuple[float, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Line:
    """One series of points. ``band`` is an interval around a part of it: (x, low, high), from left to right.

    ``number`` tells those of one role apart, in all figures of a document alike; ``sign`` stands behind the name.
    """

    label: str
    role: str
    points: tuple[tuple[float, float], ...]
    number: int = 0
    sign: str = ""
    dashed: bool = False
    band: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """One place in a figure, and what to call it."""

    x: float
    y: float
    words: str


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Series over one axis. ``mark`` is a level and what to call it; ``annotations`` are places.

    ``key`` tells what signs behind names mean, ``drawn`` how to read what is drawn around and between.

    ``over_time`` where x is time or work done, so that a series has a beginning and an end.
    """

    name: str
    title: str
    x_label: str
    y_label: str
    lines: tuple[Line, ...]
    alt: str
    scale: Literal["linear", "log-log", "log-x"] = "linear"
    mark: tuple[float, str] | None = None
    annotations: tuple[Annotation, ...] = ()
    key: str = ""
    drawn: str = ""
    over_time: bool = False
    panels: bool = False  # each series in a small picture of its own: there are too many for one


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One part of a whole: a value at each x of its panel, in the figure's unit."""

    label: str
    values: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One small multiple: layers that add up, over ``x``."""

    title: str
    x: tuple[float, ...]
    layers: tuple[Layer, ...]


@dataclass(frozen=True, kw_only=True)
class Stacks:
    """Parts of a whole over time, one panel a subject, below each other on one x axis; each from 0 to its own top."""

    name: str
    title: str
    x_label: str
    y_label: str
    panels: tuple[Panel, ...]
    alt: str
    drawn: str = ""


Figure = Bars | Lines | Stacks
Block = Text | Table | Notes | Code | Links | Bars | Lines | Stacks


@dataclass(frozen=True, kw_only=True)
class KeyFigure:
    """One number that the first screen shows large, with what it is and how it was counted."""

    name: str
    value: str
    unit: str
    detail: str
    role: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading and what stands under it. ``folded`` ones may be closed at first where a renderer can."""

    title: str
    blocks: tuple[Block, ...]
    folded: bool = False


@dataclass(frozen=True, kw_only=True)
class Document:
    """A whole report."""

    title: str
    verdict: str
    severity: Severity
    beside: str = ""  # what the verdict does not tell, and nobody should miss
    sentence: str
    setting: str
    overview: Table | None = None  # one row a program of the user's, the worst first
    ledger: Section | None = None  # what was claimed beside what was measured, where something was
    key_figures: tuple[KeyFigure, ...]
    first_screen: tuple[Block, ...]
    sections: tuple[Section, ...]
    footer: str
    figures: tuple[Figure, ...] = field(init=False)

    def __post_init__(self) -> None:
        blocks = (*self.first_screen, *(block for section in self.sections for block in section.blocks))
        object.__setattr__(
            self, "figures", tuple(block for block in blocks if isinstance(block, Bars | Lines | Stacks))
        )


def clean(part: Part) -> Part:
    """Remove from all words what no terminal, page or picture should be sent: names may come from anybody."""
    found: Any = part
    if isinstance(found, str):
        found = printable_lines(found)
    elif isinstance(found, tuple):
        found = tuple(clean(one) for one in found)
    elif is_dataclass(found) and not isinstance(found, type):
        found = replace(found, **{one.name: clean(getattr(found, one.name)) for one in fields(found) if one.init})
    return found  # type: ignore[no-any-return]  # it is what it was
