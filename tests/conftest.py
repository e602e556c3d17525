"""Tests of the real kernel run twice: with this session's own privilege, and without any.

A session that may map users (root, sudo) collects every test that asks for ``privilege`` a second time, as
``rootless``. Those run in one further pytest session that ``setpriv`` stripped of capabilities, and of root's user id
where the interpreter and the code can be read without it; what that session reports is told here as if the tests had
run here. Any other session is rootless already, and runs each test once.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, settings

from harness import pytest_netlab

# Hypothesis fails an example that takes 200 ms, and a strategy that is slow: on a busy machine any does, and is.
settings.register_profile("timeless", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("timeless")

AS_IS, ROOTLESS = "as-is", "rootless"
REPORTS = "NETCHURN_TEST_REPORTS"
NOBODY = 65_534
CAP_SETUID = 7
AS_NOBODY = (
    *("setpriv", "--bounding-set=-all", "--inh-caps=-all"),
    *(f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
)
# The kernel lets user id 0 map itself (--map-root-user) only with this one: user_namespaces(7), since Linux 5.12.
STRIPPED = ("setpriv", "--bounding-set=-all,+setfcap", "--inh-caps=-all")
MAKES_A_VETH = ("unshare", "--user", "--map-root-user", "--net", "ip", "link", "add", "type", "veth")

Reports = dict[str, list[pytest.TestReport]]


def capable() -> bool:
    """Say whether this session has the privilege that makes the product take root's way."""
    words = Path("/proc/self/status").read_text().split()
    return bool(int(words[words.index("CapEff:") + 1], 16) >> CAP_SETUID & 1)


@pytest.fixture(scope="session", params=[AS_IS, ROOTLESS] if capable() else [AS_IS])
def privilege(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def is_rootless(item: pytest.Item) -> bool:
    """Say whether a test belongs to the other session."""
    callspec = getattr(item, "callspec", None)
    return callspec is not None and callspec.params.get("privilege") == ROOTLESS


def works(*argv: str) -> bool:
    return subprocess.run(argv, check=False, capture_output=True, cwd="/").returncode == 0


def without_privilege(code: Path) -> tuple[str, ...] | None:
    """Choose the words that take all privilege away; None where the kernel then refuses to make namespaces."""
    # By way of a shell: what setpriv itself starts is still found with root's eyes.
    readable = ("sh", "-c", '"$@"', "sh", sys.executable, "-c", f"import os, memray, pytest; os.listdir({str(code)!r})")
    dropped = AS_NOBODY if works(*AS_NOBODY, *readable) else STRIPPED
    return dropped if works(*dropped, *MAKES_A_VETH) else None


class OtherSession:
    """Runs all rootless tests at once when the first of them is due, and keeps what was reported."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._reports: Reports | None = None
        self._said = ""

    def reports(self, item: pytest.Item) -> list[pytest.TestReport]:
        """Give what the other session reported of one test; a failure if it never finished it."""
        if self._reports is None:
            self._reports = self._run([one for one in item.session.items if is_rootless(one)])
        found = self._reports.get(item.nodeid, [])
        if not any(one.when == "teardown" for one in found):
            found.append(report(item, "call", "failed", f"not finished without privilege:\n{self._said}"))
        return found

    def _run(self, items: list[pytest.Item]) -> Reports:
        dropped = without_privilege(self._config.rootpath / "tests")
        if dropped is None:
            return {one.nodeid: refused(one) for one in items}
        with tempfile.TemporaryDirectory(prefix="netchurn-rootless-") as name:
            folder = Path(name)
            if dropped == AS_NOBODY:
                os.chown(folder, NOBODY, NOBODY)
            self._session(dropped, folder, [one.nodeid.replace(ROOTLESS, AS_IS) for one in items])
            return self._read(folder / "reports")

    def _session(self, dropped: tuple[str, ...], folder: Path, ids: list[str]) -> None:
        argv = [*dropped, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        argv += [f"--rootdir={self._config.rootpath}", f"--basetemp={folder / 'tests'}"]
        if self._config.inipath is not None:
            argv += ["-c", str(self._config.inipath)]
        homes = {name: str(folder) for name in ("HOME", "TMPDIR", "MPLCONFIGDIR")}
        environment = {**os.environ, **homes, REPORTS: str(folder / "reports")}
        done = subprocess.run(
            [*argv, *ids], check=False, capture_output=True, text=True, env=environment, cwd=self._config.rootpath
        )
        self._said = (done.stdout + done.stderr)[-4000:]

    def _read(self, path: Path) -> Reports:
        found = defaultdict(list)
        for line in path.read_text().splitlines() if path.exists() else []:
            data = json.loads(line)
            data["nodeid"] = data["nodeid"].replace(AS_IS, ROOTLESS)
            told = self._config.hook.pytest_report_from_serializable(config=self._config, data=data)
            if isinstance(told.longrepr, list):  # why it was skipped: JSON knows no tuples
                told.longrepr = tuple(told.longrepr)
            found[told.nodeid].append(told)
        return dict(found)


def report(
    item: pytest.Item,
    when: Literal["setup", "call", "teardown"],
    outcome: Literal["passed", "failed", "skipped"],
    words: str | tuple[str, int, str] | None,
) -> pytest.TestReport:
    return pytest.TestReport(item.nodeid, item.location, {}, outcome, words, when)


def refused(item: pytest.Item) -> list[pytest.TestReport]:
    path, line, _ = item.location
    words = (path, line or 0, "this kernel makes no namespaces without privilege")
    return [report(item, "setup", "skipped", words), report(item, "teardown", "passed", None)]


OTHER_SESSION = pytest.StashKey[OtherSession]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Tell the reports of the other session for a test that ran there."""
    if not is_rootless(item):
        return None
    other = item.config.stash.setdefault(OTHER_SESSION, OtherSession(item.config))
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for told in other.reports(item):
        item.ihook.pytest_runtest_logreport(report=told)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    item.session._setupstate.teardown_exact(nextitem)  # of the test before, which counted on this one
    return True


class Scribe:
    """In the other session: writes each report down as it comes."""

    def __init__(self, config: pytest.Config, path: Path) -> None:
        self._config = config
        self._path = path

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        with self._path.open("a") as stream:
            stream.write(json.dumps(data) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    if not config.pluginmanager.has_plugin("netlab"):  # a checkout that is not installed has no entry points
        config.pluginmanager.register(pytest_netlab, "netlab")
    path = os.environ.pop(REPORTS, None)
    if path is not None:
        config.pluginmanager.register(Scribe(config, Path(path)))
