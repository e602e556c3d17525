"""What the user brings to be measured, as typed on the command line, to subjects of the plan."""

import os
import re
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.errors import UsageFault
from harness.model import SubjectPlan, SubjectSource
from harness.subjects.fetch import base
from harness.subjects.registry import SUBJECTS
from harness.subprocesses import in_folder

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # it becomes the name of a file
_MOST_DIGITS = 20
_EXAMPLES = {
    "--exec": "--exec mine='./mydaemon --interface wt0'",
    "--pid": "--pid mine=$(pidof mydaemon)",
    "--pprof": "--pprof mine=http://127.0.0.1:6060",
}


def guests(executed: Sequence[str], observed: Sequence[str], profiled: Sequence[str]) -> tuple[SubjectPlan, ...]:
    """Read ``NAME=COMMAND``, ``NAME=PID`` and ``NAME=URL``; UsageFault naming what is wrong.

    A command is split as a shell would, and started without one, in the present folder.
    """
    found: dict[str, SubjectPlan] = {}
    for option, texts in (("--exec", executed), ("--pid", observed)):
        for text in texts:
            name, value = _split(option, text)
            if name in found or name in SUBJECTS:
                taken = "a subject that netchurn brings" if name in SUBJECTS else "given twice"
                raise UsageFault(f"{option} {name}: the name is {taken}", "choose another name")
            found[name] = _executed(name, value) if option == "--exec" else _observed(name, value)
    for text in profiled:
        name, url = _split("--pprof", text)
        if name not in found:
            raise UsageFault(f"--pprof {name}: no --exec and no --pid has this name", _EXAMPLES["--pprof"])
        try:
            base(url)
        except ValueError as cause:
            raise UsageFault(f"--pprof {name}: {cause}", _EXAMPLES["--pprof"]) from None
        found[name] = msgspec.structs.replace(found[name], language="go", pprof=url)
    return tuple(found.values())


def _split(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not value.strip() or not _NAME.fullmatch(name):
        raise UsageFault(f"{option} {text!r} is not of the form NAME=VALUE", f"for example {_EXAMPLES[option]}")
    return name, value


def _executed(name: str, text: str) -> SubjectPlan:
    try:
        words = shlex.split(text)
    except ValueError as cause:
        raise UsageFault(f"--exec {name}: {text!r} cannot be split: {cause}", "quote it as for a shell") from None
    if text != os.fsencode(text).decode(errors="replace"):
        raise UsageFault(f"--exec {name}: {text!r} is not UTF-8, as a result is", "put it into a script, and name that")
    program = shutil.which(words[0]) if words else None
    if program is None:
        raise UsageFault(
            f"--exec {name}: no program {words[0] if words else text!r} here or on PATH",
            f"give its path; for a shell's own words: --exec {name}='sh -c \"...\"'",
        )
    return _plan(name, "exec", command=in_folder(Path.cwd(), program, words[1:]))


def _observed(name: str, text: str) -> SubjectPlan:
    if not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS:
        raise UsageFault(f"--pid {name}: {text!r} is no process id", _EXAMPLES["--pid"])
    pid = int(text)
    if pid == os.getpid():
        raise UsageFault(f"--pid {name}: {pid} is netchurn itself", "a shell observes itself as --pid self=$$")
    if pid == 0 or not Path(f"/proc/{pid}").is_dir():
        raise UsageFault(f"--pid {name}: there is no process {pid}", "ps -e lists those there are")
    if "VmRSS:" not in _status(pid):
        what = "a kernel thread, or one that has ended"
        raise UsageFault(f"--pid {name}: process {pid} has no memory: {what}", "ps -e lists those there are")
    return _plan(name, "pid", pid=pid)


def _status(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text(errors="replace")
    except OSError:
        return ""


def _plan(name: str, origin: SubjectSource, *, command: tuple[str, ...] = (), pid: int | None = None) -> SubjectPlan:
    return SubjectPlan(
        name=name,
        role="alternative",
        language="unknown",
        accounting=None,
        polls=False,
        source=origin,
        command=command,
        pid=pid,
    )
