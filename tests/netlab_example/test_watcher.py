"""Tests of a program that watches a link, by the fixture ``netlab``. Copy them, and put your program in its place."""

import sys
from pathlib import Path

import pytest

from harness.errors import LabFault
from harness.lab.netlab import Netlab
from harness.lab.process import InteractiveProcess

WATCHER = Path(__file__).with_name("watcher.py")


def watch(netlab: Netlab, ifname: str, *arguments: str) -> InteractiveProcess:
    """Start the program inside and wait until it has subscribed: what happens before is not its fault."""
    program = netlab.start(sys.executable, str(WATCHER), ifname, *arguments)
    assert program.stdout.readline() == "ready\n"
    return program


def test_a_world_has_lo_and_nothing_else(netlab: Netlab) -> None:
    assert list(netlab.links()) == ["lo"]


@pytest.mark.netlab(pairs=2)
def test_a_world_has_the_pairs_that_its_mark_asks_for(netlab: Netlab) -> None:
    assert set(netlab.links()) == {"lo", "veth0a", "veth0b", "veth1a", "veth1b"}


def test_ip_lines_change_this_world(netlab: Netlab) -> None:
    netlab.ip("link add br0 type bridge", "link set br0 up", "address add 192.0.2.1/24 dev br0")
    assert "192.0.2.1/24" in netlab.run("ip", "-4", "address", "show", "br0").stdout


def test_what_ip_refuses_is_told_in_its_own_words(netlab: Netlab) -> None:
    with pytest.raises(LabFault, match="Cannot find device"):
        netlab.ip("link set nosuch up")


@pytest.mark.netlab(pairs=1)
def test_a_deletion_is_seen_after_it_happened(netlab: Netlab) -> None:
    watcher = watch(netlab, "veth0a")
    began_ns = netlab.delete("veth0a")
    what, seen_ns = watcher.stdout.readline().split()
    assert what == "gone"
    assert int(seen_ns) > began_ns
    assert watcher.wait() == 0


@pytest.mark.netlab(pairs=1)
def test_a_rename_keeps_the_index(netlab: Netlab) -> None:
    watcher, index = watch(netlab, "veth0a"), netlab.index("veth0a")
    netlab.rename("veth0a", "other0")
    assert watcher.stdout.readline().startswith("changed")
    assert netlab.index("other0") == index


@pytest.mark.netlab(pairs=1)
def test_a_move_to_another_namespace_looks_like_a_deletion(netlab: Netlab) -> None:
    watcher, holder = watch(netlab, "veth0a"), netlab.elsewhere()
    netlab.move("veth0a", holder)
    assert watcher.stdout.readline().startswith("gone")
    netlab.ip("link set veth0a up", netns_pid=holder)  # it lives on there


@pytest.mark.netlab(pairs=1)
def test_a_storm_is_more_than_a_socket_holds(netlab: Netlab) -> None:
    held = netlab.calibrate()
    watcher = watch(netlab, "lo", "0.5")
    netlab.storm(4 * held)
    assert watcher.stdout.readline() == "lost events\n"


@pytest.mark.netlab(pairs=1)
def test_it_is_the_storm_that_loses_events(netlab: Netlab) -> None:
    watcher = watch(netlab, "lo", "0.5")
    netlab.storm(netlab.calibrate() // 2)
    netlab.ip("link set lo mtu 1400")
    assert watcher.stdout.readline().startswith("changed")
