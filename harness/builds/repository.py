"""The git repository that the commits come from: what a reference names, and a folder with its files."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import UsageFault

WORKING_TREE = "."
"""What ``--head`` is called when the files of the working tree are meant, committed or not."""


class Repository:
    """A git repository, by the folder of its working tree."""

    def __init__(self, folder: Path) -> None:
        """Find the repository around a folder; UsageFault where there is none, or no git."""
        if shutil.which("git") is None:
            raise UsageFault("tool_missing", "git is not on PATH", "install git")
        self.top = folder
        found = self._try("rev-parse", "--show-toplevel")
        if found is None:
            raise UsageFault(
                "no_repository", f"{folder} is in no git repository", "cd to the repository of your program"
            )
        self.top = Path(found)

    def commit(self, reference: str) -> str:
        """Resolve a reference to the full id of a commit; UsageFault where it names none."""
        name = "HEAD" if reference == WORKING_TREE else reference
        found = self._try("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if found is None:
            raise UsageFault(
                "unknown_commit",
                f"{reference!r} names no commit of {self.top}",
                "git log --oneline shows those there are",
            )
        return found

    def changes(self) -> tuple[str, ...]:
        """List files of the working tree that are not as in HEAD; new ones count once git was told by ``git add``."""
        # Not the untracked: results and reports of earlier runs lie among them.
        told = self._try("status", "--porcelain", "--untracked-files=no", "-z", "--no-renames") or ""
        return tuple(entry[3:] for entry in told.split("\0") if entry)

    @contextmanager
    def worktree(self, commit: str, folder: Path) -> Iterator[Path]:
        """Check a commit out in ``folder``, which must not exist, and take it away again afterwards."""
        try:
            if self._try("worktree", "add", "--detach", "--quiet", str(folder), commit) is None:
                raise UsageFault(
                    "checkout_failed",
                    f"git cannot check {commit[:12]} out in {folder}",
                    "git worktree prune, and try again",
                )
            yield folder
        finally:
            self._remove(folder)

    def _remove(self, folder: Path) -> None:
        """Take a worktree away, and what git knows of it.

        ``git worktree prune`` would forget the user's own worktrees as well whose folders are not there just now.
        """
        remove = ("worktree", "remove", "--force", "--force", str(folder))
        if self._try(*remove) is None:  # a build may have removed its .git; without a folder git asks for none
            shutil.rmtree(folder, ignore_errors=True)
            self._try(*remove)

    def overlay(self, folder: Path, changes: tuple[str, ...]) -> None:
        """Bring the changes of the working tree into a worktree of its HEAD."""
        for name in changes:
            source, target = self.top / name, folder / name
            target.unlink(missing_ok=True)
            if source.is_symlink() or source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target, follow_symlinks=False)

    def _try(self, *arguments: str) -> str | None:
        """Return what git prints, or None where it fails."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ["git", "-C", str(self.top), *arguments],
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
        return done.stdout.decode(errors="surrogateescape").removesuffix("\n") if done.returncode == 0 else None
