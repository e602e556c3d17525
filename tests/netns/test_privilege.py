"""Under sudo: what needs no root does not have it, and everything that is written belongs to the user who called.

As root with the variables that sudo sets, for a user id that nobody has. Where this Python is root's alone, that user
could not run it; then the run is refused in so many words, and that is tested instead. Without root they mean nothing.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen

import pytest

import harness
from harness.sudo_user import Caller, may_take_any_id

pytestmark = pytest.mark.netns

Outside = Callable[..., tuple[Popen[str], str]]

USER, GROUP = 60_021, 60_022
SUDO = {"SUDO_UID": str(USER), "SUDO_GID": str(GROUP)}
HANG_S = 120.0
ROOT = may_take_any_id()
RUN = ("run", "docker-host", "--pairs", "2", "--duration", "1s", "--no-profile", "--subject", "poll-name", "--quiet")
SAYS_WHO_IT_IS = (
    'id -u; id -G; while read -r name value; do case $name in Cap*|NoNew*) echo "$name$value";; esac; done '
    '</proc/self/status; echo "${SUDO_UID-}" >/dev/null; echo told >/dev/stderr; exec sleep 600'
)
NOTES_WHO_DRAWS = """
import os, sys
def note(event, arguments):
    if event == "open" and str(arguments[0]).endswith("report.html"):
        with open({to!r}, "a") as stream:
            stream.write(" ".join(map(str, (*os.getresuid(), *os.getresgid()))) + chr(10))
sys.addaudithook(note)
"""


def caller_runs_this() -> bool:
    """Say whether the user of these tests can load this Python and this package."""
    words = Caller(SUDO).command_prefix()
    loads = [*words, "sh", "-c", '"$@"', "sh", sys.executable, "-P", "-c", "import harness.cli"]  # as in test_sudo.py
    search = {"PYTHONPATH": str(Path(harness.__file__).parents[1])}
    return subprocess.run(loads, check=False, capture_output=True, env={**os.environ, **search}).returncode == 0


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that the caller owns; those of pytest are closed to others."""
    with tempfile.TemporaryDirectory(prefix="netchurn-sudo-") as name:
        if ROOT:
            os.chown(name, USER, GROUP)
        yield Path(name)


def told(path: Path) -> dict[str, str]:
    user, groups, *rest = path.read_text().splitlines()
    return {"user": user, "groups": groups, **dict(line.split(":", 1) for line in rest if ":" in line)}


def run(outside: Outside, folder: Path, *options: str, **variables: str) -> tuple[int, str]:
    """Run with a program that says who it is, in the folder, and with an eye on who draws."""
    (folder / "sitecustomize.py").write_text(NOTES_WHO_DRAWS.format(to=str(folder / "drawn")))
    words = f"mine=sh -c '({SAYS_WHO_IT_IS.replace('exec sleep 600', ':')}) >{folder}/told; exec sleep 600'"
    folders = ("--results", str(folder / "results"), "--reports", str(folder / "reports"))
    search = os.pathsep.join([str(folder), str(Path(harness.__file__).parents[1])])
    homes = {"HOME": str(folder), "MPLCONFIGDIR": str(folder / "fonts"), "PYTHONPATH": search}
    argv = [sys.executable, "-P", "-m", "harness", *RUN, *folders, "--exec", words, *options]
    process, _ = outside(*argv, **{**homes, **variables})
    said, complained = process.communicate(timeout=HANG_S)
    assert "Traceback" not in said + complained
    return process.returncode, complained


def test_under_sudo_a_program_is_the_callers_and_so_is_all_that_is_written(outside: Outside, folder: Path) -> None:
    status, complained = run(outside, folder, **SUDO)
    if ROOT and not caller_runs_this():
        assert status == 2
        assert f"user {USER}" in complained
        assert "[caller_cannot_run]" in complained
        assert not (folder / "results").exists()
        return
    assert status in {0, 3}, complained
    who = told(folder / "told")
    drawn = {tuple(map(int, line.split())) for line in (folder / "drawn").read_text().splitlines()}
    if not ROOT:
        assert drawn == {(os.getuid(),) * 3 + (os.getgid(),) * 3}
        return
    assert (who["user"], who["groups"]) == (str(USER), str(GROUP))
    assert {int(who[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert drawn == {(USER,) * 3 + (GROUP,) * 3}
    written = [path for name in ("results", "reports") for path in ((folder / name), *(folder / name).rglob("*"))]
    assert len(written) > 8
    assert {(path.lstat().st_uid, path.lstat().st_gid) for path in written} == {(USER, GROUP)}


def test_under_sudo_a_program_is_root_where_that_was_asked_for(outside: Outside, folder: Path) -> None:
    status, complained = run(outside, folder, "--exec-as-root", "--no-report", **SUDO)
    if ROOT and not caller_runs_this():
        assert (status, "[caller_cannot_run]" in complained) == (2, True)
        return
    assert status in {0, 3}, complained
    assert told(folder / "told")["user"] == "0"


@pytest.mark.slow
def test_nobody_but_their_owner_can_write_to_what_a_run_writes(outside: Outside, folder: Path) -> None:
    if ROOT:
        os.chown(folder, 0, 0)  # a stranger's is refused
    before = os.umask(0)
    try:
        status, complained = run(outside, folder, "--no-report")
    finally:
        os.umask(before)
    assert status in {0, 3}, complained
    modes = {path: path.stat().st_mode & 0o022 for path in (folder / "results", *(folder / "results").rglob("*"))}
    assert len(modes) > 5
    assert set(modes.values()) == {0}, modes


@pytest.mark.slow
def test_a_report_under_sudo_reads_no_more_than_the_caller_may(outside: Outside, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "result.json").write_text("{}")
    argv = [sys.executable, "-P", "-m", "harness", "report", str(closed), "--format", "json", "-o", "-"]
    process, _ = outside(*argv, **SUDO)
    said, complained = process.communicate(timeout=HANG_S)
    assert (process.returncode, said) == (2, "")
    expected = "[not_a_result]" if not ROOT else "Permission denied" if caller_runs_this() else "[caller_cannot_run]"
    assert expected in complained


def test_where_the_caller_may_not_write_nothing_is_measured(outside: Outside, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    argv = [sys.executable, "-P", "-m", "harness", *RUN, "--no-report", "--results", str(tmp_path / "results")]
    process, _ = outside(*argv, "--reports", str(tmp_path / "reports"), **SUDO)
    _, complained = process.communicate(timeout=HANG_S)
    if not ROOT:
        assert process.returncode in {0, 3}, complained
        return
    expected = "[folder_not_writable]" if caller_runs_this() else "[caller_cannot_run]"
    assert process.returncode == 2
    assert expected in complained


def test_who_gives_up_root_has_no_way_back() -> None:
    words = (
        "import json, os; from harness.sudo_user import Caller; Caller().drop_privileges(); "
        "status = dict(line.split(':', 1) for line in open('/proc/self/status')); "
        "print(json.dumps([os.getresuid(), os.getresgid(), os.getgroups(), *"
        "(int(status[name], 16) for name in ('CapPrm', 'CapEff', 'CapInh', 'CapAmb'))]))"
    )
    search = {"PYTHONPATH": str(Path(harness.__file__).parents[1])}
    argv = [sys.executable, "-P", "-c", words]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, env={**os.environ, **search, **SUDO})
    if not ROOT:
        assert json.loads(done.stdout)[0] == list(os.getresuid())
    elif caller_runs_this():
        assert json.loads(done.stdout) == [[USER] * 3, [GROUP] * 3, [GROUP], 0, 0, 0, 0]
    else:
        assert f"user {USER}, who called sudo, cannot run" in done.stderr
