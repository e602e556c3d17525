"""Records the allocations of the Python program whose interpreter loads this when it starts, by memray.

The folder of this file stands first on the PYTHONPATH of a program under ``--record NAME=memray``. A capture has no
times: a thread leaves marks in it, allocations of a size and from a function that nothing else has, and writes the
moment of each beside it. It needs nothing but the standard library and memray, in the interpreter of the program or,
where that has none and is of the same version, that of netchurn.
"""

import atexit
import importlib
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

MARK_BYTES = 4099
MARK_S = 0.1
_PREFIX = "NETCHURN_RECORD"


class _Recording:
    """One capture, ``PREFIX.bin``. ``PREFIX.end`` asks for its end.

    ``PREFIX.marks`` has a line for each mark, its moment in nanoseconds of CLOCK_MONOTONIC, and last why it ended.
    """

    def __init__(self, prefix: str, most_bytes: int) -> None:
        """Claim the recording; FileExistsError where another interpreter of the program has it."""
        self.prefix, self.most_bytes = prefix, most_bytes
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self.marks = os.open(prefix + ".marks", flags, 0o666)
        self.lock = threading.Lock()
        self.begun = threading.Event()
        self.stopped = False
        self.tracker: Any = None
        self.kept = bytearray()

    def begin(self, memray: Any) -> None:
        """Record from now on, by a thread: memray leaves out of stacks what its own caller's thread was in."""
        destination = memray.FileDestination(self.prefix + ".bin", overwrite=False, compress_on_exit=False)
        self.tracker = memray.Tracker(destination=destination, native_traces=True, trace_python_allocators=True)
        atexit.register(self.end, "exit")
        threading.Thread(target=self.watch, daemon=True, name="netchurn").start()
        self.begun.wait()

    def watch(self) -> None:
        """Mark ten times a second, and end where that is asked for, or where the capture is as large as it may be."""
        try:
            self.tracker.__enter__()
        except (Exception, SystemExit) as cause:  # noqa: BLE001 - whatever it is, the program runs on
            self.fail(cause)
        self.begun.set()
        while not self.stopped:
            self.mark()
            if os.path.exists(self.prefix + ".end"):  # noqa: PTH110 - a Path would allocate more
                self.end("asked")
            elif os.stat(self.prefix + ".bin").st_size > self.most_bytes:  # noqa: PTH116 - as above
                self.end("bound")
            time.sleep(MARK_S)

    def mark(self) -> None:
        """Leave a mark in the capture, and its moment beside it."""
        self.kept = bytearray(MARK_BYTES)
        self.tell(time.monotonic_ns())

    def end(self, why: str) -> None:
        """Stop recording, once."""
        with self.lock:
            if not self.stopped:
                self.stopped = True
                self.tracker.__exit__(None, None, None)
                self.tell(why)

    def fail(self, cause: BaseException) -> None:
        """Leave the reason in place of a recording."""
        self.stopped = True
        self.tell(f"failed: {type(cause).__name__}: {cause}".replace("\n", " "))

    def tell(self, words: object) -> None:
        """Append a line to the marks."""
        os.write(self.marks, f"{words}\n".encode())


def _begin(recording: _Recording, theirs: str) -> None:
    """Record by the program's own memray, or by netchurn's where the interpreter is of the same version."""
    try:
        recording.begin(importlib.import_module("memray"))
    except ImportError:
        folder, _, version = theirs.rpartition("|")
        if version != ".".join(map(str, sys.version_info[:2])):
            raise
    else:
        return
    before = set(sys.modules)
    sys.path.insert(0, folder)
    try:
        recording.begin(importlib.import_module("memray"))
    finally:  # what memray needs, the program may have in a version of its own
        sys.path.remove(folder)
        for name in set(sys.modules) - before:
            if not name.startswith("memray") and (getattr(sys.modules[name], "__file__", "") or "").startswith(folder):
                del sys.modules[name]


def _restore() -> None:
    """Leave everything as it would be without this file, another sitecustomize included."""
    here = str(Path(__file__).parent)
    sys.path[:] = [one for one in sys.path if one != here]
    rest = [one for one in os.environ.pop("PYTHONPATH", "").split(os.pathsep) if one and one != here]
    if rest:
        os.environ["PYTHONPATH"] = os.pathsep.join(rest)
    own = sys.modules.pop("sitecustomize")
    try:
        importlib.import_module("sitecustomize")
    except ImportError:
        sys.modules["sitecustomize"] = own


def _main() -> None:
    variables = [os.environ.pop(_PREFIX + name, "") for name in ("", "_BYTES", "_MEMRAY")]
    _restore()
    prefix, most_bytes, theirs = variables
    if not prefix:
        return
    try:
        recording = _Recording(prefix, int(most_bytes))
    except OSError:  # the program's first interpreter is recorded, and no other
        return
    try:
        _begin(recording, theirs)
    except (Exception, SystemExit) as cause:  # noqa: BLE001 - whatever it is, the program runs on without a recording
        recording.fail(cause)


_main()
