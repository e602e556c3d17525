"""Both renderers: the ledger leads, captions and tones arrive, and what comes from outside stays text."""

from harness.report.document import Document, KeyFigure, Section, Table
from harness.report.renderers import html, markdown

LEDGER = Table(
    caption="a <caption>",
    columns=("claim", "claimed", "measured", "verdict", 'gates"'),
    rows=(("it <b>leaks</b>", "1 GB", "0 B", "✗ not reproduced", "yes"),),
    severities=("bad",),
)
DOCUMENT = Document(
    title="t",
    verdict="fail",
    severity="bad",
    sentence="A sentence.",
    setting="a setting",
    ledger=Section(title="Claims under test", blocks=(LEDGER,)),
    key_figures=(KeyFigure(name="growth of memory", value="flat", unit="", detail="poll | grows", role="growth"),),
    first_screen=(),
    sections=(),
    footer="f",
)


def test_the_ledger_stands_between_the_sentence_and_the_tiles() -> None:
    page = html.render(DOCUMENT)
    body = page[page.index("<body>") :]
    assert body.index("A sentence.") < body.index("Claims under test") < body.index("growth of memory")
    text = markdown.render(DOCUMENT)
    assert text.index("A sentence.") < text.index("Claims under test") < text.index("growth of memory")


def test_each_cell_carries_its_column_for_narrow_screens() -> None:
    page = html.render(DOCUMENT)
    assert '<td role="cell" data-label="claimed" class="short">1 GB</td>' in page
    assert 'data-label="gates&#34;"' in page
    assert '<tr role="row" class="is-bad">' in page
    assert "it &lt;b&gt;leaks&lt;/b&gt;" in page
    assert "a &lt;caption&gt;" in page


def test_tiles_are_lines_of_a_comment() -> None:
    assert "- growth of memory: **flat**; poll \\| grows\n" in markdown.render(DOCUMENT)
    assert "*a \\<caption\\>*\n\n| claim |" in markdown.render(DOCUMENT)
