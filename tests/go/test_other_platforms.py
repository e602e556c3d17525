"""The Go subjects where the machine is not: built for six platforms, for Windows under Wine, for arm64 under qemu-user.

Wine and qemu-user are not needed: without them their tests are skipped.

On Debian: ``apt-get install wine64 mingw-w64 qemu-user-static``. Wine 8 lists the links of the namespace in which it
started, but a process under it goes on finding a link that was deleted since, and no change is notified: the lifecycle
is for a real Windows, see ``kernel_windows_test.go``.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.model import ReportedOutcome, Work
from harness.subjects import protocol, toolchain
from harness.subjects.protocol import Ready
from harness.subjects.toolchain import MODULE, Toolchain

pytestmark = pytest.mark.slow  # its fixtures measure, and build

WINE_FOLDERS = f"{os.environ['PATH']}:/usr/lib/wine"  # Debian's wine64 alone brings no command on PATH
LONGEST_S = 900  # the first build for a platform compiles the standard library
# Go asks this library for random numbers; Wine 8 has none.
PROCESS_PRNG = """
#include <windows.h>
#include <ntsecapi.h>
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) { return RtlGenRandom(data, size); }
"""
POLLS = 20


def need(*programs: str, folders: str | None = None) -> list[str]:
    """Find programs, or skip and name those that are missing."""
    found = [shutil.which(program, path=folders) for program in programs]
    missing = [program for program, path in zip(programs, found, strict=True) if path is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    return [path for path in found if path]


@pytest.fixture(scope="module")
def go() -> Toolchain:
    found = toolchain.find()
    if found is None:
        pytest.skip(toolchain.why_not())
    return found


def build(go: Toolchain, *argv: str, **platform: str) -> None:
    environment = {**toolchain._environment(go.origin), **platform}
    subprocess.run([go.path, *argv], cwd=MODULE, env=environment, check=True, timeout=LONGEST_S)


@pytest.mark.parametrize(
    "platform", ["linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "freebsd/amd64"]
)
def test_it_builds_for(go: Toolchain, platform: str, tmp_path: Path) -> None:
    system, _, machine = platform.partition("/")
    build(go, "build", "-o", str(tmp_path / "gowatch"), ".", GOOS=system, GOARCH=machine)
    build(go, "vet", "./...", GOOS=system, GOARCH=machine)

    assert (tmp_path / "gowatch").exists()


def bytes_a_poll(benchmark: str) -> tuple[float, int, int]:
    """Read what BenchmarkPoll reports: bytes a poll, links, and the size of a page."""
    found = re.search(r"([\d.e+]+) B/poll\s+([\d.]+) links\s+([\d.]+) page-B", benchmark)
    assert found, benchmark
    return float(found[1]), int(float(found[2])), int(float(found[3]))


BENCHMARK = ("-test.run", "^$", "-test.bench", "Poll", "-test.benchtime", "200x", "-test.cpu", "1")


class Wine:
    """A Windows made of Wine, with a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._wine, self._server, compiler = need(
            "wine64", "wineserver64", "x86_64-w64-mingw32-gcc", folders=WINE_FOLDERS
        )
        self._environment = {**os.environ, "WINEPREFIX": str(folder / "prefix"), "WINEDEBUG": "-all"}
        self.run("wineboot", "-i")
        source = folder / "random.c"
        source.write_text(PROCESS_PRNG)
        library = folder / "prefix/drive_c/windows/system32/bcryptprimitives.dll"
        subprocess.run([compiler, "-shared", "-o", library, source, "-ladvapi32"], check=True, timeout=LONGEST_S)

    def run(self, *argv: str) -> str:
        """Run a program for Windows; its standard output."""
        done = subprocess.run(
            [self._wine, *argv], env=self._environment, stdout=subprocess.PIPE, text=True, timeout=LONGEST_S, check=True
        )
        return done.stdout

    def start(self, *argv: str) -> subprocess.Popen[bytes]:
        """Start a program for Windows that is to be talked to."""
        return subprocess.Popen(
            [self._wine, *argv], env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def end(self) -> None:
        """End all of its processes."""
        subprocess.run([self._server, "-k"], env=self._environment, check=False, timeout=LONGEST_S)
        subprocess.run([self._server, "-w"], env=self._environment, check=False, timeout=LONGEST_S)


@pytest.fixture(scope="module")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wine]:
    windows = Wine(tmp_path_factory.mktemp("wine"))
    yield windows
    windows.end()


@pytest.fixture(scope="module")
def gowatch_exe(go: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> str:
    program = tmp_path_factory.mktemp("windows") / "gowatch.exe"
    build(go, "build", "-o", str(program), ".", GOOS="windows", GOARCH="amd64")
    return str(program)


def lines(process: subprocess.Popen[bytes]) -> Iterator[protocol.Line]:
    assert process.stdout is not None
    for line in process.stdout:
        yield protocol.decode(line.rstrip())


def test_the_poll_of_windows_polls_and_counts_under_wine(wine: Wine, gowatch_exe: str) -> None:
    with wine.start(gowatch_exe, "go-poll", "--ifname", "lo", "--interval", "0", "--polls", str(POLLS)) as process:
        told = lines(process)
        ready = next(told)
        work = next(line for line in told if isinstance(line, Work) and line.polls == POLLS)
        assert process.stdin is not None
        process.stdin.write(b"stop\n")
        process.stdin.close()
        *_, outcome = told

    assert isinstance(ready, Ready)
    assert ready.ifname == "lo"
    assert work.allocated_bytes is not None
    assert work.allocated_bytes > POLLS * 1000
    assert isinstance(outcome, ReportedOutcome)
    assert (outcome.restart, outcome.reason) == (False, "stopped")


@pytest.mark.parametrize("watcher", ["go-poll", "go-notify"])
def test_a_name_that_is_not_there_is_not_found_under_wine(wine: Wine, gowatch_exe: str, watcher: str) -> None:
    *_, last = wine.run(gowatch_exe, watcher, "--ifname", "nope0").splitlines()
    outcome = protocol.decode(last.encode())

    assert isinstance(outcome, ReportedOutcome)
    assert (outcome.restart, outcome.reason) == (False, "not_found")


def test_the_subscription_of_windows_registers_answers_a_mark_and_stops_under_wine(
    wine: Wine, gowatch_exe: str
) -> None:
    with wine.start(gowatch_exe, "go-notify", "--ifname", "lo") as process:
        told = lines(process)
        ready = next(told)
        assert process.stdin is not None
        process.stdin.write(b"mark\nstop\n")
        process.stdin.close()
        *_, outcome = told
        status = process.wait(LONGEST_S)

    assert isinstance(ready, Ready)
    assert isinstance(outcome, ReportedOutcome)
    assert (outcome.reason, status) == ("stopped", 0)


def test_the_tests_of_the_watchers_pass_under_wine(wine: Wine, go: Toolchain, tmp_path: Path) -> None:
    program = tmp_path / "watch.test.exe"
    build(go, "test", "-c", "-o", str(program), "./internal/watch", GOOS="windows", GOARCH="amd64")
    said = wine.run(str(program), "-test.v")

    passed = said.count("--- PASS: ")
    assert "--- PASS: TestNotificationsAreReasonsToLook" in said
    assert "--- SKIP: TestAdapters" in said  # this Windows has no PowerShell
    assert passed > 40


def test_on_arm64_a_poll_allocates_what_it_does_here(go: Toolchain, tmp_path: Path) -> None:
    """Hold an emulated processor to the real one, on the same kernel; a page of 16 KiB changes little."""
    (qemu,) = need("qemu-aarch64-static")
    measured = {}
    for machine in (go.platform.partition("/")[2], "arm64"):
        program = tmp_path / f"watch.{machine}.test"
        build(go, "test", "-c", "-o", str(program), "./internal/watch", GOOS="linux", GOARCH=machine)
        ways = {"4": [qemu, "-p", "4096"], "16": [qemu, "-p", "16384"]} if machine == "arm64" else {"": []}
        for pages, emulator in ways.items():
            argv = [*emulator, str(program), *BENCHMARK]
            done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, timeout=LONGEST_S, check=True)
            measured[machine, pages] = bytes_a_poll(done.stdout)

    here, *emulated = measured.values()
    assert [page for _, _, page in emulated][-2:] == [4096, 16384]
    for size, links, _ in emulated:
        assert links == here[1]
        assert size == pytest.approx(here[0], rel=0.1)
