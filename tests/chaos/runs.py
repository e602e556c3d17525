"""One run of netchurn with folders of its own, started so that it can be disturbed, and looked at when it is over."""

import csv
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import harness
from harness.errors import NetchurnError
from harness.report import build
from harness.results.folder import is_complete, load_result

if TYPE_CHECKING:
    from tests.chaos import remains
else:
    import remains

PACKAGE = Path(harness.__file__).resolve().parents[1]
TINY = Path(__file__).with_name("tiny.py")
OWN = ("--subject", "poll-name", "--subject", "netlink-filtered")  # beside programs they run only if asked for
HANG_S = 120.0
MOST_MISSING_S = 1.0
NS = 1e9
DISK = "/disk tmpfs"  # the end of where a fault mounts one
Stream = Literal["file", "pipe", "terminal"]


@dataclass(kw_only=True)
class Verdict:
    """What one disturbed run came to. ``wrong`` holds broken promises, in words."""

    status: int | None
    leftovers: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Run:
    """A marked run. ``stdout`` and ``stderr`` go to files unless the way of its end needs something else."""

    def __init__(  # noqa: PLR0913 - all the ways of starting one
        self,
        folder: Path,
        *options: str,
        before: Sequence[str] = (),
        out: Stream = "file",
        error: Stream = "file",
        results: Path | None = None,
        scenario: str = str(TINY),
    ) -> None:
        self.mark = uuid.uuid4().hex
        self.folder = folder
        self.results = results or folder / "results"
        self.worlds: set[str] = set()
        self._streams = {"out": out, "error": error}
        self.ours: dict[str, int] = {}
        for name in ("tmp", "home"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        argv = [*before, sys.executable, "-P", "-m", "harness", "run", scenario, *options]
        argv += ["--results", str(self.results), "--reports", str(self.results.with_name("reports"))]
        self._mounts = remains.mounts()
        self.process = self._start(argv)
        self.began = time.monotonic()

    def _start(self, argv: list[str]) -> subprocess.Popen[bytes]:
        terminal = "terminal" in self._streams.values()
        theirs = self._terminal() if terminal else {name: self._open(name) for name in self._streams}
        try:
            return subprocess.Popen(
                # whoever runs the tests may ignore the end of a terminal
                ["env", "--default-signal=HUP", "setsid", *(["--ctty"] if terminal else []), *argv],
                stdin=theirs["out"] if terminal else subprocess.DEVNULL,
                stdout=theirs["out"],
                stderr=theirs["error"],
                cwd=self.folder,
                env=self._variables(),
            )
        finally:
            for descriptor in set(theirs.values()):
                os.close(descriptor)

    def _variables(self) -> dict[str, str]:
        search = os.pathsep.join(filter(None, [str(PACKAGE), os.environ.get("PYTHONPATH")]))
        homes = {"HOME": str(self.folder / "home"), "TMPDIR": str(self.folder / "tmp"), "TERM": "xterm"}
        drawing = {"MPLCONFIGDIR": str(self.folder / "fonts")}  # unless all share one, as it takes a while to fill
        return {**drawing, **os.environ, "PYTHONPATH": search, remains.MARK: self.mark, **homes}

    def _open(self, name: str) -> int:
        if self._streams[name] == "file":
            return os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.ours[name], theirs = os.pipe2(os.O_CLOEXEC)
        return theirs

    def _terminal(self) -> dict[str, int]:
        self.ours["terminal"], theirs = os.openpty()
        return dict.fromkeys(self._streams, theirs)

    def listen(self, seconds: float) -> None:
        """Let time pass; read what comes over pipes and a terminal, so that nobody waits for us."""
        until = time.monotonic() + seconds
        for descriptor in self.ours.values():
            os.set_blocking(descriptor, False)
        while (left := until - time.monotonic()) > 0 and self.process.poll() is None:
            for descriptor in self.ours.values():
                _read(descriptor)
            time.sleep(min(left, 0.01))

    def hang_up(self) -> None:
        """Close our ends of pipes and terminal."""
        for descriptor in self.ours.values():
            os.close(descriptor)
        self.ours.clear()

    def note_worlds(self) -> list[int]:
        """Note the namespaces that it has now; give its processes."""
        self.worlds |= remains.worlds(self.mark)
        return remains.processes_with(self.mark)

    def judge(self, disturbed_ns: int | None) -> Verdict:
        """Wait for its end; look at what it left and what it lost."""
        try:
            found = Verdict(status=self.process.wait(timeout=HANG_S))
        except subprocess.TimeoutExpired:
            found = Verdict(status=None, wrong=["it hangs"])
            self.process.kill()
            self.process.wait()
        self.hang_up()
        found.leftovers += remains.remains(self.mark, self.worlds)
        found.leftovers += [f"link {name}" for name in remains.links_of_ours()]
        found.leftovers += [
            f"mount {line}" for line in remains.mounts() if line not in self._mounts and DISK not in line
        ]
        found.leftovers += remains.files_below(self.folder / "tmp", self.folder / "home")
        found.leftovers += [f"draft {path}" for path in self.results.rglob(".*")]
        if "Traceback" in self.said():
            found.wrong.append(f"a traceback: {self.said()[-2000:]}")
        for folder in self.folders():
            found.losses += _lost(folder, disturbed_ns, self.folder / "rendered")
        return found

    def folders(self) -> list[Path]:
        """List the result folders that hold a result."""
        return [path.parent for path in self.results.glob("*/*/result.json")]

    def sealed(self) -> bool:
        """Say whether the run came to its end."""
        return any(is_complete(folder) for folder in self.folders())

    def said(self) -> str:
        """Give all that it said into files."""
        found = (self.folder / name for name in ("out", "error"))
        return "\n".join(path.read_text(errors="replace") for path in found if path.is_file())


def _read(descriptor: int) -> None:
    try:
        os.read(descriptor, 65_536)
    except OSError:
        return


def _lost(folder: Path, disturbed_ns: int | None, pages: Path) -> list[str]:
    """Say what a result lost: it must load and render, and of its samples at most a second may be missing."""
    try:
        result = load_result(folder)
        text = build.text(folder, "md")
    except NetchurnError as fault:
        return [f"it does not load: {fault.message}"]
    if not is_complete(folder) and "interrupted" not in text:
        return ["it renders as if it were complete"]
    if any((folder / "captures").iterdir()) and (words := _unrendered(folder, pages)):
        return [f"it does not render: {words}"]
    series = [_moments(path) for path in (folder / "samples").glob("0-*.csv")]
    merged = sorted({moment for one in series for moment in one})
    if not merged:
        return []
    end = merged[0] + result.plan.duration_s * NS
    ended = disturbed_ns or (end if is_complete(folder) else merged[-1])  # nobody knows when a fault ended it
    until = min(end, ended)
    edges = [*(moment for moment in merged if moment < until), until]
    missing = max((later - earlier for earlier, later in pairwise(edges)), default=0) / NS
    return [f"{missing:.2f} s of samples are missing"] if missing > MOST_MISSING_S else []


def _unrendered(folder: Path, pages: Path) -> str:
    """Render a page of captures, which may be cut off anywhere; say what went wrong."""
    argv = [sys.executable, "-P", "-m", "harness", "report", str(folder), "--format", "html", "--output", str(pages)]
    search = os.pathsep.join(filter(None, [str(PACKAGE), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(argv, check=False, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": search})
    good = done.returncode == 0 and "Traceback" not in done.stderr and (pages / "report.html").is_file()
    return "" if good else f"status {done.returncode}: {done.stderr[-1000:]}"


def _moments(path: Path) -> list[int]:
    with path.open(newline="") as stream:
        return [int(row["at_ns"]) for row in csv.DictReader(stream) if (row["at_ns"] or "").isdigit()]
