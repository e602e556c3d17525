"""Build one commit into a folder of its own, or take what was built before."""

import hashlib
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import msgspec

from harness import user_cache
from harness.builds.folders import RECORD, clear, held
from harness.builds.interruption import run
from harness.builds.repository import WORKING_TREE, Repository
from harness.errors import UsageFault
from harness.model import Build, Model

OUT = "{out}"
_COMPILERS = ("cc", "gcc", "clang", "g++", "go", "rustc", "cargo", "python3", "node", "javac", "make", "cmake", "zig")
_USUAL = ("cc", "go", "rustc")  # of a build script that names no compiler
_ASKED = {"go": ("go", "version"), "javac": ("javac", "-version")}
_LONGEST_CAUSE = 300
_LONGEST_ANSWER_S = 30.0


class Check(Model, frozen=True, kw_only=True, tag="check"):
    """Two references of the repository around ``folder`` that are to be measured as before and after."""

    folder: str
    base: str
    head: str


class Order(Model, frozen=True, kw_only=True, tag="build"):
    """What is to be built: a reference of the repository around ``folder``, by a shell command with ``{out}``."""

    folder: str
    reference: str
    command: str


class Built(Model, frozen=True, kw_only=True):
    """What was built: the path that stands for ``{out}``, and how it came about."""

    out: str
    build: Build


class Fault(Model, frozen=True, kw_only=True):
    """Why nothing was built, and what to do about it."""

    id: str
    message: str
    hint: str


def check(asked: Check) -> None:
    """Refuse references that name nothing, or not what they seem to name; UsageFault."""
    repository = Repository(Path(asked.folder))
    if asked.base == WORKING_TREE:
        raise UsageFault(
            "option_conflict", "--base is the working tree", "--base HEAD --head . compares it with its commit"
        )
    _, head = repository.commit(asked.base), repository.commit(asked.head)
    changes = repository.files_changed() if head == repository.commit("HEAD") else ()
    if asked.head != WORKING_TREE and changes:
        raise UsageFault(
            "uncommitted_changes",
            f"the working tree has changes that {asked.head} does not have, in {changes[0]}",
            "commit them, or measure them with --head .",
        )


def build(order: Order) -> Built:
    """Return the build of a commit; UsageFault where it cannot be made, and then nothing of it is left."""
    repository = Repository(Path(order.folder))
    commit = repository.commit(order.reference)
    changes = repository.files_changed() if order.reference == WORKING_TREE else ()
    kept = user_cache.folder("builds") / _key(repository, commit, order.command, changes)
    record = kept / RECORD
    with held(kept):
        if not record.is_file():
            clear(kept)  # of what an earlier build left that was killed
            made = _make(repository, order, commit, (kept, changes))
            draft = kept / "draft"
            draft.write_bytes(msgspec.json.encode(made))
            draft.rename(record)
        return Built(out=str(kept / "out"), build=msgspec.json.decode(record.read_bytes(), type=Build))


def _key(repository: Repository, commit: str, command: str, changes: tuple[str, ...]) -> str:
    """Name a build: 32 hexadecimal digits."""
    what = (str(repository.top), repository.prefix, commit, command, "")
    found = hashlib.sha256("\0".join(what).encode(errors="surrogateescape"))
    for name in sorted(changes):
        path = repository.top / name
        content = _content(path)
        mode = path.lstat().st_mode if os.path.lexists(path) else 0
        found.update(f"{name}\0{mode}\0{len(content)}\0".encode(errors="surrogateescape") + content)
    return found.hexdigest()[:32]


def _content(path: Path) -> bytes:
    if path.is_symlink():
        return os.fsencode(path.readlink())
    return path.read_bytes() if path.is_file() else b""


def _make(repository: Repository, order: Order, commit: str, place: tuple[Path, tuple[str, ...]]) -> Build:
    """Build where it is kept, and not elsewhere to move it: what is built may hold its own path."""
    kept, changes = place
    with repository.worktree(commit, kept / "source") as source:
        repository.overlay(source, changes)
        folder = _below(source, repository.prefix, commit)
        _run(order, commit, folder, kept / "out")
        versions = toolchains(order.command, folder)
    return Build(commit=commit, dirty=bool(changes), command=order.command, toolchains=versions)


def _below(source: Path, prefix: str, commit: str) -> Path:
    """Return the folder of a worktree that is the caller's in the working tree; UsageFault where a commit has none."""
    folder = source / prefix
    if not folder.is_dir():
        raise UsageFault(
            "build_failed", f"{commit[:12]} has no folder {prefix} to build in", "cd to a folder that both commits have"
        )
    return folder


def _run(order: Order, commit: str, folder: Path, out: Path) -> None:
    line = order.command.replace(OUT, shlex.quote(str(out)))
    done = run(["sh", "-c", line], cwd=folder, env=_environment(), stderr=subprocess.STDOUT)
    what = f"the build of {order.reference} ({commit[:12]})"
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise UsageFault(
            "build_failed",
            f"{what} failed with status {done.returncode}: {_reason(said)[:_LONGEST_CAUSE]}",
            f"git checkout {commit[:12]} && {order.command.replace(OUT, '/tmp/out')}",  # noqa: S108 - a hint to type
        )
    if not out.exists():
        raise UsageFault("build_failed", f"{what} made nothing at {OUT}", f"let the build command write to {OUT}")


def _reason(lines: list[str]) -> str:
    """Return the first line that names an error, as a compiler's last one seldom does; else the last."""
    return next((line for line in lines if "error" in line.lower()), lines[-1]).strip()


def _environment() -> dict[str, str]:
    """Return the caller's environment, without the search path that netchurn puts before the caller's own."""
    _, _, own = os.environ.get("PYTHONPATH", "").partition(os.pathsep)
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHASHSEED"}}
    return {**kept, **({"PYTHONPATH": own} if own else {})}


def toolchains(command: str, folder: Path) -> dict[str, str]:
    """Ask the compilers that a command names for their versions; the usual ones where it names none.

    Files of the ``folder`` that is built, such as go.mod and rust-toolchain.toml, choose which version runs.
    """
    words = set(re.findall(r"[\w+]+", command))
    named = [name for name in _COMPILERS if name in words and name not in {"make", "cmake"}]
    tools = [*named, *(name for name in ("make", "cmake") if name in words)] if named else [*_USUAL]
    return {name: version for name in tools if shutil.which(name) and (version := _version(name, folder))}


def _version(name: str, folder: Path) -> str | None:
    try:
        done = subprocess.run(
            _ASKED.get(name, (name, "--version")),
            check=False,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(),
            timeout=_LONGEST_ANSWER_S,
        )
    except (subprocess.TimeoutExpired, OSError):
        return None
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    return lines[0] if lines and not done.returncode else None
