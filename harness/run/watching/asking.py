"""How whoever looks at a run without a terminal asks it to end: the process is proved to be the run first."""

import os
import signal
from pathlib import Path

from harness.errors import UsageFault
from harness.run.watching.progress_file import Progress

_WHERE = "run netchurn attach as the user who started the run, on the machine and in the container of the run"


def ask_to_end(folder: Path, told: Progress) -> None:
    """Send SIGTERM to the run's process; UsageFault where it is not known to be that, or may not be signalled.

    It is that process if it holds the lock on the folder, and runs as the folder's owner: progress.json may be
    anybody's writing, and the number of a process that made a lock is used again after its end. So a stranger's folder
    leads to the stranger's own processes at most. SIGTERM, because a run takes a second SIGINT as the wish to end
    without a report, and two viewers may ask once each.
    """
    try:
        pidfd = os.pidfd_open(told.pid)
    except OSError:
        raise UsageFault("run_not_signalled", f"process {told.pid} is not running here", _WHERE) from None
    try:
        owner, holders = _owner_and_holders(folder)  # the process is pinned: what its number says now is said of it
        if told.pid not in holders or not told.lives() or _user(told.pid) != owner:
            raise UsageFault(
                "run_not_signalled",
                f"process {told.pid} does not hold the lock on {folder} as the folder's owner",
                _WHERE,
            )
        signal.pidfd_send_signal(pidfd, signal.SIGTERM)
    except PermissionError:
        raise UsageFault("run_not_signalled", f"process {told.pid} belongs to another user", _WHERE) from None
    except ProcessLookupError:
        return  # it has just ended
    finally:
        os.close(pidfd)


def _owner_and_holders(folder: Path) -> tuple[int, set[int]]:
    """Return the folder's owner and the processes that hold a lock on it.

    /proc/locks rather than /proc/PID/fd, which only shows processes that one may trace: a process that changed its user
    is none. It names a file by the numbers inside its file system, which fstat does not always give (btrfs, overlayfs).
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        place = _place(descriptor)
        locks = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
        # 1: FLOCK  ADVISORY  WRITE 359 00:13:11691 0 EOF; of one who waits for it: 1: -> FLOCK ...
        holders = {int(one[4]) for one in locks if one[1] == "FLOCK" and one[5] == place}
        return os.fstat(descriptor).st_uid, holders
    finally:
        os.close(descriptor)


def _place(descriptor: int) -> str:
    """Return the device and inode of an open file as /proc/locks has them."""
    about = dict(line.split(":", 1) for line in Path(f"/proc/self/fdinfo/{descriptor}").read_text().splitlines())
    inode = int(about.get("ino", os.fstat(descriptor).st_ino))  # since Linux 5.14
    mounts = (line.split() for line in Path("/proc/self/mountinfo").read_text(errors="replace").splitlines())
    major, minor = next((one[2].split(":") for one in mounts if one[0] == about["mnt_id"].strip()), ("0", "0"))
    return f"{int(major):02x}:{int(minor):02x}:{inode}"


def _user(pid: int) -> int | None:
    """Return the real user of a process: its /proc folder is root's where it changed its user."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines()
    except OSError:
        return None
    return next(int(line.split()[1]) for line in lines if line.startswith("Uid:"))
