"""SHA256SUMS read strictly, and a folder listed without following anything out of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.results import sealing
from harness.results.folder import SUMS
from harness.verify import checksums

Made = Callable[..., Path]


def told(folder: Path) -> list[tuple[str, str]]:
    return [(one.where, one.id) for one in checksums.check(checksums.inventory(folder))]


def test_a_sealed_folder_is_as_it_was_sealed(made: Made) -> None:
    folder = made()
    held = checksums.inventory(folder)

    assert held.sealed
    assert held.deviations == ()
    assert told(folder) == []


@pytest.mark.parametrize(
    ("old", "new", "where", "name"),
    [
        ("  result.json", " *result.json", SUMS, "sums_malformed"),
        ("  result.json", "  ../result.json", "../result.json", "file_missing"),
        ("  samples/0-poll.csv", "  result.json", SUMS, "sums_malformed"),
        ("0-poll.csv\n", "0-poll.csv", SUMS, "sums_malformed"),
    ],
)
def test_a_line_that_no_seal_has_is_named(made: Made, old: str, new: str, where: str, name: str) -> None:
    folder = made()
    text = (folder / SUMS).read_text()
    assert old in text
    (folder / SUMS).write_text(text.replace(old, new))

    assert (where, name) in told(folder)


def test_another_line_end_is_named(made: Made) -> None:
    folder = made()
    (folder / SUMS).write_bytes((folder / SUMS).read_bytes().replace(b"\n", b"\r\n"))

    assert told(folder)


def test_a_folder_beyond_all_measure_is_not_listed_to_its_end(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MOST_ENTRIES", 3)
    held = checksums.inventory(made())

    assert len(held.files) == 3
    assert [(one.id, one.where) for one in held.deviations] == [("file_odd", ".")]
