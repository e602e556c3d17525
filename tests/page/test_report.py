"""Pages in headless Chromium: quiet, within their width, readable by all; text stays text, and pictures answer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

REPORTS = ("netbird-5857", "lifecycle", "crowd", "hostile", "compared")
GRAPHS = ("flame graph", "difference", "hostile flame graph")
WIDTHS = (360, 768, 1440)
UNFOLD = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
OUTSIDE = """() => [...document.querySelectorAll('body *')].filter((one) => {
  if (one.closest('.scroll, pre, svg, #tree') && !one.matches('.scroll, pre, svg, #tree')) return false;
  const box = one.getBoundingClientRect();
  return box.width > 1 && (box.right > innerWidth + 1 || box.left < -1);
}).map((one) => one.outerHTML.slice(0, 120))"""

Visiting = Callable[..., Any]
Pages = dict[str, Path]


@pytest.mark.parametrize("name", [*REPORTS, *GRAPHS])
def test_a_page_opens_from_disk_in_silence_and_asks_for_nothing_else(visit: Visiting, pages: Pages, name: str) -> None:
    seen = visit(pages[name])

    assert seen.page.locator("h1").is_visible()
    assert seen.reported_outcome == []
    assert seen.asked == [pages[name].as_uri()]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [*REPORTS, *GRAPHS])
def test_nothing_is_wider_than_the_window(visit: Visiting, pages: Pages, name: str, width: int) -> None:
    page = visit(pages[name], width).page
    page.evaluate(UNFOLD)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OUTSIDE) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("name", [*REPORTS, *GRAPHS])
def test_axe_finds_nothing_serious(  # noqa: PLR0913, PLR0917 - three to look with, three of the table
    visit: Visiting, pages: Pages, npm: Callable[[str], str], name: str, width: int, theme: str
) -> None:
    page = visit(pages[name], width, color_scheme=theme).page
    page.evaluate(UNFOLD)
    page.evaluate(npm("axe-core/axe.min.js"))
    found = page.evaluate("axe.run().then((all) => all.violations)")
    grave = [one for one in found if one["impact"] in {"serious", "critical"}]

    assert [(one["id"], [node["html"][:300] for node in one["nodes"]][:3]) for one in grave] == []


@pytest.mark.parametrize("name", REPORTS)
def test_names_in_pictures_can_be_read_in_both_themes(visit: Visiting, pages: Pages, name: str) -> None:
    for theme in ("light", "dark"):
        page = visit(pages[name], color_scheme=theme).page
        page.evaluate(UNFOLD)
        assert page.evaluate(FAINT) == [], theme


FAINT = """() => {
  const part = (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((one) => part(one / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const found = getComputedStyle(at).backgroundColor;
      if (found !== 'rgba(0, 0, 0, 0)') return found;
    }
  };
  return [...document.querySelectorAll('svg text')].filter((one) => one.getClientRects().length).filter((one) => {
    const both = [light(getComputedStyle(one).fill), light(paper(one))].sort((a, b) => b - a);
    return (both[0] + 0.05) / (both[1] + 0.05) < 4.5;
  }).map((one) => `${one.textContent}: ${getComputedStyle(one).fill}`);
}"""


@pytest.mark.parametrize("name", ["hostile", "hostile flame graph"])
def test_a_hostile_name_is_text_everywhere(visit: Visiting, pages: Pages, hostile_name: str, name: str) -> None:
    seen = visit(pages[name])
    seen.page.evaluate(UNFOLD)

    assert hostile_name in seen.page.locator("main").text_content()
    assert seen.page.evaluate("document.querySelectorAll('img, iframe, object, embed').length") == 0
    assert seen.page.evaluate("document.querySelectorAll('script:not([type])').length") == 1
    assert (
        seen.page.evaluate("[...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames())").count(
            "onerror"
        )
        == 0
    )
    assert (seen.reported_outcome, len(seen.asked)) == ([], 1)


def test_a_picture_tells_its_values_where_it_is_pointed_at_and_hides_them_again(visit: Visiting, pages: Pages) -> None:
    page = visit(pages["crowd"]).page
    picture = page.locator("figure.lines [role=img]").first
    told = page.locator("figure.lines .told").first
    box = picture.bounding_box()
    picture.hover(position={"x": box["width"] * 0.3, "y": box["height"] / 2})

    assert told.is_visible()
    assert told.locator("b").text_content().startswith("RSS, MiB at ")
    assert told.locator("b").text_content().endswith(" hours")
    assert told.locator("span").count() > 10
    page.mouse.move(1, 1)
    assert not told.is_visible()


def test_a_picture_tells_its_values_to_a_finger(visit: Visiting, pages: Pages) -> None:
    page = visit(pages["netbird-5857"], 360, has_touch=True).page
    picture = page.locator("figure.bars [role=img]").first
    box = picture.bounding_box()
    picture.tap(position={"x": box["width"] / 2, "y": box["height"] * 0.25})
    told = page.locator("figure.bars .told").first

    assert told.text_content().startswith("go-poll")
    assert "bytes a day" in told.text_content()


def test_a_picture_tells_its_values_to_the_keyboard(visit: Visiting, pages: Pages) -> None:
    page = visit(pages["netbird-5857"]).page
    page.locator("figure.bars [role=img]").first.focus()
    told = page.locator("figure.bars .told").first
    seen = []
    for _ in range(2):
        page.keyboard.press("ArrowDown")
        seen.append(told.locator("b").text_content())
    page.keyboard.press("Escape")

    assert seen == ["go-poll", "go-netlink"]
    assert not told.is_visible()


def test_a_phone_sees_the_sections_closed_and_opens_the_one_it_is_sent_to(visit: Visiting, pages: Pages) -> None:
    page = visit(pages["netbird-5857"], 360).page
    closed = page.evaluate("[...document.querySelectorAll('details')].every((one) => !one.open)")
    page.locator(".contents a").nth(1).click()

    assert closed
    assert page.evaluate("[...document.querySelectorAll('details[open]')].map((one) => one.id)") == ["part-2"]
    assert page.evaluate("document.documentElement.scrollHeight") < 9000


def test_print_shows_everything_on_white(visit: Visiting, pages: Pages) -> None:
    page = visit(pages["netbird-5857"], 360, color_scheme="dark").page
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")

    assert page.evaluate("[...document.querySelectorAll('details')].every((one) => one.open)")
    assert page.evaluate("getComputedStyle(document.querySelector('td')).color") == "rgb(31, 36, 48)"
    assert page.pdf()[:5] == b"%PDF-"
