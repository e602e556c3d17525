"""Who keeps memory on the first screen, in its section, and on pages of its own."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.analysis.facts import Facts
from harness.analysis.findings import analyse
from harness.model import Folded, FoldedStack, Frame, Keeper, Recording, SubjectPlan
from harness.report.document import Table, Text
from harness.report.flamegraph import pages
from harness.report.sections.memory import keepers
from harness.results.descriptors import open_folder
from harness.results.folded import folded_name, packed

MIB = 2**20
S = 10**9


def program(name: str, role: Any = "alternative") -> SubjectPlan:
    return SubjectPlan(
        name=name, role=role, language="unknown", accounting=None, polls=False, source="exec", record=("memray",)
    )


def recording(name: str, kept: int) -> Recording:
    keeper = Keeper(
        function="fetch", file="lib/client.py", line=70, origin="library", caller="poll (daemon.py:7)", bytes=kept,
        allocations=3, first_half_bytes=kept // 2,
    )  # fmt: skip
    return Recording(
        subject=name, trial=0, recorder="memray", file=f"captures/recorded-memray-{name}.bin", bound_bytes=MIB,
        end="bound", began_ns=0, ended_ns=100 * S, work_s=100.0, polls=0, events=0, cycles=50, allocated_bytes=9 * MIB,
        allocations=7, kept_bytes=kept, kept_first_half_bytes=kept // 2, managed_first_bytes=0, managed_last_bytes=kept,
        native_first_bytes=0, native_last_bytes=0, keepers=(keeper,),
    )  # fmt: skip


@pytest.fixture
def recorded(facts: Callable[..., Facts]) -> Facts:
    """Build the facts of a fix: the program before it keeps 4 MiB, the one after it 4 KiB."""
    subjects = (program("old", "before"), program("new", "after"))
    plain = facts(plan={"subjects": subjects})
    recordings = (recording("old", 4 * MIB), recording("new", 4096))
    return Facts(
        result=msgspec.structs.replace(plain.result, recordings=recordings), complete=True, series={}, compressed={}
    )


def test_only_who_keeps_is_on_the_first_screen(recorded: Facts) -> None:
    (text,) = keepers.first_screen(analyse(recorded))
    assert text.words.startswith("old keeps ")
    assert "fetch (client.py:70), called by poll (daemon.py:7)" in text.words
    assert "new keeps" not in text.words
    assert keepers.NOT_FOLLOWING in text.words


def test_the_section_has_a_row_a_recording_and_one_a_function(recorded: Facts) -> None:
    section = keepers.section(analyse(recorded), recorded)
    assert section is not None
    wholes, of_old, of_new = (one for one in section.blocks if isinstance(one, Table))
    assert [row[0] for row in wholes.rows] == ["old", "new"]
    assert wholes.rows[0][-1] == keepers.ENDS["bound"]
    assert of_old.rows[0][1:4] == ("a library", "4 MiB", "100 %")
    assert len(of_new.rows) == 1
    assert any(isinstance(one, Text) and one.words == keepers._COPIES for one in section.blocks)


@pytest.mark.parametrize(("trials", "told"), [(1, False), (3, True)])
def test_the_section_tells_where_only_one_of_several_trials_was_recorded(
    recorded: Facts, trials: int, *, told: bool
) -> None:
    plan = msgspec.structs.replace(recorded.result.plan, trials=trials)
    several = replace(recorded, result=msgspec.structs.replace(recorded.result, plan=plan))
    section = keepers.section(analyse(several), several)
    assert section is not None
    (first, *_) = section.blocks
    assert isinstance(first, Text)
    assert (f"of {trials} trials" in first.words) == told


def test_there_is_no_section_where_nothing_was_recorded(facts: Callable[..., Facts]) -> None:
    bare = facts()
    assert keepers.section(analyse(bare), bare) is None
    assert keepers.first_screen(analyse(bare)) == ()


def test_what_is_kept_has_pages_and_a_difference(recorded: Facts, tmp_path: Path) -> None:
    (tmp_path / "captures").mkdir()
    frame = Frame(name="fetch", place="lib/client.py", origin="library")
    for name, size in (("old", 4 * MIB), ("new", 4096)):
        stacks = Folded(frames=(frame,), stacks=(FoldedStack(frames=(0,), bytes=size, allocations=3),))
        (tmp_path / folded_name(f"captures/recorded-memray-{name}-kept.bin")).write_bytes(packed(stacks))
    with open_folder(tmp_path / "out") as output:
        links = pages.write(analyse(recorded), recorded, tmp_path, output)
    assert [file for _, file in links] == [
        "kept-difference-memray-old-and-new.html",
        "kept-memray-old.html",
        "kept-memray-new.html",
    ]
    assert "fetch" in (tmp_path / "out" / "kept-memray-old.html").read_text()
