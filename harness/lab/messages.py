"""What the run may ask of the lab's agent, and what it answers: messages over one socket pair."""

import os
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from harness.safe_read import ProcessFile

MAX_MESSAGE_BYTES = 131_072


class Request(Struct, frozen=True, kw_only=True, tag_field="request"):
    """One request; each gets exactly one answer, Ok or Error."""


class AddPairs(Request, frozen=True, kw_only=True, tag="add-pairs"):
    """Make veth pairs number ``first`` to ``first + count - 1``."""

    first: int
    count: int


class AddWatched(Request, frozen=True, kw_only=True, tag="add-watched"):
    """Make the interface under watch; the answer names the kind of link it is."""

    ifname: str


class ToggleMtu(Request, frozen=True, kw_only=True, tag="toggle-mtu"):
    """Send ``count`` unrelated link events: mtu changes of a veth, a few at a time, as fast as readers drain."""

    count: int


class ChurnPair(Request, frozen=True, kw_only=True, tag="churn-pair"):
    """Live one container's life: a pair appears, comes up, and vanishes."""

    number: int


class Batch(Request, frozen=True, kw_only=True, tag="batch"):
    """Run lines of ``ip -batch``, here or, where ``netns_pid`` names a process, in that one's network namespace."""

    lines: tuple[str, ...]
    netns_pid: int | None = None


class CreateNetns(Request, frozen=True, kw_only=True, tag="create-netns"):
    """Make another network namespace; the answer brings the id of the process that holds it, as the lab counts."""


class AddDaemon(Request, frozen=True, kw_only=True, tag="add-daemon"):
    """Make the watched interface by wireguard-go; refused where that is not installed."""

    ifname: str


class KillDaemon(Request, frozen=True, kw_only=True, tag="kill-daemon"):
    """Kill the wireguard-go that made the interface."""

    ifname: str


class DeleteLink(Request, frozen=True, kw_only=True, tag="delete-link"):
    """Delete one link by one message of our own, timed at the moment it is handed to the kernel."""

    index: int


class RenameLink(DeleteLink, frozen=True, kw_only=True, tag="rename-link"):
    """Rename it in the same way."""

    name: str


class Storm(Request, frozen=True, kw_only=True, tag="storm"):
    """Send ``count`` link events of a veth, as fast as the kernel goes or at ``rate`` a second; readers not awaited."""

    count: int
    rate: float | None = None


class Calibrate(Request, frozen=True, kw_only=True, tag="calibrate"):
    """Count the link events that a socket with a default buffer holds before the kernel drops one."""


class Stimulate(Request, frozen=True, kw_only=True, tag="stimulate"):
    """Do something again and again, at ``rate`` a second or as fast as it comes back, ``count`` times or without end.

    ``first`` is the number of the first one; ``pid`` the program that it is done to, as the lab counts.
    """

    kind: str
    rate: float | None
    count: int | None
    ifname: str
    pid: int
    first: int = 0


class Stimulated(Request, frozen=True, kw_only=True, tag="stimulated"):
    """Ask what was done of it until now; the text of the answer is a ``pace.Done`` as JSON. ``stop`` it before."""

    stop: bool


class CountLinks(Request, frozen=True, kw_only=True, tag="count-links"):
    """Ask for the number of links in the namespace and the index of the watched one."""

    ifname: str


class FindLink(Request, frozen=True, kw_only=True, tag="find-link"):
    """Ask for the index that a name has now, and for the name that an index has; 0 and nothing where there is none."""

    ifname: str
    index: int


class Spawn(Request, frozen=True, kw_only=True, tag="spawn"):
    """Start a process. Four descriptors come with the message; the answer brings its pidfd.

    The first three become its standard streams, the fourth is a file of ``words``: so many arguments, then its whole
    environment. Under sudo it is the calling user's, unless it ``may_be_root`` and ``--exec-as-root`` was given.
    """

    arguments: int
    may_be_root: bool = False


class Signal(Request, frozen=True, kw_only=True, tag="signal"):
    """Send a signal to a spawned process that is root's, where the run is not."""

    number: int
    signal: int


class Read(Request, frozen=True, kw_only=True, tag="read"):
    """Read a file of a process. Its pidfd comes with the message; the answer brings a descriptor of what was read."""

    name: ProcessFile


class KillProcessGroup(Request, frozen=True, kw_only=True, tag="kill-process-group"):
    """Kill whatever a spawned process has left behind in its process group."""

    number: int


class Ok(Struct, frozen=True, kw_only=True, tag_field="answer", tag="ok"):
    """An order was carried out at ``at_ns`` (CLOCK_MONOTONIC)."""

    at_ns: int
    began_ns: int = 0
    number: int = 0  # a process id, or a number of links
    index: int = 0
    text: str = ""


class Error(Struct, frozen=True, kw_only=True, tag_field="answer", tag="error"):
    """An order was not carried out; ``text`` is the reason, on one line, and ``hint`` the next thing to do."""

    text: str
    id: str = "system_error"  # of harness.errors
    hint: str = "netchurn doctor tells what this machine allows"


class Exited(Struct, frozen=True, kw_only=True, tag_field="answer", tag="exited"):
    """A spawned process ended; ``status`` as ``os.waitstatus_to_exitcode`` gives it. Not an answer to an order."""

    number: int
    status: int


Disturbance = Batch | Calibrate | CreateNetns | AddDaemon | KillDaemon | DeleteLink | RenameLink | Storm
AnyRequest = (
    AddPairs
    | AddWatched
    | ToggleMtu
    | ChurnPair
    | Stimulate
    | Stimulated
    | CountLinks
    | FindLink
    | Spawn
    | Signal
    | Read
    | KillProcessGroup
    | Disturbance
)
Answer = Ok | Error | Exited


def in_memory(name: str, content: bytes) -> int:
    """Write a file that has no place but memory, to be passed on; the descriptor is the caller's to close."""
    memory = os.memfd_create(name, os.MFD_CLOEXEC)
    with os.fdopen(os.dup(memory), "wb") as stream:
        stream.write(content)
    return memory


def words(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Write a command and its environment to memory, of any bytes and size; the descriptor is the caller's to close."""
    whole = [*argv, *(f"{name}={value}" for name, value in environment.items())]
    return in_memory("words", b"\0".join(map(os.fsencode, whole)))


def command(memory: int, arguments: int) -> tuple[list[bytes], dict[bytes, bytes]]:
    """Read what ``words`` wrote: a command of so many arguments, and its environment."""
    whole = os.pread(memory, os.fstat(memory).st_size, 0).split(b"\0")
    pairs = (word.partition(b"=") for word in whole[arguments:])
    return whole[:arguments], {name: value for name, _, value in pairs}


encode = msgspec.json.encode
requests = msgspec.json.Decoder(AnyRequest)
reads = msgspec.json.Decoder(Read)
answers = msgspec.json.Decoder(Answer)
