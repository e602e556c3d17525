"""Pages as their readers meet them: a crowded result and a hostile one, rendered, and a headless Chromium to look.

Chromium is the one on PATH, nothing is downloaded. Where it, Playwright or the npm packages are absent, a test that
needs them is skipped with the reason; it fails instead where NETCHURN_PAGE_TESTS is "required", as tox sets it.
"""

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from harness.compare import comparability, document, judge
from harness.model import Frame, Sample
from harness.report import build
from harness.report.flamegraph.html import Page as Graph
from harness.report.flamegraph.html import render
from harness.report.flamegraph.tree import beside, grow
from harness.results import folder

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Rendering = Callable[[Path, str], str]

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "golden"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>|`${7*7}`\"'&amp; @all #1 [x](http://x.y)\\"
DAY_S, STEP_S = 86_400, 60
LONG = "watcher-of-all-the-interfaces-of-a-very-large-container-host"


def lacking(what: str) -> NoReturn:
    """Skip, or fail where these tests must run."""
    if os.environ.get("NETCHURN_PAGE_TESTS") == "required":
        pytest.fail(what)
    pytest.skip(what)


# --- a browser ------------------------------------------------------------------------------------------------------


@dataclass
class Visit:
    """An open page, with what its console said, what it threw and what it asked for."""

    page: "Page"
    reported_outcome: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - most who run the tests have it not
    except ModuleNotFoundError:
        lacking("no playwright here: tox -e page brings it")
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        lacking(f"none of {', '.join(NAMES)} is on PATH: apt-get install chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path)
        yield opened
        opened.close()


Visiting = Callable[..., Visit]


@pytest.fixture
def visit(browser: "Browser") -> Iterator[Visiting]:
    """Open a file; keywords are of Playwright's contexts."""
    contexts = []

    def visiting(path: Path | None, width: int = 1440, **given: Any) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": 900}, **given)
        contexts.append(context)
        found = Visit(context.new_page())
        found.page.on("console", lambda message: found.reported_outcome.append(message.text))
        found.page.on("pageerror", lambda error: found.reported_outcome.append(str(error)))
        found.page.on("dialog", lambda dialog: found.reported_outcome.append(dialog.message))
        found.page.on("request", lambda request: found.asked.append(request.url))
        if path is not None:
            found.page.goto(path.as_uri())
        return found

    yield visiting
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def npm() -> Callable[[str], str]:
    """Read a file of an npm package."""

    def read(file: str) -> str:
        path = HERE / "node_modules" / file
        if not path.is_file():
            lacking(f"{file} is not there: npm ci --prefix tests/page")
        return path.read_text()

    return read


# --- results --------------------------------------------------------------------------------------------------------


def cloned(value: Any, name: str, new: str) -> Any:
    """Add to every list that speaks of one subject the same once more, of another name."""
    if isinstance(value, dict):
        return {key: cloned(one, name, new) for key, one in value.items()}
    if not isinstance(value, list):
        return value
    found = []
    for one in value:
        found.append(cloned(one, name, new))
        key = next((key for key in ("subject", "name") if isinstance(one, dict) and one.get(key) == name), None)
        found += [{**one, key: new}] if key else []
    return found


def renamed(value: Any, names: dict[str, str]) -> Any:
    """Put other words in the place of some, wherever they stand by themselves."""
    if isinstance(value, dict):
        return {names.get(key, key): renamed(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [renamed(one, names) for one in value]
    return names.get(value, value) if isinstance(value, str) else value


def lived(folder: Path, name: str, number: int) -> None:
    """Write a day of one subject's samples: memory that trembles, and of every fourth one climbs."""
    tremble = random.Random(number)  # noqa: S311 - the same tremble each time, not a secret
    path = folder / "samples" / f"0-{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [",".join(Sample.__struct_fields__)]
    for at in range(0, DAY_S, STEP_S):
        rss = int(2e7 + 6e6 * number + tremble.gauss(0, 5e4) + (number % 4 == 1) * 1200 * at)
        rows.append(f"{at * 10**9},{rss},{rss},{rss},{rss},{at / 100},{at / 50},{at},{at // 3},{at},0,{at // 2},0")
    path.write_text("\n".join(rows) + "\n")


def lengthened(result: dict[str, Any]) -> None:
    """Make the sampling phase a day long."""
    result["plan"].update(duration_s=float(DAY_S), sample_interval_s=float(STEP_S))
    for trial in result["trials"]:
        if trial["pace"] == "real":
            trial.update(began_ns=0, ended_ns=DAY_S * 10**9)


def kept(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((GOLDEN / name / "result.json").read_text())
    return loaded


@pytest.fixture(scope="session")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of twelve subjects and their controls, some with long names, some of which little is known."""
    folder, result = tmp_path_factory.mktemp("crowd"), kept("netbird-5857")
    for number, of in enumerate(("go-netlink", "poll", "netlink", "go-netlink-resilient", "poll", "netlink", "poll")):
        result = cloned(result, of, f"{LONG}-{number}" if number < 3 else f"watcher-{number}")
    for one in result["plan"]["subjects"]:
        if one["name"].startswith("watcher-"):
            one["role"] = "alternative"
    lengthened(result)
    result["skipped"] = {"watcher-6": {"id": "no_go", "text": "no Go toolchain"}}
    result["captures"] = [one for one in result["captures"] if one["subject"] != "watcher-5"]
    (folder / "result.json").write_text(json.dumps(result))
    for number, one in enumerate(result["plan"]["subjects"]):
        if one["name"] not in {"watcher-4", "watcher-6"}:
            lived(folder, one["name"], number)
    return folder


@pytest.fixture(scope="session")
def rendered() -> Rendering:
    """Render results with hostile names of subjects too: the store refuses them, and pages have to hold without it."""

    def render(result: Path, kind: str) -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(folder, "unsafe_names", lambda _: [])
            return build.text(result, kind)

    return render


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result in which whatever can be a name is an attack."""
    folder, result = tmp_path_factory.mktemp("hostile"), kept("netbird-5857")
    for of in ("go-poll", "go-netlink", "poll", "leaker"):
        result = renamed(result, {of: f"{of}{HOSTILE}"})
    for one in result["plan"]["claims"]:
        one.update(text=HOSTILE, source=HOSTILE, unit=HOSTILE)
    for one in (*result["plan"]["scripts"][0]["scripted_events"], *result["storms"]):
        one.update(text=HOSTILE) if "text" in one else None
    result["environment"] = {
        key: HOSTILE if isinstance(one, str) and key != "privilege" else one
        for key, one in result["environment"].items()
    }
    result["namespace"].update(ifname=HOSTILE, kind=HOSTILE)
    for trial in result["trials"]:
        trial["namespace"].update(ifname=HOSTILE, kind=HOSTILE)
    result["plan"].update(scenario=HOSTILE, question=HOSTILE, id=HOSTILE)
    result.update(run_id=HOSTILE, command=HOSTILE)
    lengthened(result)
    (folder / "result.json").write_text(json.dumps(result))
    for number, one in enumerate(result["plan"]["subjects"]):
        lived(folder, one["name"], number)
    return folder


@pytest.fixture(scope="session")
def hostile_name() -> str:
    return HOSTILE


@pytest.fixture(scope="session")
def results(crowd: Path, hostile: Path) -> dict[str, Path]:
    return {
        "crowd": crowd,
        "hostile": hostile,
        "netbird-5857": GOLDEN / "netbird-5857",
        "lifecycle": GOLDEN / "lifecycle",
    }


# --- pages ----------------------------------------------------------------------------------------------------------


def graph(*, difference: bool, name: str) -> str:
    """Write a flame graph of a few functions, some with names that are long or hostile."""
    frames = [Frame(name=f"{part}{name}", place=f"package.{part}", origin="own") for part in ("Run", "Poll", "dump")]
    run, poll, dump = frames
    thin = Frame(name="syscall.ParseNetlinkMessage", place="syscall", origin="standard")
    before = grow({(run, poll, dump): (9e5, 12.0), (run, poll, thin): (5e4, 3.0), (run,): (1e3, 1.0)}, f"all{name}")
    after = grow(
        {(run, poll, thin): (2e3, 2.0), (run, Frame(name=LONG * 3, place=LONG, origin="library")): (7e4, 5.0)}, "x"
    )
    return render(
        Graph(
            title=f"go-poll{name}: what it allocates a poll",
            sentence=f"go-poll{name} allocates 951 kB a poll.",
            notes=(f"A bar is as wide as what its function allocated{name}.",),
            per="a poll",
            root=beside(before, after, before.frame) if difference else before,
            difference=difference,
            links=(("the report", "report.html"), (f"other{name}", f"other{name}.html")),
        )
    )


def compared(*folders: Path) -> str:
    """Write the page of two results side by side, whatever differs between them."""
    base, other = map(document.read, folders)
    return document.text(judge.compared(base, (other,), comparability.FIELDS), (base, other), "html")


@pytest.fixture(scope="session")
def pages(
    browser: "Browser", tmp_path_factory: pytest.TempPathFactory, results: dict[str, Path], rendered: Rendering
) -> dict[str, Path]:
    """Every page that is looked at, by its name; none is written where there is no browser to look."""
    del browser
    folder = tmp_path_factory.mktemp("pages")
    texts = {name: rendered(result, "html") for name, result in results.items()}
    texts["compared"] = compared(results["crowd"], results["netbird-5857"])
    texts["flame graph"] = graph(difference=False, name="")
    texts["difference"] = graph(difference=True, name="")
    texts["hostile flame graph"] = graph(difference=False, name=HOSTILE)
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text)
    return {name: folder / f"{name}.html" for name in texts}
