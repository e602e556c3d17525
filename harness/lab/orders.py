"""What the run may ask of the lab's agent, and what it answers: messages over one socket pair."""

import msgspec
from msgspec import Struct

MAX_MESSAGE_BYTES = 131_072


class Order(Struct, frozen=True, kw_only=True, tag_field="order"):
    """One request; each gets exactly one answer, Done or Refused."""


class AddPairs(Order, frozen=True, kw_only=True, tag="add-pairs"):
    """Make veth pairs number ``first`` to ``first + count - 1``."""

    first: int
    count: int


class AddWatched(Order, frozen=True, kw_only=True, tag="add-watched"):
    """Make the interface under watch; the answer names the kind of link it is."""

    ifname: str


class FlipMtu(Order, frozen=True, kw_only=True, tag="flip-mtu"):
    """Send ``count`` unrelated link events: mtu changes of a veth, a few at a time, as fast as readers drain."""

    count: int


class CyclePair(Order, frozen=True, kw_only=True, tag="cycle-pair"):
    """Live one container's life: a pair appears, comes up, and vanishes."""

    number: int


class CountLinks(Order, frozen=True, kw_only=True, tag="count-links"):
    """Ask for the number of links in the namespace and the index of the watched one."""

    ifname: str


class Spawn(Order, frozen=True, kw_only=True, tag="spawn"):
    """Start a process. Three descriptors come with the message; the answer brings its pidfd."""

    argv: tuple[str, ...]
    environment: dict[str, str]


class Done(Struct, frozen=True, kw_only=True, tag_field="answer", tag="done"):
    """An order was carried out at ``at_ns`` (CLOCK_MONOTONIC)."""

    at_ns: int
    number: int = 0  # a process id, or a number of links
    index: int = 0
    text: str = ""


class Refused(Struct, frozen=True, kw_only=True, tag_field="answer", tag="refused"):
    """An order was not carried out; ``text`` is the reason, on one line."""

    text: str


class Exited(Struct, frozen=True, kw_only=True, tag_field="answer", tag="exited"):
    """A spawned process ended; ``status`` as ``os.waitstatus_to_exitcode`` gives it. Not an answer to an order."""

    number: int
    status: int


AnyOrder = AddPairs | AddWatched | FlipMtu | CyclePair | CountLinks | Spawn
Answer = Done | Refused | Exited

encode = msgspec.json.encode
orders = msgspec.json.Decoder(AnyOrder)
answers = msgspec.json.Decoder(Answer)
