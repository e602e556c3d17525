"""The comment of large and of hostile results: it fits, its fences are balanced, and mermaid draws its charts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml
from markdown_it import MarkdownIt

from harness.report.renderers import markdown

pytestmark = pytest.mark.slow

RESULTS = ("netbird-5857", "crowd", "hostile")
Visiting = Callable[..., Any]
Rendering = Callable[[Path, str], str]
DRAW = """async (texts) => {
  mermaid.initialize({ startOnLoad: false, securityLevel: 'strict' });
  const found = [];
  for (const [number, text] of texts.entries()) {
    await mermaid.parse(text);
    const { svg } = await mermaid.render(`chart-${number}`, text);
    const box = document.createElement('div');
    box.innerHTML = svg;
    document.body.append(box);
    found.push({
      words: [...box.querySelectorAll('text')].map((one) => one.textContent),
      colours: [...box.querySelectorAll('rect')].map((one) => one.getAttribute('fill')),
      foreign: box.querySelectorAll('img, script, a, foreignObject').length,
    });
  }
  return found;
}"""


@pytest.fixture(scope="module")
def comments(results: dict[str, Path], rendered: Rendering) -> dict[str, str]:
    return {name: rendered(results[name], "md") for name in RESULTS}


def charts(text: str) -> list[str]:
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    return [token.content for token in tokens if token.type == "fence" and token.info == "mermaid"]


@pytest.mark.parametrize("name", RESULTS)
def test_a_comment_of_a_day_and_a_dozen_subjects_fits_and_leaves_nothing_open(
    comments: dict[str, str], name: str
) -> None:
    told = comments[name]

    assert len(told.encode()) <= markdown.MOST_BYTES
    assert told.startswith(markdown.MARKER)
    assert told.count("<details>") == told.count("</details>") > 0
    assert sum(line.startswith("```") for line in told.splitlines()) % 2 == 0
    assert "Left out" not in told


def test_the_chart_and_the_table_below_it_say_the_same(comments: dict[str, str]) -> None:
    told = comments["netbird-5857"]

    assert "  bar [281.9495, 0, 0]\n  line [1.3, 1.3, 1.3]\n" in charts(told)[0]
    assert "| go-poll | before | 282 GB/day | 281,949,532,062 bytes a day |" in told


@pytest.mark.parametrize("name", RESULTS)
def test_mermaid_itself_draws_every_chart(
    visit: Visiting, npm: Callable[[str], str], comments: dict[str, str], name: str
) -> None:
    seen = visit(None)
    seen.page.set_content("<body></body>")
    seen.page.add_script_tag(content=npm("mermaid/dist/mermaid.min.js"))
    found = seen.page.evaluate(DRAW, charts(comments[name]))

    assert found
    assert all(one["foreign"] == 0 for one in found)
    assert any("per day" in word for one in found for word in one["words"])
    assert "#b94e00" in {colour.lower() for one in found for colour in one["colours"] if colour}
    assert seen.reported_outcome == []


def test_a_hostile_name_is_text_in_junit_too(results: dict[str, Path], hostile_name: str, rendered: Rendering) -> None:
    (suite,) = JUnitXml.fromstring(rendered(results["hostile"], "junit").encode())

    assert (
        any(hostile_name in str(case.name) + str(case.classname) + str(case.system_out) for case in suite)
        or hostile_name in suite.name
    )
