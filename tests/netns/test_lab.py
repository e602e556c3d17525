"""A lab is a world of its own, it holds what was asked for, and nothing of it outlives it."""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess, Popen

import pytest

from harness.errors import LabFault
from harness.lab import namespace
from harness.lab.client import Lab
from harness.lab.links import Links
from harness.lab.messages import ChurnPair, ToggleMtu
from harness.lab.namespace import HostGuard
from harness.lab.netlab import Netlab
from raising import raises_id

pytestmark = pytest.mark.netns

Inside = Callable[..., CompletedProcess[str]]
NAMESPACES = ("net", "user", "mnt", "pid")
KINDS = {"wireguard": "wireguard", "wireguard-go": "tun", "dummy": "dummy", "veth": "veth"}


def links(inside: Inside) -> dict[str, dict[str, object]]:
    return {link["ifname"]: link for link in json.loads(inside("ip", "-j", "-d", "address").stdout)}


@pytest.mark.parametrize("kind", NAMESPACES)
def test_its_namespaces_are_not_the_hosts(inside: Inside, kind: str) -> None:
    assert inside("readlink", f"/proc/self/ns/{kind}").stdout.strip() != str(Path(f"/proc/self/ns/{kind}").readlink())


def test_everybody_inside_shares_one_world(inside: Inside) -> None:
    first, second = (inside("readlink", *(f"/proc/self/ns/{kind}" for kind in NAMESPACES)) for _ in range(2))
    assert first.stdout == second.stdout


def test_it_starts_with_lo_alone_and_up(inside: Inside) -> None:
    found = links(inside)
    assert list(found) == ["lo"]
    assert "UP" in str(found["lo"]["flags"])


def test_its_sysfs_shows_its_own_links_only(lab: Lab, inside: Inside) -> None:
    lab.add_pairs(0, 2)
    assert lab.fresh_sysfs
    shown = inside("ls", "/sys/class/net").stdout.split()
    assert set(shown) == {"lo", "veth0a", "veth0b", "veth1a", "veth1b"}


def test_its_proc_shows_its_own_processes_only(inside: Inside) -> None:
    shown = {int(name) for name in inside("ls", "/proc").stdout.split() if name.isdigit()}
    assert 1 in shown
    assert len(shown) == 2  # the agent, and the one that looks


@pytest.mark.parametrize("pairs", [1, 8, 251])
def test_it_holds_the_pairs_that_were_asked_for(lab: Lab, inside: Inside, pairs: int) -> None:
    kind = lab.add_watched("wt0")
    lab.add_pairs(0, pairs)
    peer = kind == "veth"
    count, index = lab.links("wt0")
    found = links(inside)
    assert count == len(found) == 2 * pairs + 2 + peer
    assert index == found["wt0"]["ifindex"]
    assert {f"veth{n}{end}" for n in range(pairs) for end in "ab"} == set(found) - {"lo", "wt0", "wt0peer"}


def test_pairs_can_be_added_to_pairs(lab: Lab) -> None:
    made: list[int] = []
    lab.add_watched("wt0")
    before, _ = lab.links("wt0")
    lab.add_pairs(0, 3, made.append)
    lab.add_pairs(3, 5, made.append)
    assert lab.links("wt0")[0] == before + 16
    assert made == [3, 8]


def test_the_watched_interface_is_of_the_kind_it_is_said_to_be_and_up_with_an_address(lab: Lab, inside: Inside) -> None:
    kind = lab.add_watched("wt0")
    found = links(inside)["wt0"]
    about = found["linkinfo"]
    assert isinstance(about, dict)
    assert about["info_kind"] == KINDS[kind]
    assert "UP" in str(found["flags"])
    addresses = found["addr_info"]
    assert isinstance(addresses, list)
    assert "100.64.0.1" in [one.get("local") for one in addresses]


def test_a_refusal_of_ip_is_told_in_its_own_words_and_the_lab_goes_on(lab: Lab) -> None:
    lab.add_pairs(0, 1)
    with raises_id("ip_refused", "exists"):
        lab.add_pairs(0, 1)
    lab.add_pairs(1, 1)


def test_a_pair_that_lives_and_dies_leaves_no_link(lab: Lab, inside: Inside) -> None:
    lab.add_pairs(0, 1)
    before = set(links(inside))
    for number in range(3):
        lab.request(ChurnPair(number=number))
    assert set(links(inside)) == before


def test_mtu_flips_change_nothing_but_the_mtu(lab: Lab, inside: Inside) -> None:
    lab.add_pairs(0, 1)
    before = links(inside)
    lab.request(ToggleMtu(count=17))
    after = links(inside)
    assert after["veth0a"]["mtu"] in {1400, 1401}
    assert [(name, link["ifindex"]) for name, link in after.items()] == [
        (name, link["ifindex"]) for name, link in before.items()
    ]


def test_a_thousand_pairs_vanish_with_it(
    inside: Inside, lab: Lab, remains: Callable[[str, set[str]], list[str]]
) -> None:
    lab.add_pairs(0, 1000)
    namespace = inside("readlink", "/proc/self/ns/net").stdout.strip()
    lab.close()
    assert remains("of nobody", {namespace}) == []


def test_two_labs_do_not_see_each_other() -> None:
    with Lab() as one, Lab() as other:
        one.add_watched("wt0")
        other.add_watched("wt0")
        one.add_pairs(0, 4)
        assert one.links("wt0")[0] == other.links("wt0")[0] + 8


def test_a_closed_lab_refuses_orders_in_words() -> None:
    with Lab() as lab:
        pass
    with pytest.raises(LabFault):
        lab.add_pairs(0, 1)


def test_it_can_be_made_in_a_user_namespace_that_maps_one_id(outside: Callable[..., tuple[Popen[str], str]]) -> None:
    """As in a rootless container: every capability, and not every user id."""
    words = "from harness.lab.client import Lab\nwith Lab() as lab: print(lab.add_watched('wt0'))"
    process, _ = outside("unshare", "--user", "--map-root-user", sys.executable, "-P", "-c", words)
    said, complained = process.communicate()
    assert said.strip() in KINDS, complained


def test_a_tool_that_is_not_on_path_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for tool in ("unshare", "setpriv", "mount", "sh"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    monkeypatch.setenv("PATH", str(tmp_path))
    with raises_id("tool_missing", "ip (package iproute2)"):
        Lab()


def test_the_watch_over_the_hosts_namespace_would_hear_a_lab_in_it(netlab: Netlab) -> None:
    """The watch of these tests, where it has something to hear."""
    folder = str(Path(__file__).parents[1] / "chaos")
    words = f"import sys; sys.path.append({folder!r}); import hostwatch; hostwatch.main()"
    watch = netlab.start(sys.executable, "-P", "-c", words)
    assert watch.stdout.readline() == "listening\n", watch.stderr.read()
    netlab.run("ip", "link", "add", "veth7a", "type", "veth", "peer", "name", "veth7b")
    netlab.run("ip", "address", "add", "100.64.0.9/16", "dev", "veth7a")
    netlab.run("ip", "link", "delete", "veth7a")
    ours, others, *heard = watch.communicate("\n").stdout.splitlines()
    assert int(ours) == len(heard) >= 5
    assert int(others) == 0
    assert {"link veth7a", "link veth7b", "link gone veth7a", "address 100.64.0.9 100.64.0.9"} <= set(heard)


# --- the guard --------------------------------------------------------------------------------------------------------

MUTATIONS: dict[str, Callable[[Links], object]] = {
    "add-pairs": lambda links: links.add_pairs(0, 1),
    "churn-pair": lambda links: links.churn_pair(0),
    "toggle-mtu": lambda links: links.toggle_mtu(1),
    "add-watched": lambda links: links.add_watched("wt0"),
}


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put programs of ours in the place of all that change links, so that even a broken guard changes nothing."""
    log = tmp_path / "log"
    for tool in ("ip", "mount", "wireguard-go"):
        program = tmp_path / tool
        program.write_text(f'#!/bin/sh\necho "$0" "$@" >>{log}\nexit 1\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return log


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("wireguard_go", [True, False], ids=["with wireguard-go", "without"])
def test_in_the_hosts_namespace_every_change_is_refused_and_nothing_is_started(
    record: Path, mutation: str, *, wireguard_go: bool
) -> None:
    if not wireguard_go:
        (record.parent / "wireguard-go").unlink()
    guarded = Links(HostGuard(namespace.network_namespace()))
    with raises_id("host_namespace"):
        MUTATIONS[mutation](guarded)
    assert not record.exists()


def test_elsewhere_the_guard_lets_changes_through(record: Path) -> None:
    with raises_id("ip_refused"):
        Links(HostGuard("net:[1]")).add_pairs(0, 1)
    assert record.read_text().startswith(str(record.parent / "ip"))


# --- what is the machine's ------------------------------------------------------------------------------------------


def ipc_objects() -> set[str]:
    return {row for name in ("shm", "msg", "sem") for row in Path(f"/proc/sysvipc/{name}").read_text().splitlines()[1:]}


@pytest.mark.skipif(shutil.which("ipcmk") is None, reason="ipcmk is not installed")
def test_shared_memory_and_queues_of_system_v_end_with_the_lab() -> None:
    before = ipc_objects()
    with Netlab() as netlab:
        for kind in (("-M", "50000000"), ("-Q",), ("-S", "1")):
            assert netlab.run("ipcmk", *kind).returncode == 0
        assert len(netlab.run("cat", "/proc/sysvipc/shm", "/proc/sysvipc/msg").stdout.splitlines()) == 4
        assert ipc_objects() == before
    assert ipc_objects() == before


def test_its_host_name_is_its_own(netlab: Netlab) -> None:
    before = os.uname().nodename
    words = "import socket; socket.sethostname('other'); print(socket.gethostname())"
    assert netlab.run(sys.executable, "-c", words).stdout == "other\n"
    assert os.uname().nodename == before


@pytest.mark.parametrize("setting", ["kernel/hostname", "net/ipv4/ip_forward", "vm/swappiness"])
def test_the_kernels_settings_are_there_to_be_read_only(netlab: Netlab, setting: str) -> None:
    path = f"/proc/sys/{setting}"
    before = Path(path).read_text()
    done = netlab.run("sh", "-c", f"cat {path} >/dev/null && cat {path} | tee {path}")
    assert (done.returncode, "Read-only file system" in done.stderr) == (1, True)
    assert Path(path).read_text() == before


@pytest.mark.parametrize("path", ["/proc/irq", "/proc/bus", "/proc/fs", "/proc/sysrq-trigger", "/sys"])
def test_other_settings_of_the_machine_are_read_only(netlab: Netlab, path: str) -> None:
    if not Path(path).exists():
        pytest.skip("this kernel has none")
    words = f"import os; print(bool(os.statvfs({path!r}).f_flag & os.ST_RDONLY))"
    assert netlab.run(sys.executable, "-c", words).stdout == "True\n"


@pytest.mark.skipif(shutil.which("wireguard-go") is None, reason="wireguard-go is not installed")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a /run")
def test_a_wireguard_go_of_the_host_keeps_its_socket() -> None:
    """On a machine whose /run is a mount, as nearly everywhere but in a container."""
    lab = "from harness.lab.client import Lab; from harness.lab.messages import AddDaemon\n"
    lab += "with Lab() as lab: lab.request(AddDaemon(ifname='wt0'))"
    words = "mount -t tmpfs tmpfs /run && mkdir /run/wireguard && echo x >/run/wireguard/wt0.sock"
    argv = ("sh", "-c", f'{words} && "$0" -c "$1" && cat /run/wireguard/wt0.sock', sys.executable, lab)
    done = subprocess.run(["unshare", "--mount", *argv], check=False, capture_output=True, text=True)
    if "permission denied" in done.stderr or "Operation not permitted" in done.stderr:  # root without capabilities
        pytest.skip("no mounts here")
    assert done.stdout == "x\n", done.stderr


@pytest.mark.skipif(platform.machine() not in namespace._KEYCTL, reason="its calls are not known")
def test_a_key_ends_with_the_lab() -> None:
    """In a session keyring, as a login gives one; the user's own ends with the user namespace."""
    number = namespace._KEYCTL[platform.machine()]
    join = f"import ctypes; call = ctypes.CDLL(None).syscall; call({number}, 1, None)\n"
    serial = f"print(call({number}, 0, ctypes.c_int(-3), 0), flush=True)\n"
    inside = f"import ctypes; call = ctypes.CDLL(None).syscall\n{serial}"
    words = f"{join}{serial}from harness.lab.netlab import Netlab; import sys\n"
    words += f"with Netlab() as lab: print(lab.run(sys.executable, '-c', {inside!r}).stdout)"
    done = subprocess.run([sys.executable, "-c", words], check=True, capture_output=True, text=True)
    ours, theirs = map(int, done.stdout.split())
    assert ours > 0 < theirs
    assert ours != theirs


def test_listening_where_nothing_was_said_waits_for_nobody(netlab: Netlab) -> None:
    """Of two groups that listen to one lab, the first may have read what woke both."""
    netlab.lab.read_notifications()
    assert netlab.lab.links("lo")[0] >= 1
