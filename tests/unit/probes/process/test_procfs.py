"""Text of /proc files to numbers, by the text."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.probes.process.procfs import (
    Faults,
    Rollup,
    Switches,
    began_ticks,
    kib_field,
    rollup,
    status,
    switches,
    total_switches,
    used,
)

STATUS = """\
Name:\tpython3
Umask:\t0022
State:\tS (sleeping)
Pid:\t4711
VmPeak:\t   33032 kB
VmHWM:\t   13824 kB
VmRSS:\t   13568 kB
SigQ:\t0/31389
voluntary_ctxt_switches:\t120
nonvoluntary_ctxt_switches:\t7
"""

STAT = (
    "4711 (%s) S 1 4711 4711 0 -1 4194304 1500 900 3 40 15 5 0 0 20 0 2 0 8137 "
    "33824768 3392 18446744073709551615 1 1 0 0 0 0 0 16781312 2 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
)


def test_a_size_in_kib_is_given_in_bytes() -> None:
    assert kib_field(STATUS, "VmHWM") == 13_824 * 1024


def test_a_size_of_zero_is_zero_and_not_missing() -> None:
    assert kib_field("VmSwap:\t       0 kB\n", "VmSwap") == 0


@pytest.mark.parametrize("text", ["", "Name:\tkthreadd\n", "VmHWM:\n", "VmHWMX:\t1 kB\n"])
def test_a_size_that_the_file_does_not_have_is_none(text: str) -> None:
    assert kib_field(text, "VmHWM") is None


def test_switches_are_told_apart() -> None:
    assert switches(STATUS) == Switches(voluntary=120, involuntary=7)


def test_the_switches_of_all_threads_are_added() -> None:
    other = "voluntary_ctxt_switches:\t1\nnonvoluntary_ctxt_switches:\t2\n"

    assert total_switches([STATUS, other, other]) == Switches(voluntary=122, involuntary=11)


def test_no_threads_have_no_switches() -> None:
    assert total_switches([]) == Switches(voluntary=0, involuntary=0)


@pytest.mark.parametrize(
    "name", ["python3", "Web Content", "a) S 9 9 (b", "(sd-pam)", ")", "((", "tmux: server", "", "a)\nS 1", ") S 1 2 3"]
)
def test_faults_are_found_behind_any_name_a_process_gives_itself(name: str) -> None:
    assert used(STAT % name).faults == Faults(minor=1500, major=3)


@given(st.text(max_size=15))
def test_no_name_hides_the_faults(name: str) -> None:
    assert used(STAT.replace("%s", name)).faults == Faults(minor=1500, major=3)


def test_the_files_of_this_kernel_are_read() -> None:
    text = Path("/proc/self/status").read_text()

    assert (kib_field(text, "VmHWM") or 0) > 1_000_000
    assert switches(text).voluntary >= 0
    assert used(Path("/proc/self/stat").read_text()).faults.minor > 0
    found = status(text)
    assert found is not None
    assert found.anon + found.file + found.shmem == found.rss
    assert found.threads >= 1
    shares = rollup(Path("/proc/self/smaps_rollup").read_text())
    assert 0 < shares.uss <= shares.pss


def test_parts_of_memory_and_threads_are_read() -> None:
    parts = "RssAnon:\t 9000 kB\nRssFile:\t 4568 kB\nRssShmem:\t 0 kB\nVmSwap:\t 12 kB\nThreads:\t3\nSigQ:"
    found = status(STATUS.replace("SigQ:", parts))

    assert found is not None
    assert (found.peak, found.rss, found.swap, found.threads) == (13_824 * 1024, 13_568 * 1024, 12 * 1024, 3)
    assert (found.anon, found.file, found.shmem) == (9000 * 1024, 4568 * 1024, 0)
    assert found.switches == Switches(voluntary=120, involuntary=7)


def test_a_zombie_has_no_memory() -> None:
    assert status("Name:\ta\nState:\tZ (zombie)\nThreads:\t1\n") is None


def test_a_rollup_is_read_and_what_a_kernel_does_not_tell_is_nothing() -> None:
    text = "Pss:  50 kB\nPss_Anon:  1 kB\nPrivate_Clean: 2 kB\nPrivate_Dirty: 4 kB\nAnonHugePages: 2048 kB\n"

    assert rollup(text) == Rollup(50 * 1024, 6 * 1024, 2048 * 1024, 0)
    assert rollup(f"{text}LazyFree: 8 kB\nPrivate_Hugetlb: 1 kB\n") == Rollup(50 * 1024, 7 * 1024, 2**21, 8 * 1024)


def test_what_a_process_and_its_waited_for_children_used_is_told_apart() -> None:
    found = used(STAT % "a")

    assert (found.user_ticks, found.system_ticks) == (15, 5)
    assert found.waited == (900, 40, 0, 0)


def test_a_process_cannot_give_itself_a_size_by_its_name() -> None:
    assert kib_field("Name:\tVmHWM: 1 kB\nVmHWM:\t     7 kB\n", "VmHWM") == 7 * 1024


def test_a_process_is_known_by_when_it_began() -> None:
    stat = f"7 (a) b) S {' '.join(str(number) for number in range(4, 53))}"
    assert began_ticks(stat) == 22
    assert 0 < began_ticks(Path("/proc/self/stat").read_text()) < 2**63
