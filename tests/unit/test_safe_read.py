"""Files from elsewhere are opened only if they are regular, and of a size; nothing else is so much as touched."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import safe_read
from harness.report import build
from harness.results import folder
from harness.results.folder import MOST_RESULT_BYTES, regular_file
from harness.results.samples import MOST_SAMPLES_BYTES
from raising import raises_id

GOLDEN = Path(__file__).parents[1] / "golden"


def refused(path: Path, most: int = 10, *, follow: bool = False) -> str:
    with pytest.raises(OSError, match=r".") as caught:
        safe_read.content(path, most, follow=follow)
    return str(caught.value.strerror)


def test_nothing_on_the_way_below_a_folder_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "run/samples").mkdir(parents=True)
    (tmp_path / "run/samples/a.csv").write_text("rows")
    os.mkfifo(tmp_path / "run/samples/pipe")
    (tmp_path / "run/link").symlink_to(tmp_path / "run/samples")
    (tmp_path / "run/samples/b.csv").symlink_to("a.csv")

    before = os.listdir("/proc/self/fd")  # noqa: PTH208 - of descriptors, not of files
    with safe_read.beneath(tmp_path / "run", "samples/a.csv") as stream:
        assert stream.read() == b"rows"
    for name in ("link/a.csv", "samples/b.csv", "samples/pipe", "samples", "samples/none"):
        with pytest.raises(OSError, match=r"."):
            safe_read.beneath(tmp_path / "run", name)
    with pytest.raises(OSError, match="more than the 3"):
        safe_read.beneath(tmp_path / "run", "samples/a.csv", 3)
    assert len(os.listdir("/proc/self/fd")) == len(before)  # noqa: PTH208 - none is left open


def test_a_regular_file_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 10)

    assert safe_read.content(file, 10) == b"x" * 10


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    huge = tmp_path / "huge"
    with huge.open("wb") as stream:
        stream.truncate(10 * 2**30)  # it takes no room

    assert refused(huge) == "has 10,737,418,240 bytes, more than the 10 that are read"


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)

    assert refused(pipe) == "is no regular file"
    assert refused(tmp_path) == "is no regular file"
    assert refused(Path("/dev/zero"), follow=True) == "is no regular file"
    assert refused(link) == "is a symbolic link"
    assert refused(link, follow=True) == "is no regular file"


def test_a_link_is_followed_where_a_user_named_it(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"x")
    link.symlink_to(file)

    assert safe_read.content(link, 10, follow=True) == b"x"
    assert refused(link) == "is a symbolic link"


def test_what_takes_the_place_of_a_file_between_two_looks_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, pipe = tmp_path / "file", tmp_path / "pipe"
    file.write_bytes(b"x")
    os.mkfifo(pipe)
    before = file.lstat()
    monkeypatch.setattr(Path, "lstat", lambda _: before)

    assert refused(pipe) == "is no regular file"


PIPED = [
    ("profile", "PIPE", "PIPE"),
    ("report", "FOLDER", "--format", "md", "-o", "-"),
    ("verify", "FOLDER"),
    ("compare", "FOLDER", "FOLDER"),
    ("verify", "GOLDEN", "--report", "PIPE"),
    ("run", "PIPE"),
]


@pytest.mark.slow
@pytest.mark.parametrize("words", PIPED, ids=[" ".join(words[:2]) for words in PIPED])
def test_no_verb_waits_for_a_pipe_that_nobody_writes_to(tmp_path: Path, words: tuple[str, ...]) -> None:
    pipe = tmp_path / "result.json"
    os.mkfifo(pipe)
    names = {"PIPE": pipe, "FOLDER": tmp_path, "GOLDEN": GOLDEN / "lifecycle"}
    argv = [str(names.get(word, word)) for word in words]
    done = subprocess.run([sys.executable, "-P", "-m", "harness", *argv], check=False, capture_output=True, text=True)

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("  try: ")
    assert "Traceback" not in done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "result"
    subprocess.run(["cp", "-r", str(GOLDEN / "docker-host"), str(folder)], check=True)
    return folder


@pytest.mark.parametrize(
    ("was", "becomes", "fact"),
    [
        ('"subject": "poll"', '"subject": "../x"', "'../x'"),
        ('"name": "poll"', '"name": "a/b"', "'a/b'"),
        ('"file": "captures/', '"file": "/etc/passwd/', "captures/"),
        ('"file": "captures/', '"file": "captures/../../', "captures/"),
        ('"trials": 1', '"trials": 1000000000', "<= 100"),
    ],
)
def test_a_result_that_names_what_lies_elsewhere_is_read_by_nobody(
    copy: Path, was: str, becomes: str, fact: str
) -> None:
    text = (copy / "result.json").read_text()
    if was not in text:
        text, was = text.replace('"scenario"', '"trials": 1, "scenario"', 1), '"trials": 1'
    (copy / "result.json").write_text(text.replace(was, becomes))
    with raises_id("not_a_result", fact):
        build.text(copy, "md")


@pytest.mark.parametrize(
    "name", ["..", "captures/..", "captures/.", "captures/../x", "captures/a/../../x", "x", "captures/"]
)
def test_a_capture_lies_in_captures(name: str) -> None:
    assert not folder._CAPTURE.fullmatch(name)


def test_links_in_a_result_are_not_followed(copy: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (copy / "samples").rename(elsewhere)
    (copy / "samples").symlink_to(elsewhere)
    with raises_id("file_unreadable"):
        build.text(copy, "md")
    assert regular_file(copy, "samples/0-poll.csv") is None
    assert regular_file(copy, "result.json") == copy / "result.json"
    assert regular_file(copy, "nosuch") is None


@pytest.mark.parametrize(
    ("file", "most"), [("result.json", MOST_RESULT_BYTES), ("samples/0-poll.csv", MOST_SAMPLES_BYTES)]
)
def test_a_file_of_a_result_that_is_too_large_is_not_read(copy: Path, file: str, most: int) -> None:
    with (copy / file).open("ab") as stream:
        stream.truncate(most + 1)
    with raises_id("file_unreadable"):
        build.text(copy, "md")


def test_facts_that_contradict_each_other_end_in_a_line(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("harness.derive.analyse", broken)
    with raises_id("not_derivable") as caught:
        build.text(copy, "md")
    assert "netchurn verify" in caught.value.hint


@pytest.mark.slow
def test_a_report_of_the_folder_one_stands_in_goes_by_its_name(copy: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "harness", "report", ".", "--format", "md"],
        check=True,
        capture_output=True,
        text=True,
        cwd=copy,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )

    assert done.stdout == f"reports/{copy.parent.name}/result/report.md\n"
