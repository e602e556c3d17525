"""What a machine, or a program of others, can do to a run: each fault with the outcome that it must have."""

import os
import random
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.chaos.kills import INVALID, MEASURED, NOT_MEASURED
    from tests.chaos.runs import HANG_S, OWN, PACKAGE, Run, Verdict
else:
    from kills import INVALID, MEASURED, NOT_MEASURED
    from runs import HANG_S, OWN, PACKAGE, Run, Verdict

LEAST_SPARE = 66 * 2**20  # below it a run does not even begin
NOBODY = 60_017
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all")
IN_USER_NAMESPACE = ("unshare", "--user", "--map-root-user", "--", "sh", "-c")


class Fault(NamedTuple):
    """One fault; ``words`` must be in what the run says, unless it came to its end all the same."""

    name: str
    make: Callable[[Path, random.Random], Run]
    statuses: frozenset[int]
    words: str = ""
    needs: Callable[[], bool] = lambda: True
    tries: int = 1


def attempt(fault: Fault, folder: Path, seed: str) -> Verdict:
    """Let a run meet the fault once."""
    run = fault.make(folder, random.Random(f"{seed} {fault.name}"))  # noqa: S311 - repeatable
    run.note_worlds()
    verdict = run.judge(None)
    if (folder / "disk").exists():
        subprocess.run(["umount", "--lazy", str(folder / "disk")], check=True)
    if verdict.status not in fault.statuses:
        verdict.wrong.append(f"status {verdict.status}: {run.said()[-600:]}")
    if verdict.status in {NOT_MEASURED, INVALID} and fault.words not in run.said():
        verdict.wrong.append(f"it does not say {fault.words!r}: {run.said()[-600:]}")
    return verdict


def is_root() -> bool:
    return os.geteuid() == 0


def nobody_runs_this() -> bool:
    """Say whether a user without rights can load this Python and this package."""
    words = [*AS_NOBODY, "sh", "-c", '"$@"', "sh", sys.executable, "-c", "import harness.cli, memray"]
    return is_root() and subprocess.run(words, check=False, capture_output=True, cwd=PACKAGE).returncode == 0


def _length(chance: random.Random) -> tuple[str, ...]:
    return chance.choice(((), ("--no-profile",)))


# --- the disk ---------------------------------------------------------------------------------------------------------


def _mounted(folder: Path, options: str) -> Path:
    """Mount a small disk in the mount namespace that this program has for itself."""
    disk = folder / "disk"
    disk.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)], check=True)
    return disk


def disk_that_fills(folder: Path, chance: random.Random) -> Run:
    disk = _mounted(folder, f"size={LEAST_SPARE}")
    run = Run(folder, *_length(chance), results=disk / "results")
    run.listen(chance.uniform(0.5, 9.0))
    with (disk / "ballast").open("wb", buffering=0) as ballast:
        try:
            while ballast.write(bytes(65_536)):
                pass
        except OSError:
            return run
    return run


def small_disk(folder: Path, chance: random.Random) -> Run:
    return Run(folder, *_length(chance), results=_mounted(folder, "size=1m") / "results")


def read_only(folder: Path, _: random.Random) -> Run:
    return Run(folder, "--no-profile", results=_mounted(folder, "size=80m,ro") / "results")


def short_files(folder: Path, chance: random.Random) -> Run:
    """Let no file grow beyond a size: a full disk, at whatever stage that size is met."""
    size = int(2 ** chance.uniform(9, 19))
    return Run(folder, *_length(chance), before=("prlimit", f"--fsize={size}"))


# --- limits -----------------------------------------------------------------------------------------------------------


def few_descriptors(folder: Path, chance: random.Random) -> Run:
    return Run(folder, *_length(chance), before=("prlimit", f"--nofile={chance.randint(6, 60)}"))


def few_processes(folder: Path, chance: random.Random) -> Run:
    """Root has no such limit, so a user without any does it."""
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    for name in ("tmp", "home", "results", "reports"):
        (folder / name).mkdir()
        (folder / name).chmod(0o777)
    return Run(folder, *_length(chance), before=(*AS_NOBODY, "prlimit", f"--nproc={chance.randint(1, 30)}"))


def no_namespaces(kind: str) -> Callable[[Path, random.Random], Run]:
    def make(folder: Path, _: random.Random) -> Run:
        limit = f'echo 0 >/proc/sys/user/max_{kind}_namespaces; exec "$@"'
        return Run(folder, "--no-profile", before=(*IN_USER_NAMESPACE, limit, "sh"))

    return make


def kernel_without(*kinds: str) -> Callable[[Path, random.Random], Run]:
    """Put an ``ip`` on PATH that says what the kernel's own refusal would have it say."""

    def make(folder: Path, _: random.Random) -> Run:
        tools = folder / "tools"
        tools.mkdir(parents=True)
        program = tools / "ip"
        lacks = "|".join(f"*'type {kind}'*" for kind in kinds)
        refuse = f'case $lines in {lacks}) echo "Error: Unknown device type." >&2; exit 2;; esac'
        run = 'printf %s "$lines" | PATH=${PATH#*:} ip "$@"'
        program.write_text(f"#!/bin/sh\nlines=$(cat)\n{refuse}\n{run}\n")
        program.chmod(0o755)
        (tools / "wireguard-go").write_text("#!/bin/sh\nexit 1\n")
        (tools / "wireguard-go").chmod(0o755)
        return Run(folder, "--no-profile", before=("sh", "-c", f'PATH={tools}:$PATH exec "$@"', "sh"))

    return make


def two_at_once(folder: Path, chance: random.Random) -> Run:
    """Start two runs of one plan in one folder; the second one is judged, and the first one must be there as well."""
    first = Run(folder / "first", "--no-profile", results=folder / "results")
    second = Run(folder / "second", "--no-profile", results=folder / "results")
    chance.random()
    if first.process.wait(timeout=HANG_S) not in MEASURED:
        second.process.kill()
    return second


# --- programs of others -----------------------------------------------------------------------------------------------

READY = """
import json, os, signal, sys, time
def say(**line):
    print(json.dumps({"at_ns": time.monotonic_ns(), **line}), flush=True)
say(event="ready", ifname="wt0", ifindex=2)
"""
PROGRAMS = {
    "hangs, and ignores SIGTERM": "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)",
    "stops itself": "import os, signal, time; time.sleep(1); os.kill(os.getpid(), signal.SIGSTOP); time.sleep(600)",
    "forks and forks": "import os, time\nfor _ in range(6): os.fork()\ntime.sleep(600)",
    "forks away from its parent": "import os, time\nif os.fork(): os._exit(0)\nos.setsid()\nos.fork()\ntime.sleep(600)",
    "floods its output": "import sys\nwhile True: sys.stdout.write('x' * 65_536)",
    "floods its errors": "import sys\nwhile True: sys.stderr.write('x' * 65_536)",
    "says a line without an end": "import sys, time\nwhile True: sys.stdout.write('{\"event\":' + '[' * 65_536)",
    "sends broken JSON": READY + 'while True: print(\'{"event": "work", \', flush=True); time.sleep(0.01)',
    "sends huge numbers": READY
    + "for _ in sys.stdin: say(event='work', polls=10**400, events=-1, allocated_bytes=1e999)",
    "sends nested JSON": READY + "print('[' * 10**6, flush=True)\ntime.sleep(600)",
    "answers too late": READY + "for _ in sys.stdin: time.sleep(5); say(event='work', polls=1, events=0)",
    "lies about the time": READY + "for _ in sys.stdin: say(event='work', at_ns=-5, polls=1, events=0)",
    "ends before it is ready": "raise SystemExit(7)",
    "closes its streams": "import os, time\nfor n in (0, 1, 2): os.close(n)\ntime.sleep(600)",
    "eats its memory": (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (2**28, 2**28))\nkept = []\n"
        "while True: kept.append(bytearray(2**20))"
    ),
    "kills everybody it may": "import os, time; time.sleep(1); os.kill(-1, 9); time.sleep(600)",
    "signals its parent": "import os, time\nfor n in (1, 2, 15): os.kill(os.getppid(), n)\ntime.sleep(600)",
}


def program(text: str) -> Callable[[Path, random.Random], Run]:
    def make(folder: Path, _: random.Random) -> Run:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "program.py"
        path.write_text(textwrap.dedent(text))
        return Run(folder, "--no-profile", *OWN, "--exec", f"mine={shlex.join([sys.executable, str(path)])}")

    return make


def _programs() -> list[Fault]:
    harmless = frozenset({*MEASURED, INVALID})
    rude = {"kills everybody it may": frozenset({*harmless, NOT_MEASURED}), "signals its parent": harmless}
    return [Fault(f"a program {how}", program(text), rude.get(how, harmless)) for how, text in PROGRAMS.items()]


MAY_FAIL = frozenset({*MEASURED, NOT_MEASURED, INVALID})
OPENBLAS = frozenset({130})  # where it cannot start a thread it sends SIGINT to its own process
ONLY_REFUSED = frozenset({NOT_MEASURED})
NO_SPACE = "free some space"
FAULTS: Sequence[Fault] = (
    Fault("the disk fills", disk_that_fills, MAY_FAIL, NO_SPACE, needs=is_root, tries=16),
    Fault("a disk of 1 MiB", small_disk, ONLY_REFUSED, NO_SPACE, needs=is_root),
    Fault("a read-only disk", read_only, ONLY_REFUSED, "Read-only file system", needs=is_root),
    Fault("no file may grow beyond a size", short_files, MAY_FAIL, tries=16),
    Fault("6 to 60 descriptors", few_descriptors, MAY_FAIL, tries=16),
    Fault("1 to 30 processes", few_processes, MAY_FAIL | OPENBLAS, needs=nobody_runs_this, tries=16),
    Fault("no user namespaces", no_namespaces("user"), ONLY_REFUSED, "max_user_namespaces"),
    Fault("no network namespaces", no_namespaces("net"), ONLY_REFUSED, "max_net_namespaces"),
    Fault("no mount namespaces", no_namespaces("mnt"), ONLY_REFUSED, "max_mnt_namespaces"),
    Fault("no process-id namespaces", no_namespaces("pid"), ONLY_REFUSED, "max_pid_namespaces"),
    Fault("a kernel without WireGuard", kernel_without("wireguard"), frozenset(MEASURED)),
    Fault("a kernel without veth", kernel_without("veth", "wireguard"), ONLY_REFUSED, "modprobe veth"),
    Fault("two runs in the same folders", two_at_once, frozenset(MEASURED), tries=2),
    *_programs(),
)
