"""A commit to an executable: built once, kept by commit and command, and nothing left behind where it fails."""

import os
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness import user_cache
from harness.builds.build import Check, Order, build, check, toolchains
from harness.model import Build
from raising import raises_id


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=n", "-c", "user.email=e", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository of two commits whose program prints which of them it is."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "it"
    folder.mkdir()
    git(folder, "init", "-q")
    for number in (1, 2):
        (folder / "program.sh").write_text(f"#!/bin/sh\necho {number}\n")
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", str(number))
    return folder


COPY = "chmod +x program.sh && cp program.sh {out}"


def said(out: str) -> str:
    return subprocess.run(["sh", out], check=True, capture_output=True, text=True).stdout.strip()


def left(tmp_path: Path) -> list[str]:
    folder = tmp_path / "cache" / "netchurn" / "builds"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_each_commit_is_built_in_a_worktree_that_goes_away(repository: Path, tmp_path: Path) -> None:
    base, head = (build(Order(folder=str(repository), reference=one, command=COPY)) for one in ("HEAD~1", "HEAD"))

    assert [said(base.out), said(head.out)] == ["1", "2"]
    assert base.build.commit == git(repository, "rev-parse", "HEAD~1")
    assert not base.build.dirty
    assert git(repository, "worktree", "list").count("\n") == 0
    assert git(repository, "status", "--porcelain") == ""
    assert len(left(tmp_path)) == 2


@pytest.mark.parametrize("also", ["true", "rm .git", 'rm -r "$PWD"'])
def test_other_worktrees_stay_whose_folders_are_out_of_sight(repository: Path, tmp_path: Path, also: str) -> None:
    git(repository, "worktree", "add", "-q", str(tmp_path / "others"))
    (tmp_path / "others").rename(tmp_path / "elsewhere")

    build(Order(folder=str(repository), reference="HEAD", command=f"{COPY}; {also} || true"))

    assert [path.name for path in (repository / ".git" / "worktrees").iterdir()] == ["others"]


@pytest.mark.parametrize("is_worktree", [True, False])
def test_a_link_that_a_build_leaves_in_its_place_is_not_followed(
    repository: Path, tmp_path: Path, *, is_worktree: bool
) -> None:
    elsewhere = tmp_path / "elsewhere"
    if is_worktree:
        git(repository, "worktree", "add", "-q", str(elsewhere))
    (elsewhere / "deep").mkdir(parents=True)
    (elsewhere / "deep").chmod(0o755)

    build(Order(folder=str(repository), reference="HEAD", command=f'{COPY}; rm -r "$PWD"; ln -s {elsewhere} "$PWD"'))

    assert (elsewhere / "deep").stat().st_mode & 0o777 == 0o755
    assert git(repository, "worktree", "list").count("\n") == is_worktree
    assert [len([*folder.glob("source")]) for folder in (tmp_path / "cache" / "netchurn" / "builds").iterdir()] == [0]


def test_what_was_built_is_taken_again(repository: Path, tmp_path: Path) -> None:
    counting = f"echo built >> {tmp_path}/count && {COPY}"
    for _ in range(2):
        build(Order(folder=str(repository), reference="HEAD", command=counting))

    assert (tmp_path / "count").read_text() == "built\n"


def test_a_build_runs_in_the_subfolder_that_it_is_called_in(repository: Path) -> None:
    for name in ("one", "two"):
        (repository / name / "deep").mkdir(parents=True)
        (repository / name / "deep" / "program.sh").write_text(f"#!/bin/sh\necho {name}\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "folders")
    folders = (repository / "one" / "deep", repository / "two" / "deep", repository)

    outs = [build(Order(folder=str(folder), reference="HEAD", command=COPY)).out for folder in folders]

    assert [said(out) for out in outs] == ["one", "two", "2"]


def test_a_subfolder_that_a_commit_lacks_is_named(repository: Path, tmp_path: Path) -> None:
    (repository / "new").mkdir()

    with raises_id("build_failed", "new/", git(repository, "rev-parse", "HEAD")[:12]):
        build(Order(folder=str(repository / "new"), reference="HEAD", command=COPY))

    assert left(tmp_path) == []


def test_what_was_built_lies_where_it_was_built(repository: Path) -> None:
    built = build(Order(folder=str(repository), reference="HEAD", command="mkdir {out} && echo {out} > {out}/path"))

    assert (Path(built.out) / "path").read_text().strip() == built.out


def test_of_two_that_want_the_same_one_builds_and_the_other_waits(repository: Path, tmp_path: Path) -> None:
    command = f"echo built >> {tmp_path}/count && sleep 0.2 && mkdir {{out}} && {COPY}"
    with ThreadPoolExecutor() as threads:
        both = [*threads.map(build, [Order(folder=str(repository), reference="HEAD", command=command)] * 2)]

    assert both[0] == both[1]
    assert (tmp_path / "count").read_text() == "built\n"


def test_who_waits_for_a_build_that_fails_builds_it_next(repository: Path, tmp_path: Path) -> None:
    command = f"sleep 0.1; mkdir {{out}}; mkdir {tmp_path}/first && exit 1; true"
    with ThreadPoolExecutor() as threads:
        order = Order(folder=str(repository), reference="HEAD", command=command)
        ended = [one.exception() for one in [threads.submit(build, order) for _ in range(3)]]

    assert [getattr(one, "id", None) for one in ended].count("build_failed") == 1
    assert len(left(tmp_path)) == 1


def test_what_a_killed_build_left_is_in_nobodys_way(repository: Path, tmp_path: Path) -> None:
    order = Order(folder=str(repository), reference="HEAD", command=f"mkdir {{out}} && {COPY}")
    kept = Path(build(order).out).parent
    (kept / "build.json").unlink()
    git(repository, "worktree", "add", "-q", "--detach", str(kept / "source"))
    (kept / "source" / "modules").mkdir(mode=0o500)

    assert Path(build(order).out).is_dir()
    assert sorted(path.name for path in kept.iterdir()) == ["build.json", "lock", "out"]
    assert git(repository, "worktree", "list").count("\n") == 0
    assert len(left(tmp_path)) == 1


def test_the_working_tree_is_built_with_its_changes(repository: Path) -> None:
    (repository / "program.sh").write_text("#!/bin/sh\necho changed\n")
    (repository / "untracked").write_text("not seen")

    built = build(Order(folder=str(repository), reference=".", command=f"test ! -e untracked && {COPY}"))

    assert said(built.out) == "changed"
    assert built.build.dirty
    assert (repository / "program.sh").read_text().endswith("changed\n")


Replace = Callable[[Path], None]


def file_by_folder(tree: Path) -> None:
    (tree / "program.sh").unlink()
    (tree / "program.sh").mkdir()
    (tree / "program.sh" / "it").write_text("new")


def folder_by_file(tree: Path) -> None:
    shutil.rmtree(tree / "folder")
    (tree / "folder").write_text("new")


def folder_by_link(tree: Path) -> None:
    (tree / "folder").rename(tree.parent / "outside")
    (tree / "folder").symlink_to(tree.parent / "outside")


@pytest.mark.parametrize(
    ("replace", "seen"),
    [
        (file_by_folder, "test -f program.sh/it"),
        (folder_by_file, "test -f folder"),
        (folder_by_link, "test -L folder"),
    ],
)
@pytest.mark.parametrize("added", [True, False])
def test_what_became_another_kind_of_file_is_built_as_it_is(
    repository: Path, replace: Replace, seen: str, *, added: bool
) -> None:
    (repository / "folder" / "deep").mkdir(parents=True)
    (repository / "folder" / "deep" / "kept").write_text("kept")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "a folder")
    replace(repository)
    if added:
        git(repository, "add", "-A")

    seen = seen if added else "test ! -e folder/deep/kept -o ! -f program.sh"
    build(Order(folder=str(repository), reference=".", command=f"{seen} && touch {{out}}"))

    assert (repository.parent / "outside" / "deep" / "kept").exists() is (replace is folder_by_link)


def test_a_link_that_leads_elsewhere_is_another_build(repository: Path) -> None:
    outs = set()
    for target in ("one", "two"):
        (repository / "link").unlink(missing_ok=True)
        (repository / "link").symlink_to(target)
        git(repository, "add", "-A")
        outs.add(build(Order(folder=str(repository), reference=".", command="cp -P link {out}; touch {out}")).out)

    assert len(outs) == 2


@pytest.fixture
def nested(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Clone, without its submodules, a repository that has one with a submodule of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    git(tmp_path, "config", "--global", "protocol.file.allow", "always")
    above = tmp_path / "above"
    for name in ("middle", "above"):
        git(tmp_path, "init", "-q", name)
        git(
            tmp_path / name,
            "submodule",
            "add",
            "-q",
            *{"middle": [str(repository), "inner"], "above": ["../middle"]}[name],
        )
        git(tmp_path / name, "commit", "-qm", "a submodule")
    git(tmp_path, "clone", "-q", str(above), "clone")
    return tmp_path / "clone"


DEEP = "cp middle/inner/program.sh {out}"


def test_submodules_are_checked_out_and_the_repository_stays_as_it_was(nested: Path) -> None:
    before = (nested / ".git" / "config").read_text()

    for reference in ("HEAD", "."):
        assert said(build(Order(folder=str(nested), reference=reference, command=DEEP)).out) == "2"

    assert (nested / ".git" / "config").read_text() == before
    assert [*(nested / ".git" / "worktrees").glob("*")] == []
    assert [*(nested / "middle").iterdir()] == []


def test_a_submodule_that_git_cannot_fetch_is_told_in_its_words(nested: Path, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "middle")

    with raises_id("checkout_failed", "fatal: ", "middle"):
        build(Order(folder=str(nested), reference="HEAD", command=DEEP))

    assert left(tmp_path) == []


@pytest.mark.parametrize("committed", [True, False])
def test_a_changed_submodule_is_refused_in_the_working_tree(nested: Path, *, committed: bool) -> None:
    git(nested, "submodule", "update", "--init")
    (nested / "middle" / ".gitmodules").write_text("changed")
    if committed:
        git(nested / "middle", "commit", "-qam", "changed")

    for head in ("HEAD", "."):
        with raises_id("uncommitted_changes", "middle") as caught:
            check(Check(folder=str(nested), base="HEAD", head=head))
        assert "--head ." not in caught.value.hint
    with raises_id("uncommitted_changes", "middle"):
        build(Order(folder=str(nested), reference=".", command=DEEP))


@pytest.mark.parametrize(
    ("command", "fact"),
    [
        ("echo first; echo broken >&2; exit 7 # {out}", "7: broken"),
        ("true # {out}", "{out}"),
    ],
)
def test_a_build_that_fails_says_why_and_leaves_nothing(
    repository: Path, tmp_path: Path, command: str, fact: str
) -> None:
    with raises_id("build_failed", fact):
        build(Order(folder=str(repository), reference="HEAD", command=command))

    assert left(tmp_path) == []
    assert git(repository, "worktree", "list").count("\n") == 0


def test_a_reference_that_names_nothing_is_refused(repository: Path) -> None:
    for reference in ("nope", "--all", "HEAD:program.sh", ""):
        with raises_id("unknown_commit"):
            build(Order(folder=str(repository), reference=reference, command=COPY))


def test_a_folder_without_a_repository_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with raises_id("no_repository", tmp_path, "fatal: "):
        check(Check(folder=str(tmp_path), base="HEAD~1", head="HEAD"))


def test_a_repository_of_another_user_is_told_from_none(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "bin" / "git"
    script.parent.mkdir()
    others = "GIT_TEST_ASSUME_DIFFERENT_OWNER=1 GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1"
    script.write_text(f'#!/bin/sh\n{others} exec {shutil.which("git")} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")

    with raises_id("no_repository", "dubious ownership", repository) as caught:
        check(Check(folder=str(repository), base="HEAD~1", head="HEAD"))

    assert caught.value.hint == f"git config --global --add safe.directory {repository}"


def test_a_tree_that_git_cannot_read_does_not_count_as_unchanged(repository: Path) -> None:
    (repository / ".git" / "index").write_text("damaged")

    for head in ("HEAD", "."):
        with raises_id("no_repository", repository, "index"):
            check(Check(folder=str(repository), base="HEAD~1", head=head))


def test_a_checkout_that_fails_says_what_git_says(repository: Path) -> None:
    blob = git(repository, "rev-parse", "HEAD:program.sh")
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()

    with raises_id("checkout_failed", git(repository, "rev-parse", "HEAD")[:12], "fatal: "):
        build(Order(folder=str(repository), reference="HEAD", command=COPY))


def test_a_dirty_tree_is_refused_where_its_commit_is_measured(repository: Path) -> None:
    (repository / "program.sh").write_text("changed\n")

    with raises_id("uncommitted_changes", "program.sh") as caught:
        check(Check(folder=str(repository), base="HEAD~1", head="HEAD"))

    assert "--head ." in caught.value.hint
    check(Check(folder=str(repository), base="HEAD~1", head="."))
    check(Check(folder=str(repository), base="HEAD", head="HEAD~1"))


def test_a_stash_that_git_tells_of_is_no_change(repository: Path) -> None:
    (repository / "program.sh").write_text("changed\n")
    git(repository, "stash")
    git(repository, "config", "status.showStash", "true")
    git(repository, "config", "status.branch", "true")

    for head in ("HEAD", "."):
        check(Check(folder=str(repository), base="HEAD~1", head=head))


def test_the_base_is_a_commit(repository: Path) -> None:
    with raises_id("option_conflict", "--base"):
        check(Check(folder=str(repository), base=".", head="HEAD"))


def test_a_cache_that_others_may_write_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    user_cache.folder("builds").chmod(0o777)

    with raises_id("cache_unsafe"):
        user_cache.folder("builds")


def test_compilers_that_a_command_names_tell_their_version(tmp_path: Path) -> None:
    assert set(toolchains("python3 -c 1 && make", tmp_path)) <= {"python3", "make"}
    assert "python3" in toolchains("python3 -m build", tmp_path)
    assert set(toolchains("./build.sh", tmp_path)) <= {"cc", "go", "rustc"}


def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a compiler before all others on PATH."""
    program = tmp_path / "bin" / "zig"
    program.parent.mkdir()
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


def test_compilers_are_asked_where_the_build_ran(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler(tmp_path, monkeypatch, '#!/bin/sh\necho "zig $(cat program.sh made | tr \'\\n\' " ")"\n')

    built = build(Order(folder=str(repository), reference="HEAD~1", command=f"{COPY} && echo zig > made"))

    assert built.build.toolchains == {"zig": "zig #!/bin/sh echo 1 zig"}


@pytest.mark.parametrize("script", ["#!/bin/sh\nexec sleep 60\n", "#!/nowhere/sh\n", "not for this machine"])
def test_a_compiler_that_does_not_answer_has_no_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setattr("harness.builds.build._LONGEST_ANSWER_S", 0.1)
    compiler(tmp_path, monkeypatch, script)

    assert toolchains("zig build", tmp_path) == {}


def test_a_build_has_the_callers_environment(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLAVOUR", "sweet")
    built = build(Order(folder=str(repository), reference="HEAD", command='printf "%s" "$FLAVOUR" > {out}'))

    assert Path(built.out).read_text() == "sweet"
    assert isinstance(built.build, Build)
    assert os.environ["FLAVOUR"] == "sweet"
