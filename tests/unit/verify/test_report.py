"""A report held against its result: whatever was changed in it is found, in every format, and nothing else is."""

import platform
import re
import shutil
from pathlib import Path

import matplotlib as mpl
import pytest

from harness.report import build
from harness.report.pictures import figures
from harness.verify import report as report_files
from harness.verify.check import verify
from harness.verify.deviation import Deviation
from raising import raises_id

GOLDEN = Path(__file__).parents[2] / "golden"
RUN = Path("lifecycle") / "20260504T101500Z-example-3e6a6364"


def made(root: Path, kept: str) -> Path:
    """Put a kept result and its report where a run puts them; give the report."""
    shutil.copytree(GOLDEN / kept, root / "results" / RUN)
    build.render(root / "results" / RUN, root / "reports" / RUN)
    return root / "reports" / RUN


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("drawn"), "netbird-5857")


def copied(report: Path, tmp_path: Path) -> Path:
    root = shutil.copytree(report.parents[2], tmp_path / "root")
    return Path(root) / "reports" / RUN


def folder(report: Path) -> Path:
    """Find the result of a report, or of one file of it."""
    return (report if report.is_dir() else report.parent).parents[2] / "results" / RUN


@pytest.fixture(autouse=True)
def alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that drawings are the same here as everywhere."""
    monkeypatch.setattr(figures, "otherwise", lambda: "")


def told(report: Path) -> list[str]:
    """Hold a report against its result, whatever else is wrong with that."""
    return [_line(one) for one in report_files.check(folder(report), report).deviations]


def _line(one: Deviation) -> str:
    return f"{one.where}: {one.text}"


def change(path: Path, pattern: str, to: str) -> None:
    text = path.read_text()
    changed = re.sub(pattern, to, text, count=1)
    assert changed != text
    path.write_text(changed)


def test_the_report_beside_is_compared_unasked(tmp_path: Path) -> None:
    report = made(tmp_path, "lifecycle")
    untouched = verify(folder(report))
    change(report / "report.md", r"\| ✓ detected", "| ✗ missed")
    tampered = verify(folder(report))

    assert untouched.deviations == ()
    assert dict(untouched.checked)["report"] == "4 files, as they are rendered from the result"
    (found,) = tampered.deviations
    assert re.search(r"line \d+: the report says '.*missed.*', rendered it is '.*detected", _line(found))
    assert tampered.evidence.split()[1] == "unverified"


def test_without_a_report_nothing_is_said_of_one(tmp_path: Path) -> None:
    report = made(tmp_path, "lifecycle")
    result = folder(report)
    shutil.rmtree(report)

    assert "report" not in dict(verify(result).checked)


CHANGES = [
    pytest.param("report.html", r"(\d) ms", r"9\1 ms", r"report\.html: line \d+: the report says", id="html"),
    pytest.param("report.md", r"282 GB", "28 GB", r"report\.md: line \d+: .*28 GB.*282 GB", id="markdown"),
    pytest.param("report.junit.xml", r'failures="\d+', 'failures="7', r"junit\.xml: line \d+: .*7", id="junit"),
    pytest.param("report.json", r'"measured": 2', '"measured": 3', r"json: line \d+: .*measured", id="json"),
    pytest.param("report.html", r"(<svg.*?<path[^>]* d=\"M )", r"\g<1>1", r"html: line \d+", id="drawing"),
    pytest.param("report.html", r"</svg>", "<script>alert(1)</script></svg>", r"html: line \d+", id="script"),
    pytest.param("report.json", r"\n", "", r"json: line \d+", id="a line's end"),
    pytest.param("report.json", r"\Z", "\n", r"json: line \d+", id="one more"),
    pytest.param("report.html", r"(<svg.*?<text[^>]*>)", r"\g<1>7", r"html: line \d+: the report says", id="its words"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("file", "pattern", "to", "says"), CHANGES)
def test_what_was_changed_is_found(drawn: Path, tmp_path: Path, file: str, pattern: str, to: str, says: str) -> None:  # noqa: PLR0913, PLR0917 - one row a change
    report = copied(drawn, tmp_path)
    change(report / file, f"(?s){pattern}", to)

    (found,) = told(report / file)
    assert re.search(says, found), found


@pytest.mark.slow
def test_a_result_does_not_choose_how_strictly_its_report_is_compared(drawn: Path, tmp_path: Path) -> None:
    report = copied(drawn, tmp_path)
    result = folder(report) / "result.json"
    change(result, r'"matplotlib":\s*"[^"]*"', '"matplotlib": "3.0.0"')
    build.render(folder(report), report)
    assert told(report) == []
    change(report / "report.html", "</svg>", "<script>alert(1)</script></svg>")

    (found,) = told(report)
    assert found.startswith("report.html: line ")


@pytest.mark.slow
def test_pages_and_pictures_that_nobody_rendered_are_named_and_those_that_are_gone(drawn: Path, tmp_path: Path) -> None:
    report = copied(drawn, tmp_path)
    picture = next(report.glob("*.png"))
    picture.unlink()
    for name in ("more.html", "more.png", "flamegraph-nobody.html", "notes.txt"):
        (report / name).write_text("")
    (report / "more").mkdir()

    names = {picture.name, "more.html", "more.png", "flamegraph-nobody.html", "notes.txt", "more"}
    assert {one.partition(":")[0] for one in told(report)} == names


@pytest.mark.slow
def test_a_picture_is_compared_to_the_byte(drawn: Path, tmp_path: Path) -> None:
    report = copied(drawn, tmp_path)
    picture = next(report.glob("*.png"))
    picture.write_bytes(picture.read_bytes() + b"more")

    assert [one.partition(":")[0] for one in told(report)] == [picture.name]


@pytest.mark.slow
def test_where_drawings_are_others_this_is_said_and_words_are_compared_still(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = copied(drawn, tmp_path)
    monkeypatch.setattr(figures, "otherwise", lambda: "it is another")
    assert report_files.check(folder(report), report).otherwise == []  # the same bytes are the same anywhere
    change(report / "report.html", r"(?s)(<svg.*?<path[^>]* d=\"M )", r"\g<1>1")
    picture = next(report.glob("*.png"))
    picture.write_bytes(b"other")
    found = report_files.check(folder(report), report)

    assert found.deviations == []
    ((what, explanation),) = found.otherwise
    assert {"report.html", picture.name} <= set(re.findall(r"[\w.-]+", what))
    assert explanation == "it is another"
    change(report / "report.html", r"(\d) ms", r"9\1 ms")
    assert [one.partition(":")[0] for one in told(report)] == ["report.html"]


def test_what_this_machine_draws_with_is_asked_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(figures, "ALIKE", {"matplotlib": mpl.__version__})
    assert figures.otherwise() == ""
    monkeypatch.setattr(figures, "ALIKE", {"matplotlib": "0.0", "machine": platform.machine()})
    assert "0.0" in figures.otherwise()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("gone.json", "file_unreadable"),
        ("gone.md", "no_report"),
        ("empty", "no_report"),
        ("x" * 300, "file_unreadable"),
        (f"{'x' * 300}.json", "file_unreadable"),
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, name: str, kind: str) -> None:
    report = made(tmp_path, "lifecycle")
    (tmp_path / "empty").mkdir()
    with raises_id(kind):
        report_files.check(folder(report), tmp_path / name)


def test_a_link_in_a_report_is_not_followed(tmp_path: Path) -> None:
    report = made(tmp_path, "lifecycle")
    (report / "report.md").unlink()
    (report / "report.md").symlink_to("/dev/zero")

    assert [one.partition(":")[0] for one in told(report)] == ["report.md"]


def test_the_last_digits_of_a_float_are_the_processors(drawn: Path, tmp_path: Path) -> None:
    report = copied(drawn, tmp_path)
    text = (report / "report.json").read_text()
    number = next(found for found in re.findall(r"\d+\.\d{12,}", text) if found[-1] in "12345")
    (report / "report.json").write_text(text.replace(number, f"{number[:-1]}{int(number[-1]) + 1}"))
    assert told(report / "report.json") == []
    (report / "report.json").write_text(text.replace(number, f"{number[:3]}9{number[4:]}1"))
    assert told(report / "report.json")
