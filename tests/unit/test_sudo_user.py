"""On whose behalf: what follows from sudo's variables."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from harness.sudo_user import Caller, may_take_any_id, root_path

ROOT = os.geteuid() == 0 and may_take_any_id()
CALLER = 60_032
SUDO = {"SUDO_UID": str(CALLER), "SUDO_GID": str(CALLER)}
only_root = pytest.mark.skipif(not ROOT, reason="only root becomes somebody else")


def test_without_sudo_programs_start_as_they_are() -> None:
    assert Caller({}).command_prefix() == ()


@pytest.mark.parametrize(
    "variables",
    [
        {"SUDO_UID": "0", "SUDO_GID": "0"},
        {"SUDO_UID": "4294967295", "SUDO_GID": "1"},
        {"SUDO_UID": "1 2", "SUDO_GID": "1"},
        {"SUDO_UID": "-1", "SUDO_GID": "1"},
        {"SUDO_UID": "1000"},
    ],
)
def test_variables_that_name_nobody_change_nothing(variables: dict[str, str]) -> None:
    assert Caller(variables).command_prefix() == ()


@only_root
def test_under_sudo_words_take_user_groups_and_capabilities() -> None:
    words = Caller(SUDO).command_prefix()

    assert words[1:4] == (f"--reuid={CALLER}", f"--regid={CALLER}", f"--groups={CALLER}")
    assert {"--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs"} < set(words)


@only_root
def test_words_leave_the_capabilities_that_are_named_and_no_other() -> None:
    status = subprocess.run(
        [*Caller(SUDO).command_prefix("sys_ptrace"), "cat", "/proc/self/status"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    held = {name: int(value, 16) for name, value in re.findall(r"^(Cap\w+|NoNewPrivs):\s+(\w+)$", status, re.MULTILINE)}

    assert held == {**dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), 1 << 19), "NoNewPrivs": 1}


@only_root
def test_without_sudo_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "setresuid", lambda *_: pytest.fail("it gave root up"))
    Caller({}).drop_privileges()


@only_root
def test_programs_of_roots_come_from_folders_that_nobody_else_may_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {name: tmp_path / name for name in ("roots", "callers", "callers/deeper", "everybodys", "groups")}
    for place in places.values():
        place.mkdir()
    os.chown(places["callers"], CALLER, CALLER)
    places["everybodys"].chmod(0o1777)
    os.chown(places["groups"], 0, CALLER)
    places["groups"].chmod(0o775)
    (tmp_path / "link").symlink_to(places["callers"])
    names = [*map(str, places.values()), str(tmp_path / "link"), str(tmp_path / "gone"), "", "."]
    monkeypatch.setenv("PATH", os.pathsep.join(names))

    assert root_path() == str(places["roots"])
