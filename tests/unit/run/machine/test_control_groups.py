"""A control group for each subject: where it may be made, and that nothing is left of it."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.probes.process.cgroup import Group
from harness.run.machine import control_groups
from harness.run.machine.control_groups import PREFIX, ControlGroups

FILL = "import os, time; d = os.memfd_create('a'); os.write(d, bytes(20_000_000)); print(flush=True); time.sleep(60)"


@pytest.fixture
def groups() -> Iterator[ControlGroups]:
    made = ControlGroups()
    if made._base is None:
        pytest.skip("no control group that counts memory can be made here")
    yield made
    made.close()
    assert not made._base.folder.exists()


def test_memory_that_belongs_to_no_process_shows(groups: ControlGroups) -> None:
    gate = ["sh", "-c", 'read go; exec "$0" "$@"', "python3", "-c", FILL]
    with subprocess.Popen(gate, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        groups.adopt("one", process.pid)
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        deadline = time.monotonic() + 10  # the kernel adds its counters up every two seconds
        while (groups.groups["one"].read()["charged_shmem_bytes"] or 0) < 19_000_000 and time.monotonic() < deadline:
            time.sleep(0.1)
        found = groups.groups["one"].read()
        process.kill()

    assert (found["charged_shmem_bytes"] or 0) >= 19_000_000
    assert (found["charged_bytes"] or 0) >= 19_000_000


def test_who_has_ended_already_gets_none(groups: ControlGroups) -> None:
    home = Path("/proc/self/cgroup").read_text()
    groups.adopt("one", -1)
    groups.adopt("two", 0)

    assert groups.groups == {}
    assert Path("/proc/self/cgroup").read_text() == home


def test_who_still_lives_when_a_run_ends_goes_back(groups: ControlGroups) -> None:
    home = Path("/proc/self/cgroup").read_text()
    with subprocess.Popen(["sleep", "60"]) as process:
        groups.adopt("one", process.pid)
        assert Path(f"/proc/{process.pid}/cgroup").read_text() != home
        groups.close()
        assert Path(f"/proc/{process.pid}/cgroup").read_text() == home
        process.kill()


def test_what_a_killed_run_left_is_taken_away_and_a_living_one_s_is_not(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    left, living = tmp_path / f"{PREFIX}{ended.pid}" / "one", tmp_path / f"{PREFIX}1" / "one"
    left.mkdir(parents=True)
    living.mkdir(parents=True)
    made = control_groups._base(Group(tmp_path, 1), tmp_path)

    assert made == Group(tmp_path / f"{PREFIX}{os.getpid()}", 1)
    assert not left.parent.exists()
    assert living.exists()


def test_version_2_takes_a_group_that_hands_memory_down(tmp_path: Path) -> None:
    (tmp_path / "cgroup.subtree_control").write_text("cpu pids\n")
    assert control_groups._base(Group(tmp_path, 2), tmp_path) is None
    (tmp_path / "cgroup.subtree_control").write_text("cpu memory\n")
    made = control_groups._base(Group(tmp_path, 2), tmp_path)

    assert made is not None
    assert (made.folder / "cgroup.subtree_control").read_text() == "+memory"


def test_without_permission_nothing_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(control_groups, "groups_of", lambda: [Group(tmp_path / "gone", 1)])
    made = ControlGroups()
    made.adopt("one", os.getpid())
    made.close()

    assert made.groups == {}
