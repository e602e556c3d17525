"""The private world, as far as it can be told without entering one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.lab import namespace
from harness.lab.namespace import HostGuard, command, missing_tools, network_namespace, refused
from raising import raises_id

AGENT = ["python3", "-m", "agent", "5"]
DIE = ["setpriv", "--pdeathsig", "KILL"]
WORLD = ["unshare", "--net", "--mount", "--ipc", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]

# --- how it is entered ----------------------------------------------------------------------------------------------


def test_a_user_becomes_root_inside_by_the_one_id_they_may_map(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespace, "may_map_all_users", lambda: False)

    assert command(AGENT) == [*DIE, "unshare", "--user", "--map-root-user", *WORLD[1:], "--", *AGENT]


def test_root_keeps_all_ids_and_waits_until_they_are_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespace, "may_map_all_users", lambda: True)

    argv = command(AGENT)

    assert argv[:6] == [*DIE, "unshare", "--user", "--"]
    assert argv[6:10] == ["sh", "-c", 'echo; read -r _ && exec "$@"', "sh"]
    assert argv[10:] == [*DIE, *WORLD, "--", *AGENT]


@pytest.mark.parametrize("may", [True, False])
def test_whoever_enters_the_world_dies_with_its_parent(
    monkeypatch: pytest.MonkeyPatch,
    may: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    monkeypatch.setattr(namespace, "may_map_all_users", lambda: may)
    argv = command(AGENT)
    entering = argv.index("--net")

    assert argv[:3] == DIE
    assert "--kill-child" in argv[entering:]
    assert {"--mount", "--pid", "--fork", "--mount-proc"} <= set(argv[entering:])


@pytest.mark.parametrize("may", [True, False])
def test_no_namespace_gets_a_name_in_the_file_system(
    monkeypatch: pytest.MonkeyPatch,
    may: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    monkeypatch.setattr(namespace, "may_map_all_users", lambda: may)

    assert not [word for word in command(AGENT) if word.startswith(("--net=", "--mount=", "--pid=", "--user="))]


def test_without_its_capability_a_process_maps_no_users() -> None:
    effective = next(
        line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff:")
    )

    assert int(effective, 16) & 1 << 7 or not namespace.may_map_all_users()


def test_a_root_of_a_container_cannot_map_the_users_that_it_does_not_have() -> None:
    """All capabilities and one user id: root in a rootless container, or inside ``unshare --map-root-user``."""
    inside = ["unshare", "--user", "--map-root-user", "--"]
    if subprocess.run([*inside, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no user namespace can be made here")
    script = "from harness.lab import namespace; print(namespace.may_map_all_users())"
    asked = subprocess.run(
        [*inside, sys.executable, "-P", "-c", script],
        env={**os.environ, "PYTHONPATH": str(Path(namespace.__file__).parents[2])},
        check=True,
        capture_output=True,
        text=True,
    )

    assert asked.stdout.strip() == "False"


def test_a_mapping_that_the_kernel_refuses_is_a_lab_fault() -> None:
    """It is refused here because the process never left its user namespace, where a mapping stands already."""
    with subprocess.Popen(
        ["sh", "-c", "echo; read -r _"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as waiting:
        try:
            with raises_id("no_namespace"):
                namespace.map_all_users(waiting)
        finally:
            waiting.kill()


def test_a_world_that_died_before_its_mapping_is_left_to_the_greeting() -> None:
    with subprocess.Popen(["true"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as dead:
        namespace.map_all_users(dead)


# --- the guard ------------------------------------------------------------------------------------------------------


def test_the_guard_refuses_in_the_recorded_namespace() -> None:
    here = network_namespace()

    with raises_id("host_namespace") as caught:
        HostGuard(here).check()

    assert here in caught.value.message
    assert "nothing was changed" in caught.value.hint


def test_the_guard_lets_everything_pass_elsewhere() -> None:
    HostGuard("net:[1]").check()


def test_a_namespace_is_named_as_the_kernel_does() -> None:
    name = network_namespace()

    assert name.startswith("net:[")
    assert name.endswith("]")
    assert name == os.readlink("/proc/self/ns/net")  # noqa: PTH115 - not a path but a name


# --- why it is refused ----------------------------------------------------------------------------------------------


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with the two settings that refuse a world; nothing is set yet."""
    monkeypatch.setattr(namespace, "_APPARMOR", tmp_path / "apparmor")
    monkeypatch.setattr(namespace, "_LIMITS", tmp_path)
    return tmp_path


def test_apparmor_is_named_with_the_setting_that_allows_it(kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (kernel / "apparmor").write_text("1\n")

    fault = refused("unshare failed: Permission denied")

    assert fault.id == "no_namespace"
    assert "unshare failed: Permission denied" in fault.message
    assert "sudo" in fault.hint
    assert "kernel.apparmor_restrict_unprivileged_userns=0" in fault.hint


def test_root_is_not_told_to_blame_apparmor(kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (kernel / "apparmor").write_text("1\n")

    assert "AppArmor" not in refused("no").message


@pytest.mark.parametrize("kind", ["user", "net", "mnt", "ipc", "uts", "pid"])
def test_a_limit_of_no_namespaces_is_named_with_the_setting_that_lifts_it(kernel: Path, kind: str) -> None:
    limit = kernel / f"max_{kind}_namespaces"
    limit.write_text("0\n")

    fault = refused("unshare failed: No space left on device")

    assert f"{kind} namespaces" in fault.message
    assert str(limit) in fault.message
    assert fault.hint == f"sudo sysctl -w user.max_{kind}_namespaces=10000"


@pytest.mark.parametrize(("apparmor", "limit"), [("0", "31389"), ("", ""), (None, None)])
def test_otherwise_the_detail_is_passed_on(kernel: Path, apparmor: str | None, limit: str | None) -> None:
    if apparmor is not None and limit is not None:
        (kernel / "apparmor").write_text(apparmor)
        (kernel / "max_user_namespaces").write_text(limit)

    fault = refused("Operation not permitted")

    assert "Operation not permitted" in fault.message
    assert "sudo" in fault.hint


# --- what it needs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("absent", "named"),
    [
        ([], []),
        (["ip"], ["ip (package iproute2)"]),
        (["unshare", "setpriv"], ["unshare (package util-linux)", "setpriv (package util-linux)"]),
    ],
)
def test_a_tool_that_the_path_does_not_have_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, absent: list[str], named: list[str]
) -> None:
    for tool in {"unshare", "setpriv", "mount", "ip"} - set(absent):
        (tmp_path / tool).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert missing_tools() == named
