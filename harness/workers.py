"""Every module of this package that runs as a process of its own, and who starts it.

A module's name in a string is an arrow that no import shows. So it stands here only, and a test holds each against the
layers and the contracts that imports are held against.
"""

import sys
from typing import NamedTuple


class Worker(NamedTuple):
    """A module that is started; ``starters`` are the modules that do. ``as_root``: it may run as root for a user."""

    module: str
    starters: tuple[str, ...]
    as_root: bool = False

    @property
    def command(self) -> list[str]:
        """Return the beginning of its argument list."""
        # -B: nothing that runs as root writes compiled code beside somebody's sources.
        # -P: nothing is imported from the folder that one stands in.
        return [sys.executable, *["-B"] * self.as_root, "-P", "-m", self.module]


AGENT = Worker("harness.lab.agent", ("harness.lab.door",), as_root=True)
CALIBRATION = Worker("harness.lab.calibration", ("harness.lab.actions.faults",), as_root=True)
READER = Worker("harness.lab.reader", ("harness.lab.reader",), as_root=True)
SUBJECT = Worker("harness.subjects.subject_main", ("harness.subjects.registry",))
CONTROL = Worker("harness.subjects.controls", ("harness.subjects.registry",))
REPEATED_WATCH = Worker("harness.subjects.repeated_watch", ("harness.subjects.registry",))
IP_MONITOR = Worker("harness.subjects.ip_monitor", ("harness.subjects.registry",))
PPROF_FETCH = Worker("harness.subjects.fetch", ("harness.run.pprof_fetches",))
INTERIM_LOOK = Worker("harness.run.interim", ("harness.run.interim",))
BUILDS = Worker("harness.builds.__main__", ("harness.cli.running.ab",))
FOLD_STACKS = Worker("harness.probes.recordings.fold_stacks", ("harness.report.readers",))
MEMRAY_STACKS = Worker("harness.files.profiles.memray_worker", ("harness.files.profiles.captures",))
RECOUNT = Worker("harness.verify.recount.worker", ("harness.verify.recount.captures",))
MEMRAY_READER = Worker("harness.probes.recordings.memray_reader", ("harness.run.recorded_copies",))
HEAPTRACK_READER = Worker("harness.probes.recordings.heaptrack_reader", ("harness.run.recorded_copies",))
COMMAND_REPEATER = Worker("harness.lab.actions.repeat", ("harness.run.stimulus",))
WORKERS = tuple(one for one in tuple(globals().values()) if isinstance(one, Worker))
