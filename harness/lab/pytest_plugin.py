"""A pytest plugin: the fixture ``netlab`` is a private world of links, made for one test and gone after it.

Installed with this package under the name ``netlab`` (``-p no:netlab`` turns it off). A run that does not ask for the
fixture pays for one option and one mark: all else is imported when the first test asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.errors import LabFault
    from harness.lab.netlab import Netlab

MARK = "netlab(pairs=0): the test's namespace holds this many veth pairs, veth0a and veth0b and so on"
MOST_PAIRS = 20_000
_OBSTACLE: pytest.StashKey[LabFault | None] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("netlab").addoption(
        "--netlab-required",
        action="store_true",
        help="fail, not skip, tests that ask for the fixture netlab where no private namespace can be made",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known, for ``--strict-markers``."""
    config.addinivalue_line("markers", MARK)


@pytest.fixture
def netlab(request: pytest.FixtureRequest) -> Iterator[Netlab]:
    """Return a network namespace of the test's own, with ``lo`` and the veth pairs that the mark ``netlab`` asks for.

    It needs no root. Nothing in it is seen by the host or by another test, and all of it is gone when the test ends,
    or when pytest is killed. Where this machine does not allow one, the test is skipped, with the reason and the
    remedy, or failed under ``--netlab-required``.
    """
    from harness.lab.netlab import Netlab  # noqa: PLC0415 - paid for by the first test that asks

    pairs = _pairs(request.node)
    obstacle = _obstacle(request.config)
    if obstacle is not None:
        _give_up(request.config, obstacle)
    with Netlab(pairs) as made:
        yield made


def _pairs(item: pytest.Item) -> int:
    """Read the nearest mark; a test that asks for what the mark does not have fails."""
    mark = item.get_closest_marker("netlab")
    if mark is None:
        return 0
    pairs = mark.kwargs.get("pairs", 0)
    if mark.args or set(mark.kwargs) - {"pairs"} or type(pairs) is not int or not 0 <= pairs <= MOST_PAIRS:
        asked = ", ".join([*map(repr, mark.args), *(f"{name}={value!r}" for name, value in mark.kwargs.items())])
        pytest.fail(f"netlab({asked}): expected pairs=N, N from 0 to {MOST_PAIRS:,}", pytrace=False)
    return pairs


def _obstacle(config: pytest.Config) -> LabFault | None:
    """Find out once a session whether namespaces are allowed here, by making a veth pair in one."""
    if _OBSTACLE not in config.stash:
        from harness.lab.netlab import obstacle  # noqa: PLC0415 - as above

        config.stash[_OBSTACLE] = obstacle()
    return config.stash[_OBSTACLE]


def _give_up(config: pytest.Config, obstacle: LabFault) -> None:
    words = f"netlab: {obstacle.message}; try: {obstacle.hint}"
    if config.getoption("--netlab-required", default=False):
        pytest.fail(words, pytrace=False)
    pytest.skip(words)
