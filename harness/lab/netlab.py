"""The lab as a test sees it: links to change by name, processes to start and to wait for, and faults."""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Self

from harness.errors import LabFault
from harness.lab import namespace
from harness.lab.client import Lab
from harness.lab.messages import Batch, Calibrate, CreateNetns, DeleteLink, RenameLink, Storm
from harness.lab.process import TIMEOUT_S, InteractiveProcess
from harness.subprocesses import in_folder


class Netlab:
    """A private world of links. Every change asks first whether it would touch the host, and is refused if so.

    What is refused raises LabFault, in the words of ``ip`` or of the kernel. Moments are CLOCK_MONOTONIC in ns, as
    ``time.monotonic_ns`` gives them in any process of this machine.
    """

    def __init__(self, pairs: int = 0) -> None:
        """Make the world, with ``lo`` up and ``pairs`` veth pairs; LabFault with a remedy where that is not allowed."""
        self.lab = Lab()
        self.fresh_sysfs = self.lab.fresh_sysfs
        """Whether ``/sys/class/net`` inside shows this world; where mounting was refused it shows the host's links."""
        self._pairs = 0
        self._inhabitants: list[InteractiveProcess] = []
        try:
            self.add_pairs(pairs)
        except BaseException:
            self.close()
            raise

    # --- links ------------------------------------------------------------------------------------------------------

    def ip(self, *lines: str, netns_pid: int | None = None) -> int:
        """Run lines of ``ip``, such as ``"link set veth0a up"``; give the moment at which ``ip`` was started.

        The first line that fails raises LabFault; those before it have happened. ``netns_pid`` is what ``elsewhere``
        gave: the lines then run in that namespace.
        """
        return self.lab.request(Batch(lines=lines, netns_pid=netns_pid)).began_ns

    def add_pairs(self, count: int) -> None:
        """Make that many veth pairs more, both ends down and without addresses."""
        self.lab.add_pairs(self._pairs, count)
        self._pairs += count

    def add_watched(self, ifname: str = "wt0") -> str:
        """Make an interface as a VPN has one, up and with an address, and give its kind.

        A kernel WireGuard link, one of wireguard-go, or a stand-in: the first of these that works here.
        """
        return self.lab.add_watched(ifname)

    def links(self) -> dict[str, int]:
        """Return the links of this world, from name to index."""
        found = json.loads(self.run("ip", "-j", "link").stdout)
        return {link["ifname"]: link["ifindex"] for link in found}

    def index(self, ifname: str) -> int:
        """Return the index of a link; LabFault where there is none of that name."""
        return self.lab.links(ifname)[1]

    # --- faults -----------------------------------------------------------------------------------------------------

    def delete(self, ifname: str) -> int:
        """Delete a link by one message; give the moment at which it was handed to the kernel."""
        return self.lab.request(DeleteLink(index=self.index(ifname))).began_ns

    def rename(self, ifname: str, name: str) -> int:
        """Rename a link by one message; give the moment at which it was handed to the kernel."""
        if not name:
            raise LabFault("bad_name", f"{ifname} cannot be renamed to nothing", "delete() deletes it")
        return self.lab.request(RenameLink(index=self.index(ifname), name=name)).began_ns

    def elsewhere(self) -> int:
        """Make another network namespace inside; give the process that holds it, as ``ip`` inside counts."""
        return self.lab.request(CreateNetns()).number

    def move(self, ifname: str, holder: int) -> int:
        """Move a link to a namespace that ``elsewhere`` made; give the moment at which ``ip`` was started."""
        return self.ip(f"link set {ifname} netns {holder}")

    def storm(self, events: int, *, per_second: float | None = None) -> None:
        """Send that many link events of ``veth0a`` to every subscriber, as fast as the kernel goes or at a rate.

        Readers are not waited for: one that is slower than the storm loses events.
        """
        if not self._pairs:
            raise LabFault(
                "option_missing", "a storm flips the mtu of veth0a, and there is none", "@pytest.mark.netlab(pairs=1)"
            )
        self.lab.request(Storm(count=events, rate=per_second))

    def calibrate(self) -> int:
        """Count the events of a storm that a socket with a default buffer holds before the kernel drops one.

        It happens in a namespace of its own: whoever reads in this one loses nothing.
        """
        return self.lab.request(Calibrate()).number

    # --- processes --------------------------------------------------------------------------------------------------

    def start(self, *argv: str, cwd: Path | str | None = None) -> InteractiveProcess:
        """Start a process inside, in this process's folder or in ``cwd``; FileNotFoundError if there is no such one.

        It has this process's environment, a session of its own, its three streams on pipes, and root's capabilities
        over this world and nothing else. It ends with the world at the latest.
        """
        process = self.lab.spawn(_command(argv, Path(cwd or ".").resolve()), dict(os.environ))
        self._inhabitants.append(InteractiveProcess(self.lab, process, argv))
        return self._inhabitants[-1]

    def run(
        self, *argv: str, stdin: str = "", timeout_s: float = TIMEOUT_S, cwd: Path | str | None = None
    ) -> CompletedProcess[str]:
        """Run a program inside to its end, as ``subprocess.run`` does; what it says is text.

        A status other than 0 is no error here. TimeoutError after ``timeout_s``; the program is killed then.
        """
        return self.start(*argv, cwd=cwd).communicate(stdin, timeout_s)

    def close(self) -> None:
        """Kill everything inside, and wait until it is gone."""
        self.lab.close()
        for one in self._inhabitants:
            one.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _command(argv: Sequence[str], folder: Path) -> list[str]:
    """Name the program in full, and have it start in a folder: the agent itself lives in ``/``."""
    program = shutil.which(argv[0])
    if program is None:
        raise FileNotFoundError(f"no program is called {argv[0]}")
    return [*in_folder(folder, program, argv[1:])]


def obstacle() -> LabFault | None:
    """Return why no world can be made here, with the remedy; None where one can.

    A veth pair is made in it, since some kernels allow the namespace and refuse the first link.
    """
    try:
        lab = Lab()
    except LabFault as fault:
        return fault
    with lab:
        try:
            lab.add_pairs(0, 1)
        except LabFault as fault:
            return namespace.refused(fault.message)
    return None
