"""What every test shares: which tests run, how hypothesis counts, and the lab's plugin where netchurn is not installed.

``pytest`` alone runs the first ring, on all cores: what is neither slow nor needs the real kernel. ``pytest -m netns``
runs the kernel's, ``pytest tests`` all. A test of the kernel runs with the privilege that its session has: as root, or
as an ordinary user; ``.ci/run`` runs both.
"""

import pytest
from hypothesis import HealthCheck, settings

from harness.lab import pytest_plugin

# Hypothesis fails an example that takes 200 ms, and a strategy that is slow: on a busy machine any does, and is.
settings.register_profile("timeless", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("timeless")

FIRST_RING = "not netns and not slow"


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Choose the first ring where the command line chooses no tests."""
    option = config.option
    if config.args_source is config.ArgsSource.TESTPATHS and not (option.markexpr or option.keyword):
        option.markexpr = FIRST_RING
        if option.numprocesses is None and not hasattr(config, "workerinput"):  # a worker of pytest-xdist has none
            option.numprocesses = "auto"


def pytest_configure(config: pytest.Config) -> None:
    if not config.pluginmanager.has_plugin("netlab"):  # a checkout that is not installed has no entry points
        config.pluginmanager.register(pytest_plugin, "netlab")
