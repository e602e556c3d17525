"""The profiles of a folder are in the order in which they were taken."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.files import bundle

DUMP = """heap_v2/524288
  t*: 1: 1000 [0: 0]
@ 0x1
  t*: 1: 1000 [0: 0]
"""
IN_ORDER = {
    "jemalloc": [f"jeprof.77.{number}.i{number}.heap" for number in (0, 1, 8, 9, 10, 11, 100)],
    "gperftools": [f"daemon.{number:04}.heap" for number in (1, 2, 999, 1000, 9999)] + ["daemon.10000.heap"],
    "padded unevenly": ["a.08.heap", "a.9.heap", "a.010.heap", "a.10.heap", "b.1.heap"],
    "folders": ["day 9/heap", "day 10/heap"],
    "no numbers": ["after", "before"],
    "digits without end": ["a" + "9" * 5 + ".heap", "a" + "1" * 200 + ".heap"],
}


def folder(names: list[str], place: Path) -> Path:
    for name in names:
        path = place / "dumps" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(DUMP)
    return place / "dumps"


def archive(names: list[str], place: Path) -> Path:
    with zipfile.ZipFile(place / "dumps.zip", "w") as file:
        for name in names:
            file.writestr(name, DUMP)
    return place / "dumps.zip"


@pytest.mark.parametrize("kind", IN_ORDER)
@pytest.mark.parametrize("made", [folder, archive])
def test_numbered_dumps_are_in_the_order_of_their_numbers(
    tmp_path: Path, kind: str, made: Callable[[list[str], Path], Path]
) -> None:
    names = IN_ORDER[kind]
    found = bundle.entries(made(sorted(names), tmp_path))

    assert [one.name for one in found] == names
    assert all(one.profile for one in found)
