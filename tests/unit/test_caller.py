"""On whose behalf: what follows from sudo's variables, and which symbolic links are followed."""

import os
from pathlib import Path

import pytest

from harness.caller import Caller, may_take_any_id
from harness.errors import UsageFault

ROOT = os.geteuid() == 0 and may_take_any_id()
STRANGER, CALLER = 60_031, 60_032
SUDO = {"SUDO_UID": str(CALLER), "SUDO_GID": str(CALLER)}
only_root = pytest.mark.skipif(not ROOT, reason="only root makes links for others")


def link_of(user: int, place: Path, target: Path) -> Path:
    place.symlink_to(target)
    os.chown(place, user, user, follow_symlinks=False)
    return place


def test_without_sudo_programs_start_as_they_are() -> None:
    assert Caller({}).words() == ()


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
    assert Caller(variables).words() == ()


@only_root
def test_under_sudo_words_take_user_groups_and_capabilities() -> None:
    words = Caller(SUDO).words()

    assert words[1:4] == (f"--reuid={CALLER}", f"--regid={CALLER}", f"--groups={CALLER}")
    assert {"--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all"} < set(words)


@only_root
@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_link_of_a_stranger_is_not_followed(tmp_path: Path, below: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = link_of(STRANGER, tmp_path / "results", tmp_path / "elsewhere")

    with pytest.raises(UsageFault, match=f"{link}: it is a symbolic link of user {STRANGER}"):
        Caller(SUDO).folder(link / below)
    assert list((tmp_path / "elsewhere").iterdir()) == []


@only_root
@pytest.mark.parametrize("owner", [0, CALLER])
def test_a_link_of_ours_is_followed(tmp_path: Path, owner: int) -> None:
    (tmp_path / "elsewhere").mkdir()
    Caller(SUDO).folder(link_of(owner, tmp_path / "results", tmp_path / "elsewhere") / "run")

    assert (tmp_path / "elsewhere" / "run").stat().st_uid == CALLER


def test_a_link_of_ones_own_is_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "results").symlink_to(tmp_path / "elsewhere")

    assert Caller({}).folder(tmp_path / "results" / "run").is_dir()


@only_root
def test_without_sudo_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "setresuid", lambda *_: pytest.fail("it gave root up"))
    Caller({}).become()
