"""The git repository that the commits come from: what a reference names, and a folder with its files."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.builds.folders import remove
from harness.builds.interruption import run, uninterrupted
from harness.errors import UsageFault

WORKING_TREE = "."
"""What ``--head`` is called when the files of the working tree are meant, committed or not."""

_BEFORE_NAME = {"1": 8, "u": 10}  # fields of an entry of git-status(1), porcelain 2: changed, and unmerged
_TRUST = "safe.directory"  # the setting that git names, in every language, where a repository is another user's


class _Refusal(Exception):
    """Git did not do what it was asked; ``said`` has its lines on standard error."""

    def __init__(self, said: list[str]) -> None:
        super().__init__(*said[-1:])
        self.said = said

    def fault(self, id: str, message: str, hint: str) -> UsageFault:  # noqa: A002 - the fault's field
        """Tell it in git's own words; what git advises where a repository is another user's is the hint."""
        last = next((line for line in reversed(self.said) if line.startswith("fatal: ")), self.args[0])
        advice = (line.strip() for line in self.said if _TRUST in line)
        return UsageFault(id, f"{message}: {last}", next(advice, hint))


class Repository:
    """A git repository: ``top`` is the folder of its working tree, ``prefix`` leads from there to the folder given."""

    def __init__(self, folder: Path) -> None:
        """Find the repository around a folder; UsageFault where there is none, or no git."""
        if shutil.which("git") is None:
            raise UsageFault("tool_missing", "git is not on PATH", "install git")
        self.top = folder
        try:
            self.prefix = self._git("rev-parse", "--show-prefix")
            self.top = Path(self._git("rev-parse", "--show-toplevel"))
        except _Refusal as cause:
            message, hint = f"git reads no repository around {folder}", "cd to the repository of your program"
            raise cause.fault("no_repository", message, hint) from None

    def commit(self, reference: str) -> str:
        """Resolve a reference to the full id of a commit; UsageFault where it names none."""
        name = "HEAD" if reference == WORKING_TREE else reference
        try:
            return self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        except _Refusal:
            raise UsageFault(
                "unknown_commit",
                f"{reference!r} names no commit of {self.top}",
                "git log --oneline shows those there are",
            ) from None

    def files_changed(self) -> tuple[str, ...]:
        """List files of the working tree that are not as in HEAD; new ones count once git was told by ``git add``.

        UsageFault where a submodule is among them, of which ``overlay`` knows nothing.
        """
        changes = self._status()
        for name in (name for name, is_submodule in changes if is_submodule):
            raise UsageFault(
                "uncommitted_changes",
                f"the submodule {name} is not as HEAD has it, and --head . takes changes of files alone",
                f"commit and push in {name}, git commit {name}, and measure --head HEAD",
            )
        return tuple(name for name, _ in changes)

    def _status(self) -> list[tuple[str, bool]]:
        """List what is changed, and of each whether it is a submodule."""
        # Not the untracked: results and reports of earlier runs lie among them.
        try:
            told = self._git("status", "--porcelain=v2", "--untracked-files=no", "-z", "--no-renames")
        except _Refusal as cause:
            message = f"git does not tell what is changed in {self.top}"
            raise cause.fault("no_repository", message, "see what git status says there") from None
        # A header begins with #: status.showStash and status.branch add some.
        entries = (entry for entry in told.split("\0") if entry and not entry.startswith("#"))
        cut = (entry.split(" ", _BEFORE_NAME[entry[0]]) for entry in entries)
        return [(fields[-1], fields[2].startswith("S")) for fields in cut]

    @contextmanager
    def worktree(self, commit: str, folder: Path) -> Iterator[Path]:
        """Check a commit out in ``folder``, in the place of what is there, and take it away again afterwards."""
        self._remove(folder)  # of a build that was killed git may still know a worktree there
        try:
            self._check_out(commit, folder)
            yield folder
        finally:
            with uninterrupted():
                self._remove(folder)

    def _check_out(self, commit: str, folder: Path) -> None:
        try:
            self._git("worktree", "add", "--detach", "--quiet", str(folder), commit)
            if (folder / ".gitmodules").is_file():
                # What --init does would stay in the repository's configuration: .git/config is that of all worktrees.
                update = ("-c", "submodule.active=.", "submodule", "update", "--recursive", "--quiet")
                self._git("-C", str(folder), *update)
        except _Refusal as cause:
            message, hint = f"git cannot check {commit[:12]} out in {folder}", "repair what git names, and try again"
            raise cause.fault("checkout_failed", message, hint) from None

    def _remove(self, folder: Path) -> None:
        """Remove a worktree, and what git knows of it.

        ``git worktree prune`` would forget the user's own worktrees as well whose folders are not there just now.
        """
        command = ("worktree", "remove", "--force", "--force", str(folder))
        if folder.is_symlink():  # of a build: git would remove the worktree that it leads to
            remove(folder)
        try:
            self._git(*command)
        except _Refusal:  # a build may have removed its .git; without a folder git asks for none
            remove(folder)
            with suppress(_Refusal):
                self._git(*command)

    def overlay(self, folder: Path, changes: tuple[str, ...]) -> None:
        """Bring the changes of the working tree into a worktree of its HEAD."""
        for name in sorted(changes):  # all of them first: nothing is removed through a link that is new
            remove(folder / name)
        for name in changes:
            source, target = self.top / name, folder / name
            below_link = any((self.top / parent).is_symlink() for parent in Path(name).parents)
            if not below_link and (source.is_symlink() or source.is_file()):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target, follow_symlinks=False)

    def _git(self, *arguments: str) -> str:
        """Return what git prints; _Refusal where it fails."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = run(["git", "-C", str(self.top), *arguments], env=environment, stderr=subprocess.PIPE)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise _Refusal(said or [f"git ended with status {done.returncode}"])
        return done.stdout.decode(errors="surrogateescape").removesuffix("\n")
