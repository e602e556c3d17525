"""The flame graph of churn in headless Chromium: pointed at, tapped, by keyboard, searched and zoomed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

LESS = "\N{MINUS SIGN}"
Visiting = Callable[..., Any]
Pages = dict[str, Path]


@pytest.fixture
def page(visit: Visiting, pages: Pages) -> Any:
    return visit(pages["flame graph"]).page


def focused(page: Any) -> str:
    """Give the name of the bar that has the focus."""
    name: str = page.evaluate("document.activeElement.getAttribute('aria-label').split(/[ .]/)[0]")
    return name


def shown(page: Any) -> int:
    number: int = page.locator("#tree .bar").count()
    return number


def test_a_bar_tells_its_bytes_when_pointed_at(page: Any) -> None:
    page.locator("#tree .bar", has_text="Poll").first.hover()

    assert page.locator("#tip").is_visible()
    assert "950 kB a poll, 99.9 % of all" in page.locator("#tip").text_content()
    page.mouse.move(1, 1)
    assert not page.locator("#tip").is_visible()


def test_a_tap_tells_and_zooms(visit: Visiting, pages: Pages) -> None:
    page = visit(pages["flame graph"], 360, has_touch=True).page
    page.locator("#tree .bar", has_text="dump").first.tap()

    assert "900 kB a poll" in page.locator("#tip").text_content()
    assert page.locator("#crumbs [aria-current]").text_content() == "dump"


def test_a_click_zooms_and_the_way_back_is_there(page: Any) -> None:
    before = shown(page)
    page.locator("#tree .bar", has_text="dump").first.click()

    assert page.locator("#crumbs [aria-current]").text_content() == "dump"
    assert shown(page) < before
    page.locator("#crumbs button").first.click()
    assert shown(page) == before


def test_the_keyboard_walks_zooms_and_comes_back(page: Any) -> None:
    page.locator("#tree .bar").first.focus()
    walked = []
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
        walked.append(focused(page))

    assert walked == ["Run", "Poll", "dump", "syscall", "dump", "Poll"]
    page.keyboard.press("Enter")
    assert page.locator("#crumbs [aria-current]").text_content() == "Poll"
    page.keyboard.press("Escape")
    assert page.locator("#crumbs [aria-current]").text_content() == "all: all"


def test_tab_reaches_the_picture_once_and_leaves_it(page: Any) -> None:
    assert page.locator("#tree .bar[tabindex='0']").count() == 1


def test_a_search_marks_what_it_finds_and_says_how_much(page: Any) -> None:
    page.keyboard.press("/")
    page.keyboard.type("parsenet")
    page.locator("#tree.searching").wait_for()

    assert page.locator(".bar.hit").count() == 1
    assert page.locator("#found").text_content() == "1 function, 5.3 % of the bytes"
    page.keyboard.press("Enter")
    assert focused(page) == "syscall"


def test_a_search_by_pattern_refuses_a_broken_one_kindly(page: Any) -> None:
    page.locator("#regex").check()
    page.locator("#query").fill("^(Run|dump)$")
    page.locator("#tree.searching").wait_for()
    assert page.locator(".bar.hit").count() == 2

    page.locator("#query").fill("(")
    page.locator("#query[aria-invalid]").wait_for()
    assert page.locator("#found").text_content() == "not a regular expression"


def test_a_difference_says_which_way_each_function_went(visit: Visiting, pages: Pages) -> None:
    page = visit(pages["difference"]).page
    bars = page.locator("#tree .bar")

    assert any(f"{LESS} {LESS} dump" in text for text in bars.all_text_contents())
    page.locator("#tree .bar", has_text="dump").first.hover()
    assert "before 900 kB, after 0 B a poll" in page.locator("#tip").text_content()
