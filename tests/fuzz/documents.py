"""Results that somebody changed, put before every verb that reads one."""

import copy
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from tests.fuzz.answers import ask, check, parsed
else:
    from answers import ask, check, parsed

GOLDEN = Path(__file__).parents[1] / "golden"
KEPT = ("docker-host", "lifecycle", "netbird-5857")
NUMBERS = (0, 1, -1, 2, 0.0, -0.5, 1e-300, 1e308, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**30, 5e-324)
TEXTS = (
    *(
        "",
        " ",
        "\0",
        "\n",
        "a\nb",
        "../../etc/passwd",
        "/etc/passwd",
        "-o",
        "--help",
        "captures/../../x",
        "captures/..",
    ),
    *(
        "\x1b[31mred\x1b]0;title\x07",
        "\x9b31m",
        "\u202egnp.exe",
        "\ud7ff\ufffe\uffff",
        "\U0010ffff",
        "<script>alert(1)",
    ),
    *(
        '"><img src=x onerror=alert(1)>',
        "]]>",
        "&#0;",
        "</title></svg>",
        "$\\frac{",
        "$x$",
        "\\$5$",
        "`|*_[x](y)\\",
        "```",
    ),
    *(
        "[red]x[/nope]",
        "{{7*7}}",
        "%s%n",
        "_hidden",
        "x" * 5000,
        "e\u0301",
        "\u0661\u0662",
        "2026-13-45T99:99:99+00:00",
    ),
)
OTHERS: tuple[Any, ...] = (None, True, [], {}, [[]], {"a": 1})
READ = (
    *(("report", "FOLDER", "--format", kind, "-o", "-") for kind in ("md", "html", "json", "junit")),
    ("verify", "FOLDER"),
    ("verify", "FOLDER", "--json"),
    ("compare", "FOLDER", "OTHER", "--format", "md"),
    ("compare", "OTHER", "FOLDER", "--format", "json", "--allow", "links"),
    ("report", "FOLDER", "--format", "png", "-o", "OUT"),
)
TAGS = frozenset(
    (
        *("html", "head", "meta", "title", "style", "script", "body", "main", "section", "footer", "header", "nav"),
        *("div", "span", "p", "h1", "h2", "h3", "ul", "ol", "li", "a", "b", "i", "small", "sub", "sup", "pre", "code"),
        *("table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "details", "summary", "noscript"),
        *("form", "label", "input", "button", "output"),
        *("svg", "defs", "clippath", "g", "path", "rect", "circle", "line", "polyline", "polygon", "text", "tspan"),
        *("use", "metadata", "rdf:rdf", "cc:work", "dc:type", "dc:format"),
    )
)

Place = tuple[str | int, ...]


class Documents:
    """Makes changed copies of the kept results in one folder, and asks about them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._random = Random(seed)  # noqa: S311 - inputs, not secrets
        self._results: dict[str, Any] = {}
        for name in KEPT:
            shutil.copytree(GOLDEN / name, folder / name)
            shutil.copytree(GOLDEN / name, folder / f"{name}-as-it-was")
            self._results[name] = json.loads((GOLDEN / name / "result.json").read_text())

    def draw(self) -> bytes:
        """Choose a result, one to four changes in it, and what to ask: as JSON, so that it can be kept."""
        name = self._random.choice(KEPT)
        places = list(leaves(self._results[name]))
        changes = [self._change(places) for _ in range(self._random.choice((1, 1, 1, 2, 4)))]
        weights = [4] * (len(READ) - 1) + [1]
        return json.dumps([name, changes, self._random.choices(READ, weights)[0]]).encode()

    def _change(self, places: list[Place]) -> tuple[Place, Any]:
        place = self._random.choice(places)
        kind = self._random.random()
        if kind < 0.15 and len(place) > 1:
            return place[:-1], self._random.choice((*OTHERS, "DELETE", "TWICE"))
        return place, self._random.choice(NUMBERS if kind < 0.55 else TEXTS if kind < 0.92 else OTHERS)

    def attempt(self, drawn: bytes) -> None:
        """Change, ask, and look at the answer."""
        name, changes, words = json.loads(drawn)
        result = copy.deepcopy(self._results[name])
        for place, value in changes:
            _put(result, place, value)
        self._write(name, json.dumps(result).encode())
        names = {"FOLDER": name, "OTHER": f"{name}-as-it-was", "OUT": "out"}
        arguments = [str(self._folder / names[word]) if word in names else word for word in words]
        answer = ask(arguments)
        check(answer)
        if answer.status == 0 and words[-1] == "-":
            FIT[words[3]](answer.out)

    def _write(self, name: str, raw: bytes) -> None:
        """Write the result, and its seal anew: what is behind the seal is to be reached."""
        (self._folder / name / "result.json").write_bytes(raw)
        sums = self._folder / name / "SHA256SUMS"
        if sums.exists():
            line = re.compile(r"^[0-9a-f]{64}  result\.json$", re.MULTILINE)
            sums.write_text(line.sub(f"{hashlib.sha256(raw).hexdigest()}  result.json", sums.read_text()))


def leaves(node: Any, place: Place = ()) -> Iterator[Place]:
    """Give the place of every value in a document."""
    if isinstance(node, dict | list) and node:
        for key, inner in node.items() if isinstance(node, dict) else enumerate(node):
            yield from leaves(inner, (*place, key))
    else:
        yield place


def _put(document: Any, place: Place, value: Any) -> None:
    try:
        for key in place[:-1]:
            document = document[key]
        if value == "DELETE":
            del document[place[-1]]
        elif value == "TWICE":
            document[place[-1]] = document[place[-1]] * 2
        else:
            document[place[-1]] = value
    except (LookupError, TypeError):  # an earlier change took the place away
        return


class _Tags(HTMLParser):
    """Refuses a page in which a name became more than text."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        assert not [name for name, _ in attrs if name.startswith("on")], attrs
        assert not [value for name, value in attrs if name in {"href", "src"} and ":" in (value or "")], attrs


def fit_html(text: str) -> None:
    _Tags().feed(text)
    assert "<script>alert" not in text


def fit_markdown(text: str) -> None:
    """No line of a table breaks, no fence stays open, and no tag begins."""
    assert sum(line.startswith("```") for line in text.splitlines()) % 2 == 0
    assert "<script>" not in text.replace("\\<script", "")


def fit_junit(text: str) -> None:
    ET.fromstring(text)  # noqa: S314 - written here


FIT: dict[str, Callable[[str], object]] = {
    "html": fit_html,
    "md": fit_markdown,
    "junit": fit_junit,
    "json": parsed,
}
