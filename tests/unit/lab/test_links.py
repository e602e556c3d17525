"""Every function that changes a link asks the guard first."""

import subprocess
from collections.abc import Callable

import pytest

from harness.lab.links import Links
from harness.lab.namespace import HostGuard, network_namespace
from raising import raises_id


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda links: links.batch("link show"), id="a batch"),
        pytest.param(lambda links: links.add_pairs(0, 2), id="adding pairs"),
        pytest.param(lambda links: links.add_watched("wt0"), id="adding the watched link"),
        pytest.param(lambda links: links.churn_pair(0), id="cycling a pair"),
        pytest.param(lambda links: links.toggle_mtu(4), id="flipping an mtu"),
    ],
)
def test_nothing_is_changed_on_the_host(monkeypatch: pytest.MonkeyPatch, change: Callable[[Links], object]) -> None:
    started: list[object] = []
    monkeypatch.setattr(subprocess, "run", started.append)
    monkeypatch.setattr(subprocess, "Popen", started.append)

    with raises_id("host_namespace"):
        change(Links(HostGuard(network_namespace())))
    assert started == []


def test_counting_changes_nothing_and_is_allowed_anywhere() -> None:
    assert Links(HostGuard(network_namespace())).count() >= 1
