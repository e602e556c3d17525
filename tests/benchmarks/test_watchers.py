"""One poll and one event of each watcher, in this process, among the links that there are: `tox -e bench`."""

import socket
import struct
from collections.abc import Callable

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.watchers import filtered
from harness.watchers.classify import classify, classify_strict
from harness.watchers.outcome import Link
from harness.watchers.polling import LookUp, dump_lookup, name_lookup, psutil_lookup

RTM_GETLINK, NLM_F_REQUEST = 18, 1
LO = Link(name="lo", index=1)
WT0 = Link(name="wt0", index=7777)


@pytest.fixture(scope="module")
def message() -> bytes:
    """One RTM_NEWLINK as the kernel says it; a notification has the same shape as this answer."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.bind((0, 0))
        body = struct.pack("=BxHiII", 0, 0, LO.index, 0, 0)
        kernel.send(struct.pack("=IHHII", 16 + len(body), RTM_GETLINK, NLM_F_REQUEST, 1, 0) + body)
        return kernel.recv(65_536)


@pytest.mark.parametrize("make", [name_lookup, psutil_lookup, dump_lookup])
def test_poll(benchmark: BenchmarkFixture, make: Callable[[], LookUp]) -> None:
    look_up = make()
    benchmark.extra_info["links"] = len(socket.if_nameindex())
    try:
        assert benchmark(look_up, LO.name) == LO.index
    finally:
        getattr(look_up, "close", lambda: None)()


def test_event_of_netlink(benchmark: BenchmarkFixture, message: bytes) -> None:
    from pyroute2.netlink.rtnl.marshal import MarshalRtnl  # noqa: PLC0415 - what the subscription decodes by

    def event() -> object:
        (decoded,) = list(MarshalRtnl().parse(message, seq=0))
        return decoded.get_attr("IFLA_IFNAME")

    assert benchmark(event) == LO.name


def test_event_of_netlink_filtered_that_came_through(benchmark: BenchmarkFixture, message: bytes) -> None:
    def event() -> object:
        return [classify_strict(WT0, one) for one in filtered.events(memoryview(message))]

    assert benchmark(event) == [None]


def test_both_decide_alike(message: bytes) -> None:
    (one,) = filtered.events(memoryview(message))
    assert classify(WT0, one) is classify_strict(WT0, one) is None
