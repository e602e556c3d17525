"""Folders that are written to: who may have put them there, and where a file goes whatever is put in its place."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.results.descriptors import make_folder, open_folder
from harness.sudo_user import may_take_any_id
from raising import raises_id

ROOT = os.geteuid() == 0 and may_take_any_id()
STRANGER = 60_031
only_root = pytest.mark.skipif(not ROOT, reason="only root makes things for others")


def of(user: int, path: Path) -> Path:
    os.chown(path, user, user, follow_symlinks=False)
    return path


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


# --- what is refused ------------------------------------------------------------------------------------------------


@only_root
@pytest.mark.parametrize("below", ["", "deeper", "deeper/still"])
@pytest.mark.parametrize("leads", ["straight", "by way of a link of ours"])
def test_a_link_of_a_stranger_is_not_followed(tmp_path: Path, elsewhere: Path, below: str, leads: str) -> None:
    link = tmp_path / "theirs"
    link.symlink_to(elsewhere)
    of(STRANGER, link)
    if leads != "straight":
        (tmp_path / "results").symlink_to(link)
        link = tmp_path / "results"

    with raises_id("folder_unsafe", STRANGER):
        open_folder(link / below)
    assert list(elsewhere.iterdir()) == []


@only_root
@pytest.mark.parametrize("below", ["", "deeper", "deeper/still"])
def test_a_folder_of_a_stranger_is_refused_even_to_root(elsewhere: Path, below: str) -> None:
    with raises_id("folder_unsafe", STRANGER):
        open_folder(of(STRANGER, elsewhere) / below)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_folder_that_everybody_may_change_is_refused(elsewhere: Path, below: str) -> None:
    elsewhere.chmod(0o777)
    with raises_id("folder_unsafe") as caught:
        open_folder(elsewhere / below)
    assert str(elsewhere) in caught.value.message
    assert caught.value.hint.startswith(f"chmod go-w {elsewhere}")


@only_root
def test_a_folder_that_another_group_may_change_is_refused(elsewhere: Path) -> None:
    elsewhere.chmod(0o775)
    open_folder(elsewhere).close()
    os.chown(elsewhere, -1, STRANGER)
    with raises_id("folder_unsafe", STRANGER):
        open_folder(elsewhere)


def test_a_folder_in_which_everybody_has_what_is_theirs_is_not(elsewhere: Path) -> None:
    elsewhere.chmod(0o1777)
    open_folder(elsewhere / "results" / "run").close()
    assert (elsewhere / "results" / "run").is_dir()


@pytest.mark.parametrize("target", ["loop", "file"])
def test_what_is_no_folder_is_told(tmp_path: Path, target: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").touch()
    with raises_id("folder_not_writable") as caught:
        open_folder(tmp_path / target)
    assert str(tmp_path / target) in caught.value.message


# --- what is followed, and made -------------------------------------------------------------------------------------


@only_root
def test_a_link_of_ones_own_is_followed(tmp_path: Path, elsewhere: Path) -> None:
    (tmp_path / "results").symlink_to("../" + tmp_path.name + "/elsewhere")
    open_folder(tmp_path / "results" / "a" / ".." / "b").close()
    assert (elsewhere / "b").is_dir()


def test_runs_of_one_second_are_numbered_from_two_to_ninety_nine(tmp_path: Path) -> None:
    found = [make_folder(tmp_path / "run") for _ in range(99)]
    assert [one.path.name for one in found] == ["run", *(f"run+{number}" for number in range(2, 100))]
    with raises_id("folder_not_writable"):
        make_folder(tmp_path / "run")
    for one in found:
        one.close()


# --- what is written ------------------------------------------------------------------------------------------------


def test_a_file_goes_to_the_folder_that_was_opened(tmp_path: Path, elsewhere: Path) -> None:
    with open_folder(tmp_path / "results") as folder:
        assert folder.in_place
        (tmp_path / "results").rename(tmp_path / "moved")
        (tmp_path / "results").symlink_to(elsewhere)
        assert not folder.in_place
        folder.put("report.html", b"text")
        folder.create("row.csv").close()
        folder.folder("samples").close()
    assert list(elsewhere.iterdir()) == []
    assert {path.name for path in (tmp_path / "moved").iterdir()} == {"report.html", "row.csv", "samples"}


@pytest.mark.parametrize("name", ["report.html", ".report.html"])
def test_a_link_in_place_of_a_file_is_replaced_and_not_followed(tmp_path: Path, name: str) -> None:
    (tmp_path / "precious").write_text("keep")
    (tmp_path / name).symlink_to(tmp_path / "precious")
    with open_folder(tmp_path) as folder:
        folder.put("report.html", b"text")
    assert (tmp_path / "precious").read_text() == "keep"
    assert (tmp_path / "report.html").read_bytes() == b"text"
    assert {path.name for path in tmp_path.iterdir()} == {"precious", "report.html"}


def test_a_link_in_place_of_a_new_file_or_folder_is_an_error(tmp_path: Path, elsewhere: Path) -> None:
    (tmp_path / "new").symlink_to(elsewhere / "new")
    with open_folder(tmp_path) as folder:
        with pytest.raises(FileExistsError):
            folder.create("new")
        with pytest.raises(FileExistsError):
            folder.folder("new")
    assert list(elsewhere.iterdir()) == []


@only_root
def test_a_folder_below_a_strangers_is_refused_though_it_is_ours(elsewhere: Path) -> None:
    """The stranger may put another in its place, and memray and Go write by name."""
    ours = elsewhere / "results" / "here"
    ours.mkdir(parents=True)
    of(STRANGER, elsewhere)
    with raises_id("folder_unsafe", STRANGER):
        open_folder(ours)


def test_a_folder_below_one_that_everybody_may_change_is_refused(elsewhere: Path) -> None:
    (elsewhere / "results").mkdir()
    elsewhere.chmod(0o777)
    with raises_id("folder_unsafe"):
        open_folder(elsewhere / "results")


def test_a_new_folder_is_open_to_nobody_else(tmp_path: Path) -> None:
    with make_folder(tmp_path / "run") as made:
        assert os.fstat(made.descriptor).st_mode & 0o077 == 0


@pytest.mark.skipif(ROOT or shutil.which("unshare") is None, reason="root is root inside, or no unshare")
def test_what_is_roots_outside_is_as_good_in_a_user_namespace(tmp_path: Path) -> None:
    words = (
        "from pathlib import Path; from harness.results.descriptors import open_folder; "
        f"open_folder(Path({str(tmp_path)!r}, 'here'))"
    )
    done = subprocess.run(
        ["unshare", "--map-root-user", sys.executable, "-c", words],
        check=False,
        capture_output=True,
        text=True,
    )
    if "unshare failed" in done.stderr:
        pytest.skip("no user namespaces here")
    assert (tmp_path / "here").is_dir(), done.stderr
