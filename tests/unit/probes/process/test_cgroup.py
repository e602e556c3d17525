"""Charged memory by the texts of both versions of control groups, and where they are found."""

import os
from pathlib import Path

import pytest

from harness.probes.process import cgroup
from harness.probes.process.cgroup import Group, Hierarchy, charged_1, charged_2, hierarchies

STAT_1 = "cache 7\nrss 1\ntotal_cache 900\ntotal_rss 300\ntotal_shmem 250\nodd\n"
STAT_2 = "anon 300\nfile 900\nkernel 70\nkernel_stack 20\nsock 5\nshmem 250\nslab 40\n"
MOUNTS = """\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime shared:9 - cgroup cgroup rw,pids
41 31 0:38 /inner /sys/fs/cgroup/unified rw,relatime shared:7 master:2 - cgroup2 cgroup2 rw,nsdelegate
"""


def test_the_split_of_version_1_is_read() -> None:
    assert charged_1(1300, 60, STAT_1) == {
        "charged_bytes": 1300,
        "charged_anon_bytes": 300,
        "charged_file_bytes": 650,
        "charged_shmem_bytes": 250,
        "charged_kernel_bytes": 60,
    }
    assert charged_1(1300, None, "")["charged_kernel_bytes"] is None


def test_the_split_of_version_2_is_read() -> None:
    assert charged_2(1300, STAT_2) == {
        "charged_bytes": 1300,
        "charged_anon_bytes": 300,
        "charged_file_bytes": 650,
        "charged_shmem_bytes": 250,
        "charged_kernel_bytes": 70,
        "kernel_stack_bytes": 20,
        "slab_bytes": 40,
        "socket_buffer_bytes": 5,
    }
    assert set(charged_2(1300, "").values()) == {1300, None}


def test_hierarchies_that_may_count_memory_are_found() -> None:
    assert list(hierarchies(MOUNTS)) == [
        Hierarchy(1, "/", Path("/sys/fs/cgroup/memory")),
        Hierarchy(2, "/inner", Path("/sys/fs/cgroup/unified")),
    ]


@pytest.mark.parametrize(
    ("places", "folders"),
    [
        (["4:memory:/a/b", "3:cpu:/x", "0::/inner/c"], ["/sys/fs/cgroup/memory/a/b", "/sys/fs/cgroup/unified/c"]),
        (["0::/elsewhere"], []),
        (["5:cpu,memory:/a:b"], ["/sys/fs/cgroup/memory/a:b"]),
    ],
)
def test_a_process_is_found_where_its_hierarchy_is_mounted(places: list[str], folders: list[str]) -> None:
    assert [str(one.folder) for one in cgroup._found(places, list(hierarchies(MOUNTS)))] == folders


def made(folder: Path, *pids: int) -> Group:
    folder.mkdir(parents=True)
    (folder / "memory.current").write_text("1300\n")
    (folder / "memory.stat").write_text(STAT_2)
    (folder / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in pids))
    return Group(folder, 2)


def test_a_group_is_read_with_what_lives_below_it(tmp_path: Path) -> None:
    group = made(tmp_path / "one", 7)
    made(tmp_path / "one" / "below", 8, 9)

    assert group.read()["charged_bytes"] == 1300
    assert group.processes() == {7, 8, 9}
    assert Group(tmp_path / "gone", 2).read() == {}
    assert Group(tmp_path / "gone", 1).processes() == set()


def test_a_group_is_a_process_s_own_where_nobody_else_lives_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = made(tmp_path / "one", 7, 8)
    monkeypatch.setattr(cgroup, "groups_of", lambda _: [Group(tmp_path, 2), group])

    assert cgroup.own_group(7, {8, 9}) == group
    assert cgroup.own_group(7, set()) is None


def test_this_process_is_found_or_there_are_no_control_groups() -> None:
    for group in cgroup.groups_of(os.getpid()):
        assert group.version in {1, 2}
    assert cgroup.groups_of(-1) == []


def test_a_mount_may_have_a_name_of_any_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = b"44 23 0:40 / /mnt/caf\xe9\xc2\xa0\xe2\x80\xa8x rw - ext4 /dev/sda1 rw\n"
    for name, content in (("cgroup", b"0::/inner\n"), ("mountinfo", odd + MOUNTS.encode())):
        (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(
        cgroup, "Path", lambda name: tmp_path / Path(name).name if "/proc/" in str(name) else Path(name)
    )
    assert cgroup.groups_of() == [Group(Path("/sys/fs/cgroup/unified"), 2)]
