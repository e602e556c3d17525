"""The comment: text from outside stays text in GitHub's dialect, fences and folds are balanced, and it always fits."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from harness.report.document import (
    Bar,
    Bars,
    Block,
    Code,
    Document,
    KeyFigure,
    Line,
    Lines,
    Links,
    Notes,
    Section,
    Table,
    Text,
)
from harness.report.pictures import textchart
from harness.report.pictures.textchart import spark
from harness.report.renderers import markdown

DIALECT = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = re.compile(r"<!-- netchurn report -->|<details><summary>[^<>]*</summary>|</details>|</?sub>")
MADE = {"text", "softbreak", "strong_open", "strong_close", "em_open", "em_close", "html_inline", "code_inline"}
ATTACKS = (
    "<img src=x onerror=alert(1)>",
    "</details></summary><script>alert(1)</script>",
    "``` \n```\n<b>",
    "| a | b |\n| --- | --- |",
    "@octocat fixes #1, GH-7, see https://x.y/z and www.x.y or a@b.cd",
    "[x](http://x.y) ![x](http://x.y) <http://x.y>",
    "1. one",
    "- - one",
    "+ one",
    "===",
    "~~gone~~ **bold** _it_ `code` $x$ &lt;",
    '"]\n  bar [1]\nclick a href "javascript:alert(1)"',
)
OUTSIDE = st.sampled_from(ATTACKS) | st.text(min_size=1, max_size=80)


def document(text: str) -> Document:
    """Build a report in which every word is the one given."""
    cells = (text, text)
    bars = Bars(
        name="churn",
        title=text,
        unit=text,
        bars=(Bar(label=text, value=1.0, words=text, exact=text, role="before"),),
        alt=text,
        mark=(2.0, text),
    )
    line = Line(label=text, role="after", points=((0, 1.0), (1, 2.0)))
    lines = Lines(name="rss", title=text, x_label=text, y_label=text, lines=(line,), alt=text, key=text, over_time=True)
    blocks: tuple[Block, ...] = (
        Text(words=text),
        Table(columns=cells, rows=(cells, cells), caption=text),
        Notes(items=cells),
        Links(items=(cells,)),
    )
    return Document(
        title=text,
        verdict=text,
        severity="bad",
        beside=text,
        sentence=text,
        setting=text,
        ledger=Section(title=text, blocks=blocks),
        key_figures=(KeyFigure(name=text, value=text, unit=text, detail=text, role="before"),),
        first_screen=(bars, lines),
        sections=(Section(title=text, blocks=blocks), Section(title=text, blocks=(Code(text=text),))),
        footer=text,
    )


def tokens(text: str) -> Iterator[Token]:
    for token in DIALECT.parse(text):
        yield token
        yield from token.children or ()


def shape(text: str) -> list[str]:
    """List the blocks of a comment: what is a heading, a table, a list, a fence."""
    return [token.type for token in DIALECT.parse(text)]


SHAPE = shape(markdown.render(document("plain")))


@pytest.mark.slow
@given(OUTSIDE.filter(lambda text: text.split() != []))
def test_text_from_outside_changes_nothing_but_words(text: str) -> None:
    told = markdown.render(document(text))
    inline = [token for token in tokens(told) if token.type not in SHAPE]

    assert shape(told) == SHAPE
    assert {token.type for token in inline} <= MADE
    assert all(OURS.fullmatch(token.content.strip()) for token in tokens(told) if token.type.startswith("html"))


@pytest.mark.slow
@given(OUTSIDE.filter(lambda text: text.split() != []))
def test_nobody_is_mentioned_and_nothing_becomes_an_address(text: str) -> None:
    words = [token.content for token in tokens(markdown.render(document(text))) if token.type == "text"]

    assert not [word for word in words if re.search(r"@[\w-]|#\d|\bGH-\d", word)]


def test_no_address_is_made_of_what_looks_like_one() -> None:
    raw = re.sub(
        r"```.*?```|`[^`\n]+`|<summary>.*?</summary>", "", markdown.render(document(ATTACKS[4])), flags=re.DOTALL
    )

    assert not re.search(r"(?<!\\)://|www\.", raw)


@pytest.mark.parametrize("text", ATTACKS)
def test_what_was_escaped_reads_as_it_was(text: str) -> None:
    heading = next(token for token in tokens(markdown.render(document(text))) if token.type == "inline")
    said = "".join(token.content for token in heading.children or ()).replace("\u200b", "")

    assert " ".join(text.split()) in said


@pytest.mark.parametrize("size", [10, 1000, 100_000])
@pytest.mark.parametrize("letter", ["a", "@", "`", "\u00e4", "\U0001f680"])
def test_a_comment_fits_whatever_it_is_made_of(size: int, letter: str) -> None:
    told = markdown.render(document(letter * size))

    assert len(told.encode()) <= markdown.MOST_BYTES
    assert told.startswith(f"{markdown.MARKER}\n\n## ")
    assert "fence" in {token.type for token in tokens(told)}  # the command that repeats the run is always there


def test_what_does_not_fit_is_left_out_whole_and_named_and_the_command_stays() -> None:
    rows = tuple((f"row {number}", "x" * 290) for number in range(60))
    many = tuple(Section(title=f"part {number}", blocks=(Table(columns=("a", "b"), rows=rows),)) for number in range(9))
    repeat = Section(title="Repeat it", blocks=(Code(text="netchurn run it"),))
    whole = document("plain")
    told = markdown.render(
        Document(
            title="t",
            verdict="pass",
            severity="good",
            sentence="s",
            setting="s",
            ledger=whole.ledger,
            key_figures=(),
            first_screen=(),
            sections=(*many, repeat),
            footer="f",
        )
    )

    assert len(told.encode()) <= markdown.MOST_BYTES
    assert "part 8. The page has all of it." in told
    assert "```sh\nnetchurn run it\n```" in told
    assert told.count("<details>") == told.count("</details>") == 3


def test_a_curve_has_a_block_for_each_stretch_of_time() -> None:
    assert spark(tuple((x, 1.0) for x in range(24))) == "█" * 24
    assert spark(((0, 0.0), (1, 0.5), (2, 1.0))) == "▁▅█"
    assert spark(((0, 0.0), (1, 0.0))) == "▁▁"
    assert spark(((3, 7.0),)) == "█"
    climbing = spark(tuple((x, float(x)) for x in range(1, 1000)))
    assert list(climbing) == sorted(climbing)


@pytest.mark.parametrize("value", [0.0, 1e-12, 3.7e-6, 281.949, 1e15])
def test_a_chart_has_no_number_that_mermaid_cannot_read(value: float) -> None:
    bars = tuple(Bar(label="a", value=one, words="", exact="", role="before") for one in (value, value / 1e7))
    chart = textchart.bars(Bars(name="churn", title="t", unit="B/day", bars=bars, alt="", mark=(value, "said")))[0]
    drawn = re.findall(r"^  (?:bar|line) \[(.*)\]$|0 --> (.*)$", chart, flags=re.MULTILINE)

    assert len(drawn) == 3
    assert all(re.fullmatch(r"\d+(\.\d+)?", one) for pair in drawn for part in pair if part for one in part.split(", "))
