"""Facts of the machine."""

import os
import socket
from datetime import UTC, datetime

import msgspec
import pytest

from harness import environment, sudo_user
from harness.environment import run_id
from harness.model import Environment


@pytest.fixture(scope="module")
def facts() -> Environment:
    return environment.read()


def test_the_machine_is_read(facts: Environment) -> None:
    assert facts.cpus >= 1
    assert facts.memory_bytes > 2**20
    assert facts.kernel == os.uname().release
    assert set(facts.packages) == set(environment.PACKAGES)
    assert facts.commit != ""


def test_the_start_is_utc(facts: Environment) -> None:
    started = datetime.fromisoformat(facts.started_at)

    assert started.tzinfo == UTC
    assert abs((datetime.now(UTC) - started).total_seconds()) < 600


@pytest.mark.parametrize(
    ("host", "part"),
    [
        ("box", "box"),
        ("box.example.org", "box"),
        ("my-box", "my-box"),
        ("my_b/x!", "mybx"),
        ("..", "host"),
        ("", "host"),
    ],
)
def test_a_run_is_named_by_moment_host_and_plan(
    facts: Environment, monkeypatch: pytest.MonkeyPatch, host: str, part: str
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    moment = msgspec.structs.replace(facts, started_at="2026-05-04T10:15:00+00:00")

    assert run_id(moment, "1a2b3c4d") == f"20260504T101500Z-{part}-1a2b3c4d"


def test_a_process_with_no_privileges_is_rootless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("SUDO_UID", "1000")

    assert environment.privilege() == "rootless"


def test_root_that_was_given_up_is_told_apart_from_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    before = environment.privilege()
    monkeypatch.setattr(sudo_user, "_GIVEN_UP", [1000])

    assert (before, environment.privilege()) == ("root", "sudo")
