"""Programs that the user brings, on the command line or in a scenario file, to subjects of the plan."""

import os
import re
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import msgspec

from harness.errors import UsageFault
from harness.model import Recorder, Role, SubjectPlan
from harness.subjects.fetch import base
from harness.subjects.registry import SUBJECTS
from harness.subprocesses import in_folder

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # it becomes the name of a file
_MOST_DIGITS = 20
_EXAMPLES = {
    "--exec": "--exec mine='./mydaemon --interface wt0'",
    "--before": "--before old='./mydaemon-1.0 {ifname}'",
    "--after": "--after new='./mydaemon-1.1 {ifname}'",
    "--pid": "--pid mine=$(pidof mydaemon)",
    "--pprof": "--pprof mine=http://127.0.0.1:6060",
    "--record": "--record mine=memray",
    "--detect": "--detect mine=exit, or a pattern that a line of its log matches: --detect mine='wt0 is gone'",
}
_ROLES: dict[str, Role] = {"--before": "before", "--after": "after", "--exec": "alternative"}
IFNAME = "{ifname}"


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program that is measured, as a scenario file declares it.

    ``command`` is split as a shell would and started without one; ``{ifname}`` in it is the watched interface.
    ``folder`` is where it starts, the present folder by default. ``ready`` is a regular expression: the program is
    ready once a line of its output matches; without one it has a second to say ``ready`` by the protocol. ``pprof`` is
    where it serves Go's profiles. ``detect`` is how it shows that it noticed an event: ``exit``, ``protocol``, or a
    regular expression on its output. ``record`` names what records the allocations of a copy of it.
    """

    name: str
    command: str
    role: Role = "alternative"
    environment: dict[str, str] = field(default_factory=dict)
    folder: str | None = None
    ready: str | None = None
    pprof: str | None = None
    detect: str | None = None
    record: tuple[str, ...] = ()


def external_subjects(  # noqa: PLR0913 - one parameter an option
    executed: Sequence[str],
    observed: Sequence[str],
    profiled: Sequence[str],
    *,
    before: Sequence[str] = (),
    after: Sequence[str] = (),
    detected: Sequence[str] = (),
    recorded: Sequence[str] = (),
) -> tuple[SubjectPlan, ...]:
    """Read ``NAME=COMMAND``, ``NAME=PID`` and ``NAME=URL``; UsageFault naming what is wrong."""
    found: dict[str, SubjectPlan] = {}
    for option, texts in (("--before", before), ("--after", after), ("--exec", executed), ("--pid", observed)):
        for text in texts:
            name, value = _split(option, text)
            _check_name(option, name, found)
            found[name] = (
                _observed(name, value)
                if option == "--pid"
                else _executed(option, Program(name=name, command=value, role=_ROLES[option]))
            )
    more = (("--pprof", profiled, _profiled), ("--detect", detected, _detecting), ("--record", recorded, _recorded))
    for option, texts, change in more:
        for text in texts:
            name, value = _split(option, text)
            found[name] = change(option, _known(option, name, found), value)
    return tuple(found.values())


def declared(program: Program) -> SubjectPlan:
    """Turn a program of a scenario file into a subject of the plan; UsageFault naming what is wrong."""
    where = "the program"
    if not _NAME.fullmatch(program.name):
        raise UsageFault(
            "bad_name", f"{where} {program.name!r}: a name has letters, digits, dots and hyphens", "choose another"
        )
    _check_name(where, program.name, {})
    subject = _executed(where, program)
    if program.ready is not None:
        subject = msgspec.structs.replace(subject, ready=_pattern(where, program.name, program.ready))
    if program.pprof is not None:
        subject = _profiled(where, subject, program.pprof)
    for how in program.record:
        subject = _recorded(where, subject, how)
    return subject if program.detect is None else _detecting(where, subject, program.detect)


def command(subject: SubjectPlan, ifname: str) -> tuple[str, ...]:
    """Return the argument list of a program, told the name of the watched interface."""
    return tuple(word.replace(IFNAME, ifname) for word in subject.command)


def _split(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not value.strip() or not _NAME.fullmatch(name):
        raise UsageFault(
            "bad_option_value", f"{option} {text!r} is not of the form NAME=VALUE", f"for example {_EXAMPLES[option]}"
        )
    return name, value


def _check_name(option: str, name: str, taken: dict[str, SubjectPlan]) -> None:
    if name in taken or name in SUBJECTS:
        why = "a subject that netchurn brings" if name in SUBJECTS else "given twice"
        raise UsageFault("bad_name", f"{option} {name}: the name is {why}", "choose another name")


def _known(option: str, name: str, found: dict[str, SubjectPlan]) -> SubjectPlan:
    if name not in found:
        raise UsageFault(
            "unknown_subject",
            f"{option} {name}: no --before, --after, --exec and no --pid has this name",
            _EXAMPLES[option],
        )
    return found[name]


def _profiled(option: str, subject: SubjectPlan, url: str) -> SubjectPlan:
    try:
        base(url)
    except ValueError as cause:
        raise UsageFault("bad_option_value", f"{option} {subject.name}: {cause}", _EXAMPLES["--pprof"]) from None
    return msgspec.structs.replace(subject, language="go", pprof=url)


def _recorded(option: str, subject: SubjectPlan, how: str) -> SubjectPlan:
    if subject.source == "pid":
        raise UsageFault(
            "option_conflict", f"{option} {subject.name}: of a process that runs already no copy is made", "use --exec"
        )
    if how not in get_args(Recorder):
        raise UsageFault(
            "bad_option_value",
            f"{option} {subject.name}: no recorder is called {how!r}",
            f"choose from {', '.join(get_args(Recorder))}",
        )
    recorder: Recorder = how  # type: ignore[assignment]  # it is one of them
    return msgspec.structs.replace(subject, record=tuple(dict.fromkeys((*subject.record, recorder))))


def _detecting(option: str, subject: SubjectPlan, how: str) -> SubjectPlan:
    if subject.source == "pid":
        raise UsageFault(
            "option_conflict",
            f"{option} {subject.name}: no events are played to a process that runs already",
            "use --exec",
        )
    return msgspec.structs.replace(
        subject, detect=how if how in {"exit", "protocol"} else _pattern(option, subject.name, how)
    )


def _pattern(option: str, name: str, text: str) -> str:
    try:
        re.compile(text.encode())
    except (re.error, OverflowError, RecursionError, UnicodeEncodeError) as cause:
        raise UsageFault(
            "bad_option_value", f"{option} {name}: {text!r} is no regular expression: {cause}", _EXAMPLES["--detect"]
        ) from None
    return text


def _executed(option: str, program: Program) -> SubjectPlan:
    name, text = program.name, program.command
    words = _words(option, name, text)
    folder = Path(program.folder or ".").absolute()
    found = _found(words[0], folder) if words else None
    if found is None:
        raise UsageFault(
            "program_not_found",
            f"{option} {name}: no program {words[0] if words else text!r} here or on PATH",
            f"give its path; for a shell's own words: {option} {name}='sh -c \"...\"'",
        )
    if not _is_utf8(f"{folder}{found}"):
        raise UsageFault(
            "bad_option_value",
            f"{option} {name}: the folder {str(folder)!r} has a name that is not UTF-8, as a result is",
            "start it in another folder",
        )
    return SubjectPlan(
        name=name,
        role=program.role,
        language="unknown",
        accounting=None,
        polls=False,
        source="exec",
        command=in_folder(folder, found, words[1:]),
        environment=program.environment,
    )


def _words(option: str, name: str, text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as cause:
        raise UsageFault(
            "bad_option_value", f"{option} {name}: {text!r} cannot be split: {cause}", "quote it as for a shell"
        ) from None
    if not _is_utf8(text):
        raise UsageFault(
            "bad_option_value",
            f"{option} {name}: {text!r} is not UTF-8, as a result is",
            "put it into a script, and name that",
        )
    return words


def _is_utf8(text: str) -> bool:
    return text == os.fsencode(text).decode(errors="replace")


def _found(word: str, folder: Path) -> str | None:
    """Find a program as a shell in that folder would."""
    return shutil.which(str(folder / word) if os.sep in word else word)


def _observed(name: str, text: str) -> SubjectPlan:
    if not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS:
        raise UsageFault("bad_option_value", f"--pid {name}: {text!r} is no process id", _EXAMPLES["--pid"])
    pid = int(text)
    if pid == os.getpid():
        raise UsageFault(
            "process_not_observable",
            f"--pid {name}: {pid} is netchurn itself",
            "a shell observes itself as --pid self=$$",
        )
    if pid == 0 or not Path(f"/proc/{pid}").is_dir():
        raise UsageFault(
            "process_not_observable", f"--pid {name}: there is no process {pid}", "ps -e lists those there are"
        )
    if "VmRSS:" not in _status(pid):
        what = "a kernel thread, or one that has ended"
        raise UsageFault(
            "process_not_observable",
            f"--pid {name}: process {pid} has no memory: {what}",
            "ps -e lists those there are",
        )
    return SubjectPlan(
        name=name, role="alternative", language="unknown", accounting=None, polls=False, source="pid", pid=pid
    )


def _status(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text(errors="replace")
    except OSError:
        return ""
