"""The git repository that the commits come from: what a reference names, and a folder with its files."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.builds.folders import remove
from harness.errors import UsageFault

WORKING_TREE = "."
"""What ``--head`` is called when the files of the working tree are meant, committed or not."""

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

    def changes(self) -> tuple[str, ...]:
        """List files of the working tree that are not as in HEAD; new ones count once git was told by ``git add``."""
        # Not the untracked: results and reports of earlier runs lie among them.
        try:
            told = self._git("status", "--porcelain", "--untracked-files=no", "-z", "--no-renames")
        except _Refusal as cause:
            message = f"git does not tell what is changed in {self.top}"
            raise cause.fault("no_repository", message, "see what git status says there") from None
        return tuple(entry[3:] for entry in told.split("\0") if entry)

    @contextmanager
    def worktree(self, commit: str, folder: Path) -> Iterator[Path]:
        """Check a commit out in ``folder``, in the place of what is there, and take it away again afterwards."""
        self._remove(folder)  # of a build that was killed git may still know a worktree there
        try:
            self._check_out(commit, folder)
            yield folder
        finally:
            self._remove(folder)

    def _check_out(self, commit: str, folder: Path) -> None:
        try:
            self._git("worktree", "add", "--detach", "--quiet", str(folder), commit)
        except _Refusal as cause:
            message, hint = f"git cannot check {commit[:12]} out in {folder}", "repair what git names, and try again"
            raise cause.fault("checkout_failed", message, hint) from None

    def _remove(self, folder: Path) -> None:
        """Take a worktree away, and what git knows of it.

        ``git worktree prune`` would forget the user's own worktrees as well whose folders are not there just now.
        """
        command = ("worktree", "remove", "--force", "--force", str(folder))
        try:
            self._git(*command)
        except _Refusal:  # a build may have removed its .git; without a folder git asks for none
            remove(folder)
            with suppress(_Refusal):
                self._git(*command)

    def overlay(self, folder: Path, changes: tuple[str, ...]) -> None:
        """Bring the changes of the working tree into a worktree of its HEAD."""
        for name in changes:
            source, target = self.top / name, folder / name
            target.unlink(missing_ok=True)
            if source.is_symlink() or source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target, follow_symlinks=False)

    def _git(self, *arguments: str) -> str:
        """Return what git prints; _Refusal where it fails."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ["git", "-C", str(self.top), *arguments],
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise _Refusal(said or [f"git ended with status {done.returncode}"])
        return done.stdout.decode(errors="surrogateescape").removesuffix("\n")
