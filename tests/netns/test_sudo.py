"""Under sudo: who is root, for how long, and what a measured program can make of it.

As root with the variables that sudo sets, for a user id that nobody has. Where this Python is root's alone that user
cannot run it: then these tests are skipped, and say so.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import Popen
from typing import NamedTuple

import pytest

import harness
from harness.lab.reader import Reader, _Named
from harness.sudo_user import Caller, may_take_any_id

pytestmark = pytest.mark.netns

Outside = Callable[..., tuple[Popen[str], str]]
Marked = Callable[[str], list[int]]
Remains = Callable[[str, set[str]], list[str]]
Run = Callable[..., tuple[Popen[str], str]]

USER, GROUP, STRANGER = 60_021, 60_022, 60_023
SUDO = {"SUDO_UID": str(USER), "SUDO_GID": str(GROUP)}
HANG_S = 120.0
PACKAGE = Path(harness.__file__).parents[1]
SCENARIO = ("docker-host", "--pairs", "2", "--no-profile", "--quiet", "--subject", "poll-name")
AGENT = "harness.lab.agent"
TOOLS = {"ip", "setpriv", "nsenter", "unshare"}  # for moments: the agent's, or on their way to somebody
CHOWN = {"chown", "fchown", "lchown", "fchownat"}
WRITES = {"creat", "mkdir", "mkdirat", "mknod", "mknodat", "rename", "renameat", "renameat2", "link", "linkat"}
WRITES |= {"symlink", "symlinkat", "unlink", "unlinkat", "rmdir", "truncate", "chmod", "fchmodat", "setxattr"}
ITS_OWN = ("/proc", "/sys", "/run/wireguard", "/dev/null", "/dev/net/tun")  # /run is a tmpfs of the lab


def runs_for(user: int) -> bool:
    words = Caller({"SUDO_UID": str(user), "SUDO_GID": str(user)}).command_prefix()
    # By a shell: setpriv itself still has root's rights when it starts a program, and can start what the user cannot.
    loads = [*words, "sh", "-c", '"$@"', "sh", sys.executable, "-P", "-c", "import harness.cli"]
    env = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    return bool(words) and subprocess.run(loads, check=False, capture_output=True, env=env).returncode == 0


@pytest.fixture(scope="module", autouse=True)
def somebody() -> None:
    """Skip where nobody can be called by sudo."""
    if not may_take_any_id():
        pytest.skip("only root can be called by sudo")
    if not runs_for(USER):
        pytest.skip(f"this Python is root's alone: {sys.executable}")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that the caller owns; those of pytest are closed to others."""
    with tempfile.TemporaryDirectory(prefix="netchurn-sudo-") as name:
        os.chown(name, USER, GROUP)
        yield Path(name)


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """Give a folder of root's, closed to others, with a file."""
    place = tmp_path / "victim"
    place.mkdir(mode=0o700)
    (place / "precious").write_text("keep")
    return place


@pytest.fixture
def run(outside: Outside, folder: Path) -> Run:
    """Start a run as sudo would, in the caller's folder."""

    def start(
        *options: str, scenario: tuple[str, ...] = SCENARIO, before: tuple[str, ...] = ()
    ) -> tuple[Popen[str], str]:
        there = ("--results", str(folder / "results"), "--reports", str(folder / "reports"))
        argv = (*before, sys.executable, "-P", "-m", "harness", "run", *scenario, *there, *options)
        return outside(*argv, **SUDO, MPLCONFIGDIR=str(folder / "fonts"))

    return start


def ended(process: Popen[str]) -> tuple[int, str]:
    _, complained = process.communicate(timeout=HANG_S)
    assert "Traceback" not in complained
    assert "defect" not in complained
    return process.returncode, complained


def owners(*places: Path) -> set[tuple[int, int]]:
    found = [path for place in places for path in (place, *place.rglob("*"))]
    return {(path.lstat().st_uid, path.lstat().st_gid) for path in found}


# --- who is root ----------------------------------------------------------------------------------------------------


class Seen(NamedTuple):
    pid: int
    users: frozenset[int]  # real, effective, saved, of the file system
    words: tuple[str, ...]

    @property
    def what(self) -> str:
        return AGENT if AGENT in self.words else Path(self.words[0]).name


def look(marked: Marked, mark: str) -> list[Seen]:
    found = []
    for pid in marked(mark):
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").rstrip("\0").split("\0")
            status = Path(f"/proc/{pid}/status").read_text()
            users = frozenset(map(int, re.findall(r"^Uid:\s(.*)$", status, re.MULTILINE)[0].split()))
            if words != [""]:  # one that ends has no memory any more, and so no words
                found.append(Seen(pid, users, tuple(words)))
    return found


def watched(process: Popen[str], mark: str, marked: Marked) -> list[list[Seen]]:
    """List the processes of a run again and again until it ends."""
    found = []
    while process.poll() is None:
        found.append(look(marked, mark))
    return found


@pytest.mark.parametrize("scenario", ["docker-host", "observe"])
def test_nothing_is_root_but_the_agent_and_who_waits_for_it(
    run: Run, marked: Marked, folder: Path, scenario: str
) -> None:
    with Popen(["sleep", "600"], user=STRANGER) as other:
        if scenario == "observe":
            process, mark = run("--duration", "2s", "--quiet", "--pid", f"other={other.pid}", scenario=(scenario,))
        else:
            process, mark = run("--duration", "2s", "--exec", "mine=sh -c 'sleep 600; true'", "--pid", f"o={other.pid}")
        looks = watched(process, mark, marked)
        other.kill()
    assert process.returncode in {0, 3}, process.communicate()
    client = process.pid
    given_up = next(n for n, seen in enumerate(looks) if any(one.pid == client and 0 not in one.users for one in seen))
    later = looks[given_up:]
    assert len(later) > 5
    roots = {one.what for seen in later for one in seen if 0 in one.users}
    assert roots <= {AGENT, *TOOLS}, roots
    counts: dict[Seen, int] = defaultdict(int)
    for seen in later:
        for one in seen:
            counts[one] += 0 in one.users
    staying = [one for one, count in counts.items() if count > len(later) / 3]
    assert len(staying) <= 2  # the agent, and the unshare that waits for it
    assert {one.what for one in staying} == ({AGENT} if scenario == "docker-host" else set())
    subjects = {one for seen in later for one in seen if any("harness.subjects" in word for word in one.words)}
    assert {user for one in subjects if one.what != "setpriv" for user in one.users} == {USER}
    assert owners(folder / "results", folder / "reports") == {(USER, GROUP)}


def test_each_copy_of_a_dose_has_a_lab_and_only_their_agents_are_root(
    outside: Outside, marked: Marked, folder: Path
) -> None:
    told = folder / "told"
    command = f"command=sh -c 'id -u >>{told}'"
    words = ("dose", "--exec", "mine=sleep 600", "--stimulus", command, "--doses", "0,3", "--duration", "3s")
    argv = (
        sys.executable,
        "-P",
        "-m",
        "harness",
        *words,
        "--no-report",
        "--quiet",
        "--results",
        str(folder / "results"),
    )
    process, mark = outside(*argv, **SUDO)
    looks = watched(process, mark, marked)
    assert process.returncode in {0, 3}, process.communicate()
    given_up = next(
        n for n, seen in enumerate(looks) if any(one.pid == process.pid and 0 not in one.users for one in seen)
    )
    roots = {one.what for seen in looks[given_up:] for one in seen if 0 in one.users}
    assert roots <= {AGENT, *TOOLS}, roots
    assert max(sum(one.what == AGENT and 0 in one.users for one in seen) for seen in looks) >= 3
    assert set(told.read_text().split()) == {str(USER)}
    assert owners(folder / "results") == {(USER, GROUP)}
    assert not marked(mark)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_root_gives_nothing_away_and_opens_nothing_to_write(run: Run, folder: Path) -> None:
    traced = "trace=%creds,%process,open,openat,openat2," + ",".join(sorted(CHOWN | WRITES))
    options = ("strace", "-ff", "-qq", "-y", "--decode-pids=pidns", "-o", str(folder / "trace"), "-e", traced)
    status, complained = ended(run("--duration", "1s", "--exec", "mine=sleep 600", before=options)[0])
    assert status in {0, 3}, complained
    calls = list(as_root({int(path.suffix[1:]): path.read_text() for path in folder.glob("trace.*")}))
    assert len(calls) > 100
    assert [call for call in calls if call.partition("(")[0] in CHOWN] == []
    written = [call for call in calls if writes(call)]
    assert written == []


def as_root(traces: dict[int, str]) -> Iterator[str]:
    """Give the system calls of processes while root's id is any of theirs."""
    first = min(pid for pid, text in traces.items() if "execve" in text)
    waiting = [(first, True)]
    seen = set()
    while waiting:
        pid, root = waiting.pop()
        if pid in seen or pid not in traces:
            continue
        seen.add(pid)
        for call in traces[pid].splitlines():
            if root:
                yield call
            if call.startswith("setresuid(") and call.endswith("= 0"):
                root = "0" in re.findall(r"\d+", call.partition(")")[0])
            if call.startswith(("clone", "fork", "vfork")):
                born = re.search(r"= (\d+)(?: /\* (\d+) in strace's PID NS \*/)?$", call)
                if born:
                    waiting.append((int(born[2] or born[1]), root))


def writes(call: str) -> bool:
    """Say whether a call changes a file system that is not the caller's own namespace's, or would if it could."""
    name, _, rest = call.partition("(")
    paths = re.findall(r'"([^"]*)"', rest)
    if name in {"open", "openat", "openat2"} and not re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", rest):
        return False
    if name not in {"open", "openat", "openat2", *WRITES}:
        return False
    return not paths or not paths[-1].startswith(ITS_OWN)


def test_what_is_asked_to_be_root_is_and_ends_by_the_agents_hand(run: Run, folder: Path, remains: Remains) -> None:
    words = f"g=sh -c 'trap \"\" TERM; id -u >{folder}/who; grep CapEff /proc/self/status >>{folder}/who; sleep 600'"
    process, mark = run("--duration", "1s", "--no-report", "--exec-as-root", "--exec", words)
    assert ended(process)[0] in {0, 3}
    user, capabilities = (folder / "who").read_text().splitlines()
    assert (user, int(capabilities.split()[1], 16) > 0) == ("0", True)
    assert remains(mark, set()) == []


def test_a_run_that_is_killed_leaves_nothing_though_it_may_signal_nobody(
    run: Run, folder: Path, marked: Marked, remains: Remains
) -> None:
    process, mark = run("--duration", "1d", "--exec", f"g=sh -c ': >{folder}/here; sleep 600'")
    deadline = time.monotonic() + HANG_S
    while not (folder / "here").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert len(marked(mark)) > 4
    process.kill()
    process.communicate()
    assert remains(mark, set()) == []


def test_memory_of_a_process_of_somebody_else_is_handed_over(run: Run, folder: Path) -> None:
    with Popen(["sleep", "600"]) as roots:
        for scenario in (("observe", "--quiet"), SCENARIO):
            options = ("--duration", "1s", "--no-report", "--pid", f"other={roots.pid}")
            assert ended(run(*options, scenario=scenario)[0])[0] == 3
        roots.kill()
    for rows in (folder / "results").glob("*/*/samples/0-other.csv"):
        header, first, *_ = (line.split(",") for line in rows.read_text().splitlines())
        assert int(dict(zip(header, first, strict=True))["uss_bytes"]) > 0
    assert len(list((folder / "results").glob("*/*/samples/0-other.csv"))) == 2


def test_the_reader_reads_what_was_named_and_what_that_started() -> None:
    with Popen(["sh", "-c", "sleep 600 & wait"]) as named, Popen(["sleep", "600"]) as other:
        assert 1 in _Named([1])
        reader = Reader(Caller(SUDO).command_prefix("sys_ptrace", "dac_read_search"), [str(named.pid)])
        try:
            children = Path(f"/proc/{named.pid}/task/{named.pid}/children")
            while not children.read_text():
                time.sleep(0.001)
            child = int(children.read_text())
            for pid in (named.pid, child):
                pidfd = os.pidfd_open(pid)
                assert b"Pss:" in reader.read(pidfd, "smaps_rollup")
                assert b"0 /" in reader.read(pidfd, "fd")
                os.close(pidfd)
            pidfd = os.pidfd_open(other.pid)
            with pytest.raises(PermissionError):
                reader.read(pidfd, "smaps_rollup")
            with pytest.raises(PermissionError):
                reader.read(pidfd, "../1/environ")  # type: ignore[arg-type]  # somebody who speaks its language
            os.close(pidfd)
            status = Path(f"/proc/{reader._process.pid}/status").read_text()
            assert f"Uid:\t{USER}\t{USER}" in status
            assert f"CapEff:\t{1 << 19 | 1 << 2:016x}" in status
        finally:
            reader.close()
            os.kill(child, signal.SIGKILL)
            other.kill()


# --- what a measured program makes of it ----------------------------------------------------------------------------


@pytest.mark.parametrize("trials", ["1", "2"])
@pytest.mark.parametrize("place", ["", "/samples", "/captures"])
def test_a_folder_that_is_swapped_for_a_link_to_roots_leads_nobody_there(
    run: Run, folder: Path, victim: Path, place: str, trials: str
) -> None:
    """The run's own, or one in it, by a program without any capability, while the run goes on."""
    inside = f"cd {folder}/results/docker-host && r=$(ls){place} && mv $r ../x && ln -s {victim} $r; sleep 600"
    before = owners(victim)
    options = ("--duration", "2s", "--trials", trials, "--exec", f"g=sh -c 'sleep 0.5; {inside}'")
    status, complained = ended(run(*options)[0])
    assert (folder / "results" / "x").exists()
    assert status == 2, complained
    assert str(place) in complained
    assert "[result_moved]" in complained
    assert owners(victim) == before == {(0, 0)}
    assert [path.name for path in victim.iterdir()] == ["precious"]


def test_a_file_that_only_root_reads_is_not_told_of(run: Run, folder: Path, victim: Path) -> None:
    inside = f"cd {folder}/results/docker-host/*/captures && ln -s {victim}/precious aha && ln -s /etc/shadow oho"
    options = ("--duration", "1s", "--no-report", "--exec", f"g=sh -c '{inside}; sleep 600'")
    assert ended(run(*options)[0])[0] in {0, 3}
    [result] = (folder / "results").glob("*/*/result.json")
    assert "aha" not in (result.parent / "SHA256SUMS").read_text()
    notes = " ".join(one["text"] for one in json.loads(result.read_text())["limitations"] if one["id"] == "not_sealed")
    assert "captures/aha" in notes
    assert "captures/oho" in notes


def test_a_report_is_not_written_where_a_stranger_may_swap_it(outside: Outside, tmp_path: Path) -> None:
    """As root without sudo."""
    for name in ("reports", "results"):
        place = tmp_path / name
        place.mkdir()
        place.chmod(0o777)
        os.chown(place, STRANGER, STRANGER)
        other = tmp_path / "ours"
        folders = {"results": other, "reports": other, name: place}
        there = [f"--{key}={value}" for key, value in folders.items()]
        process, _ = outside(sys.executable, "-P", "-m", "harness", "run", *SCENARIO, "--duration", "1s", *there)
        status, complained = ended(process)
        assert (status, "[folder_unsafe]" in complained) == (2, True), complained
        assert list(place.iterdir()) == []


@pytest.mark.parametrize("tool", ["ip", "setpriv"])
def test_a_program_that_is_swapped_on_path_is_not_started_by_root(run: Run, folder: Path, tool: str) -> None:
    """As with ``sudo env PATH="$PATH"``: a folder of the caller's stands before those of root's."""
    place, told = folder / "bin", folder / "told"
    place.mkdir()
    shutil.copy(shutil.which(tool) or tool, place / tool)
    script = place / "other"
    script.write_text(f'#!/bin/sh\nid -u >>{told}\nexec {shutil.which(tool)} "$@"\n')
    script.chmod(0o755)
    for path in (place, *place.iterdir()):
        os.chown(path, USER, GROUP)
    swaps = f"g=sh -c 'mv {script} {place}/{tool}; sleep 600'"
    options = ("--duration", "1s", "--trials", "2", "--no-report", "--exec", swaps)
    words = ("container-churn", *SCENARIO[1:])
    before = ("env", f"PATH={place}:{os.environ['PATH']}")
    assert ended(run(*options, scenario=words, before=before)[0])[0] in {0, 3}
    assert not script.exists()
    assert "0" not in (told.read_text().split() if told.exists() else [])
