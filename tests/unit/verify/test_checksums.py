"""SHA256SUMS read strictly, and a folder listed without following anything out of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.results.folder import SUMS
from harness.verify import checksums

Made = Callable[..., Path]


def told(folder: Path) -> list[str]:
    return [f"{one.where}: {one.words}" for one in checksums.check(checksums.inventory(folder))]


def test_a_sealed_folder_is_as_it_was_sealed(made: Made) -> None:
    folder = made()
    held = checksums.inventory(folder)

    assert held.sealed
    assert held.deviations == ()
    assert told(folder) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("  result.json", " *result.json", "SHA256SUMS: line 1: "),
        ("  result.json", "  ../result.json", "../result.json: SHA256SUMS lists it, and it is not there"),
        ("  samples/0-poll.csv", "  result.json", "lists result.json a second time"),
        ("0-poll.csv\n", "0-poll.csv", "SHA256SUMS: its last line does not end"),
    ],
)
def test_a_line_that_no_seal_has_is_named(made: Made, old: str, new: str, says: str) -> None:
    folder = made()
    text = (folder / SUMS).read_text()
    assert old in text
    (folder / SUMS).write_text(text.replace(old, new))

    assert any(says in one for one in told(folder)), told(folder)


def test_another_line_end_is_named(made: Made) -> None:
    folder = made()
    (folder / SUMS).write_bytes((folder / SUMS).read_bytes().replace(b"\n", b"\r\n"))

    assert told(folder)


def test_a_folder_beyond_all_measure_is_not_listed_to_its_end(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checksums, "MOST_FILES", 3)
    held = checksums.inventory(made())

    assert len(held.files) == 3
    assert held.deviations[-1].words == "more than 3 files; the rest was not read"
