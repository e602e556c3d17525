"""Looks at a trial that goes on, to see whether every verdict on growth is settled.

Each look is a process of its own, which reads the samples that are on disk. So the statistics are never loaded by the
one that samples, and no tick waits for them.
"""

import shutil
import subprocess
import sys
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import msgspec

from harness import workers
from harness.analysis.growth import schedule
from harness.lab.door import environment
from harness.model import InterimLook, Plan
from harness.results.folder import load_result
from harness.results.samples import read_rss
from harness.subprocesses import DIE_WITH_PARENT
from harness.units import NS_A_SECOND


class InterimLooks:
    """The looks of one trial, at moments that were fixed before."""

    def __init__(self, plan: Plan, folder: Path, trial: int) -> None:
        self._due = list(schedule.looks(plan.duration_s)) if plan.until_decided else []
        self._folder = folder
        self._trial = trial
        self._looking: tuple[float, subprocess.Popen[bytes]] | None = None
        self.done: list[InterimLook] = []

    def decided(self, elapsed_s: float, living: Collection[str]) -> bool:
        """Return whether a look found every verdict settled that may still change: those of ``on_sample`` subjects."""
        if self._looking is not None and self._looking[1].poll() is not None:
            found = self._found(*self._looking)
            self._looking = None
            self.done.append(found)
            return bool(found.verdicts) and all(one in schedule.SETTLED for one in found.verdicts.values())
        if self._looking is None and self._due and elapsed_s >= self._due[0]:
            due_s = self._due.pop(0)
            with suppress(OSError):  # of a machine without room for one more process: the next may have it
                self._looking = (due_s, self._start(living))
        return False

    def _start(self, living: Collection[str]) -> subprocess.Popen[bytes]:
        prefix = DIE_WITH_PARENT if shutil.which(DIE_WITH_PARENT[0]) else ()
        look = [*workers.INTERIM_LOOK.command, str(self._folder), str(self._trial), *living]
        return subprocess.Popen(
            [*prefix, *look],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
            start_new_session=True,
        )

    def _found(self, at_s: float, process: subprocess.Popen[bytes]) -> InterimLook:
        said, _ = process.communicate()
        try:
            return msgspec.json.decode(said, type=InterimLook)
        except msgspec.DecodeError:  # it was killed: the next one may not be
            return InterimLook(at_s=at_s, verdicts={})

    def close(self) -> None:
        """End a look that the end of the trial overtook."""
        if self._looking is not None:
            self._looking[1].kill()
            self._looking[1].communicate()
            self._looking = None


def main(folder: str, trial: str, *names: str) -> None:
    """Judge each of the subjects, and print a look."""
    from harness.analysis.growth import interim  # noqa: PLC0415 - here, and not in the process that samples

    plan = load_result(Path(folder)).plan
    at_s, verdicts = 0.0, {}
    for name in names:
        at_ns, rss_bytes = read_rss(Path(folder), int(trial), name)
        at_s = max(at_s, (at_ns[-1] - at_ns[0]) / NS_A_SECOND if at_ns else 0.0)
        verdicts[name] = interim.verdict(at_ns, rss_bytes, plan)
    sys.stdout.buffer.write(msgspec.json.encode(InterimLook(at_s=round(at_s, 3), verdicts=verdicts)))


if __name__ == "__main__":
    main(*sys.argv[1:])
