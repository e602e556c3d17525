"""What a run will write, before it begins."""

from pathlib import Path

from msgspec.structs import replace

from harness import scenario
from harness.model import Sample
from harness.plan import Options, make_plan
from harness.results.writer import Writer
from harness.run.machine import disk_space
from raising import raises_id

LONG = make_plan(scenario.find("docker-host"), Options(duration_s=7 * 86_400.0))
LONGEST = Sample(
    at_ns=10**15,
    rss_bytes=10**10,
    pss_bytes=10**10,
    uss_bytes=10**10,
    rss_peak_bytes=10**10,
    user_s=604_800.25,
    system_s=604_800.25,
    voluntary_switches=10**9,
    involuntary_switches=10**9,
    minor_faults=10**9,
    major_faults=10**6,
    polls=302_400,
    events=10**6,
    rss_anon_bytes=10**10,
    rss_file_bytes=10**10,
    rss_shmem_bytes=10**10,
    swap_bytes=10**10,
    threads=10**5,
    descriptors=10**5,
    children=10**5,
    children_rss_bytes=10**10,
)
SPARSE = (
    *("huge_pages_bytes", "lazily_freed_bytes", "charged_bytes", "charged_anon_bytes", "charged_file_bytes"),
    *("charged_shmem_bytes", "charged_kernel_bytes", "kernel_stack_bytes", "slab_bytes", "socket_buffer_bytes"),
    *("netlink_sockets", "inet_sockets", "unix_sockets", "files", "pipes", "event_descriptors"),
)


def test_a_week_is_stated_by_its_ticks_subjects_and_trials() -> None:
    assert disk_space.samples_bytes(LONG) == int((7 * 86_400 * 2 + 2) * disk_space.ROW_BYTES * len(LONG.subjects))
    assert disk_space.samples_bytes(replace(LONG, trials=2)) == 2 * disk_space.samples_bytes(LONG)


def test_a_scenario_that_samples_nothing_takes_nothing() -> None:
    assert disk_space.samples_bytes(make_plan(scenario.find("sweep"), Options())) == 0


def test_rows_are_no_longer_than_was_said(tmp_path: Path) -> None:
    plain = replace(LONGEST, pss_bytes=None, uss_bytes=None, voluntary_switches=None, involuntary_switches=None)
    full = replace(LONGEST, **{name: 10**10 if name.endswith("_bytes") else 10**5 for name in SPARSE})
    writer = Writer(tmp_path / "run")
    for one in (full, *[plain] * 9):
        writer.append(0, "poll", one)
    writer.close()
    _, *rows = (tmp_path / "run" / "samples" / "0-poll.csv").read_bytes().splitlines(keepends=True)
    assert sum(map(len, rows)) / len(rows) <= disk_space.ROW_BYTES


def test_what_will_not_fit_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    endless = replace(LONG, duration_s=1e15)
    with raises_id("no_space") as fault:
        disk_space.check(endless, tmp_path)
    assert "--results" in fault.value.hint


def test_what_fits_is_said(tmp_path: Path) -> None:
    assert "samples can take" in disk_space.check(replace(LONG, duration_s=60.0), tmp_path)


def test_recordings_are_bounded_and_said(tmp_path: Path) -> None:
    subjects = (replace(LONG.subjects[0], record=("memray", "heaptrack")), *LONG.subjects[1:])
    recorded = replace(LONG, subjects=subjects)
    assert disk_space.recordings_bytes(recorded) == 320 * 2**20
    assert "320 MiB" in disk_space.check(recorded, tmp_path)
    assert "of allocations" not in disk_space.check(LONG, tmp_path)
