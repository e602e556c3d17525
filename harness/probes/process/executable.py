"""What a process executes: its argument list, and digests of its executable and of the script behind an interpreter.

Read from ``/proc`` once the process is ready, so that a wrapper which executed another program has done so. A file that
the process's own user may not read is not read: under sudo this process is root, and the argument list is the program's
own choice.
"""

import hashlib
import os
import re
import stat
from pathlib import Path

from harness.model import Executable

_INTERPRETERS = re.compile(r"(python|perl|ruby|node|php|lua|tclsh|bash|dash|ksh|zsh|sh|busybox)[0-9.]*")
_CHUNK_BYTES = 1 << 20


def read(pid: int) -> Executable:
    """Identify the program of a process; a field is None where the kernel, or the file's owner, does not let us."""
    proc = Path(f"/proc/{pid}")
    argv = _argv(proc)
    script = _script(proc, argv or ()) if _is_interpreter(proc) else None
    return Executable(
        argv=argv,
        sha256=_digest(proc / "exe", _user(proc), executable=True),
        script=script,
        script_sha256=_digest(_inside(proc, script), _user(proc)) if script else None,
    )


def _argv(proc: Path) -> tuple[str, ...] | None:
    try:
        words = (proc / "cmdline").read_bytes().removesuffix(b"\0").split(b"\0")
    except OSError:
        return None
    return tuple(word.decode(errors="replace") for word in words) if words != [b""] else None


def _user(proc: Path) -> int | None:
    try:
        return proc.stat().st_uid
    except OSError:
        return None


def _is_interpreter(proc: Path) -> bool:
    try:
        return _INTERPRETERS.fullmatch((proc / "exe").readlink().name) is not None
    except OSError:
        return False


def _script(proc: Path, argv: tuple[str, ...]) -> str | None:
    """Return the first argument that is a file: interpreters take their options before the script."""
    for word in argv[1:]:
        if word in {"-c", "-m", "-e"}:
            return None
        if not word.startswith("-"):
            try:
                if stat.S_ISREG(_inside(proc, word).stat().st_mode):
                    return word
            except OSError:
                continue  # the value of an option
    return None


def _inside(proc: Path, word: str) -> Path:
    return proc / "root" / word.lstrip("/") if word.startswith("/") else proc / "cwd" / word


def _digest(path: Path, user: int | None, *, executable: bool = False) -> str | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        facts = os.fstat(descriptor)
        readable = facts.st_mode & stat.S_IROTH or facts.st_uid == user or executable
        return _hashed(descriptor) if stat.S_ISREG(facts.st_mode) and readable else None
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _hashed(descriptor: int) -> str:
    digest = hashlib.sha256()
    while chunk := os.read(descriptor, _CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()
