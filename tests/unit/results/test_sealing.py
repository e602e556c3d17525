"""What a seal covers, and how it names what a measured program left that it does not cover."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.results import sealing
from harness.results.descriptors import Folder, open_folder
from harness.results.sealing import MOST_DEPTH, Entry, digest, survey
from harness.results.writer import Writer


def nothing() -> None:
    return


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    with open_folder(tmp_path) as folder:
        yield folder


def odd(folder: Folder) -> dict[str, str]:
    return {one.name: one.odd for one in survey(folder, nothing) if one.odd}


def test_regular_files_are_covered_wherever_they_lie(folder: Folder) -> None:
    (folder.path / "a" / "b").mkdir(parents=True)
    for name in ("a/b/c", "a/d e", "\N{SNOWMAN}"):
        (folder.path / name).write_text(name)
    assert survey(folder, nothing) == [Entry("a/b/c", 5), Entry("a/d e", 5), Entry("\N{SNOWMAN}", 3)]


def test_a_link_to_a_file_that_others_may_not_read_is_named_and_its_digest_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    writer = Writer(tmp_path / "run")
    (writer.captures / "aha").symlink_to(tmp_path / "secret")
    (writer.captures / "fine").write_text("")
    assert writer.odd() == ["'captures/aha' is a symbolic link"]
    writer.seal()
    writer.close()
    assert [line.split()[1] for line in (tmp_path / "run" / "SHA256SUMS").read_text().splitlines()] == ["captures/fine"]


def test_what_is_no_file_is_named_and_not_opened(folder: Folder) -> None:
    (folder.path / "link").symlink_to("/")
    os.mkfifo(folder.path / "fifo")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(folder.path / "socket"))
    assert odd(folder).keys() == {"link", "fifo", "socket"}


def test_a_file_that_is_all_hole_is_named_by_its_size(folder: Folder) -> None:
    with (folder.path / "sparse").open("wb") as stream:
        stream.truncate(20 * 2**30)
    assert f"{20 * 2**30:,}" in odd(folder)["sparse"]


def test_of_too_many_bytes_the_largest_files_are_left_out(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MOST_BYTES", 10)
    for name, size in (("a", 9), ("b", 4), ("c", 5)):
        (folder.path / name).write_bytes(bytes(size))
    assert odd(folder).keys() == {"a"}


@pytest.mark.parametrize("name", [b"\xff\xfe", b"two\nlines", b"escape\x1b[31m"])
def test_a_name_that_no_line_can_hold_is_told(folder: Folder, name: bytes) -> None:
    (folder.path / os.fsdecode(name)).touch()
    assert odd(folder).keys() == {os.fsdecode(name)}


def test_a_path_deeper_than_any_path_may_be_is_named(tmp_path: Path) -> None:
    words = "i=0; while [ $i -lt 300 ]; do mkdir ddddddddddddddddddddd && cd ddddddddddddddddddddd; i=$((i+1)); done"
    subprocess.run(["sh", "-c", words], check=True, cwd=tmp_path)
    with open_folder(tmp_path) as folder:
        [entry] = survey(folder, nothing)
    assert str(MOST_DEPTH) in entry.odd
    subprocess.run(["rm", "-rf", str(tmp_path / "ddddddddddddddddddddd")], check=True)


def test_more_files_than_anybody_counts_end_the_survey(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MOST_ENTRIES", 3)
    for number in range(5):
        (folder.path / str(number)).touch()
    assert odd(folder).keys() == {"."}


class _Asked(Exception):
    pass


def asked() -> None:
    raise _Asked


def test_it_heeds_whoever_asks_it_to_end(folder: Folder) -> None:
    (folder.path / "large").write_bytes(bytes(10))
    with pytest.raises(_Asked):
        survey(folder, asked)
    with pytest.raises(_Asked):
        digest(folder, "large", asked)


def test_a_file_that_becomes_a_link_is_not_read(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").symlink_to("/etc/passwd")
    (tmp_path / "b").symlink_to("a")
    for name in ("a/file", "b/file"):
        with pytest.raises(OSError):  # noqa: PT011 - of whatever kind
            digest(folder, name, nothing)
