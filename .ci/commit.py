"""A build hook: the wheel and the sdist carry the commit that they were built from, as ``harness/commit.txt``.

Built from an sdist, or from any tree that is no checkout, they carry what that tree carries, or nothing.
"""

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAME = "harness/commit.txt"
DESCRIBE = ("describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")


class CommitHook(BuildHookInterface[Any]):
    """Adds one file to what is built; writes nothing into the tree."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Ask git, where this is a checkout."""
        if version == "editable" or not (Path(self.root) / ".git").exists():
            return
        commit = self._commit()
        if commit:
            self._folder = tempfile.TemporaryDirectory(prefix="netchurn-build-")
            path = Path(self._folder.name) / "commit.txt"
            path.write_text(commit)
            build_data["force_include"][str(path)] = NAME

    def _commit(self) -> str:
        argv = ["git", "-C", self.root, *DESCRIBE]
        try:
            return subprocess.run(argv, check=False, capture_output=True, text=True).stdout
        except OSError:
            return ""
