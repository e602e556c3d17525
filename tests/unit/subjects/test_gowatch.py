"""The Go module: what Go's own tools say of it, and the protocol from outside, on the one link that is everywhere."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from harness.model import ReportedOutcome, Work
from harness.subjects import protocol, toolchain
from harness.subjects.protocol import Dumps, Found, MalformedLine, Ready
from harness.subjects.toolchain import MODULE, Toolchain

LO = socket.if_nametoindex("lo")
WATCHERS = ("go-poll", "go-netlink", "go-netlink-resilient")
MOST_OF_A_COLLECTION = 512  # bytes
SETTLED_MARKS = 3
Process = subprocess.Popen[bytes]


@pytest.fixture(scope="module")
def go() -> Toolchain:
    found = toolchain.find()
    if found is None:
        pytest.skip(f"{toolchain.why_not()}: {toolchain.HINT}")
    done = call(found, "mod", "download")
    if done.returncode:
        pytest.skip(f"no Go modules, and none can be had: {toolchain.last_meaningful(done.stdout)}")
    return found


@pytest.fixture(scope="module")
def gowatch(go: Toolchain) -> Path:
    return toolchain.binary(go)


def call(go: Toolchain, *argv: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [go.path, *argv],
        cwd=MODULE,
        env={**toolchain._environment(go.origin), **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def run(go: Toolchain, *argv: str, **settings: str) -> str:
    """Run Go on the module; its output, when it is content."""
    done = call(go, *argv, **settings)
    assert done.returncode == 0, done.stdout
    return done.stdout


# --- Go's own tools ---------------------------------------------------------------------------------------------------


def test_vet_is_content(go: Toolchain) -> None:
    run(go, "vet", "./...")


def test_it_is_formatted(go: Toolchain) -> None:
    gofmt = Path(run(go, "env", "GOROOT").strip()) / "bin" / "gofmt"
    if not gofmt.exists():
        pytest.skip("this Go comes without gofmt")

    assert not subprocess.run([gofmt, "-l", MODULE], capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
def test_its_own_tests_pass(go: Toolchain) -> None:
    run(go, "test", "-count=1", "./...")


@pytest.mark.parametrize(
    ("system", "modules"), [("windows", {"gowatch", "golang.org/x/sys/windows"}), ("darwin", {"gowatch"})]
)
def test_where_there_is_no_netlink_it_needs_little_beyond_the_standard_library(
    go: Toolchain, system: str, modules: set[str]
) -> None:
    listed = run(go, "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".", GOOS=system)

    named = {line if line.startswith("golang.org") else line.split("/")[0] for line in listed.split()}
    assert named - {"golang.org/x/sys/internal/unsafeheader"} == modules


# --- the protocol -----------------------------------------------------------------------------------------------------


@contextmanager
def started(program: Path, *argv: str, environment: dict[str, str] | None = None) -> Iterator[Process]:
    kept = {name: value for name, value in os.environ.items() if name != "NB_USE_NETSTACK_MODE"}
    with subprocess.Popen(
        [program, *argv], env={**kept, **(environment or {})}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def tell(process: Process, *words: str) -> None:
    assert process.stdin is not None
    process.stdin.write("".join(word + "\n" for word in words).encode())
    process.stdin.flush()


def read_output(process: Process) -> protocol.Line:
    assert process.stdout is not None
    return protocol.decode(process.stdout.readline().rstrip(b"\n"))


def hear_work(process: Process) -> Work:
    line = read_output(process)
    assert isinstance(line, Work)
    return line


def mark(process: Process) -> Work:
    """Ask for an exact count; what rides on the watcher's own wake-ups is passed over."""
    tell(process, "mark")
    while (work := hear_work(process)).allocated_bytes is None:
        pass
    return work


def counted(work: Work) -> tuple[int, int]:
    assert work.allocated_bytes is not None
    assert work.allocations is not None
    return work.allocated_bytes, work.allocations


@pytest.mark.parametrize("watcher", WATCHERS)
def test_it_says_ready_answers_a_mark_exactly_and_ends_when_told(gowatch: Path, watcher: str) -> None:
    with started(gowatch, watcher, "--ifname", "lo", "--interval", "600") as process:
        before = time.monotonic_ns()
        ready = read_output(process)
        work = mark(process)
        tell(process, "stop")
        last, said = hear_work(process), read_output(process)
        status = process.wait(10)

    assert isinstance(ready, Ready)
    assert (ready.ifname, ready.ifindex) == ("lo", LO)
    assert work.polls == 0
    assert counted(last) >= counted(work) > (0, 0)
    assert before - 10**9 < ready.at_ns <= work.at_ns <= last.at_ns <= time.monotonic_ns()
    assert isinstance(said, ReportedOutcome)
    assert (said.restart, said.reason) == (False, "stopped")
    assert said.message == "wg interface monitor stopped: asked to stop"
    assert status == 0


@pytest.mark.parametrize("profiled", ["", "profiled"])
@pytest.mark.parametrize("watcher", WATCHERS)
def test_between_two_marks_nothing_is_allocated_where_nothing_happens(
    gowatch: Path,
    watcher: str,
    profiled: str,
    tmp_path: Path,
) -> None:
    """Take the least of several differences: the runtime starts a thread now and then, and that counts.

    A mark with profiles forces a collection, for which the runtime may allocate a little each time.
    """
    profiles = ("--profiles", str(tmp_path)) if profiled else ()
    with started(gowatch, watcher, "--ifname", "lo", "--interval", "600", *profiles) as process:
        read_output(process)
        counts = [counted(mark(process))[0] for _ in range(SETTLED_MARKS + 5)]

    settled = counts[SETTLED_MARKS:]
    least = min(later - earlier for earlier, later in pairwise(settled))
    assert 0 <= least <= (MOST_OF_A_COLLECTION if profiled else 0)


def test_a_poll_costs_the_same_each_time(gowatch: Path) -> None:
    totals = []
    for polls in (100, 200, 300):
        with started(gowatch, "go-poll", "--ifname", "lo", "--interval", "0", "--polls", str(polls)) as process:
            read_output(process)
            work = hear_work(process)
            totals.append(counted(work)[0])

            assert work.polls == polls

    first, second = totals[1] - totals[0], totals[2] - totals[1]
    assert first > 100 * 1000
    assert second == pytest.approx(first, rel=0.1)


def test_after_its_polls_it_stays_alive_until_told_to_stop(gowatch: Path) -> None:
    with started(gowatch, "go-poll", "--ifname", "lo", "--interval", "0", "--polls", "3") as process:
        read_output(process)
        done, later = hear_work(process), mark(process)
        alive = process.poll() is None
        tell(process, "stop")
        said = read_output(process)

    assert (done.polls, later.polls) == (3, 3)
    assert alive
    assert isinstance(said, ReportedOutcome)
    assert said.reason == "stopped"


def test_back_to_back_it_still_hears(gowatch: Path) -> None:
    with started(gowatch, "go-poll", "--ifname", "lo", "--interval", "0") as process:
        read_output(process)
        first = mark(process).polls
        while mark(process).polls == first:  # marks that wait are answered one after the other
            pass
        tell(process, "stop")
        status = process.wait(10)

    assert status == 0


def test_profiles_are_there_when_a_mark_is_answered(gowatch: Path, tmp_path: Path) -> None:
    folder = tmp_path / "profiles"
    with started(gowatch, "go-poll", "--ifname", "lo", "--interval", "600", "--profiles", str(folder)) as process:
        read_output(process)
        mark(process)
        after_one = sorted(path.name for path in folder.iterdir())
        tell(process, "stop")
        process.wait(10)

    assert after_one == ["mark-0001.allocs.pb.gz", "mark-0001.heap.pb.gz"]
    assert len(list(folder.iterdir())) == 4


def test_profiles_do_not_change_what_a_poll_is_said_to_cost(gowatch: Path, tmp_path: Path) -> None:
    costs = []
    for profiles in ((), ("--profiles", str(tmp_path), "--profile-rate", "4096")):
        argv = ("go-poll", "--ifname", "lo", "--interval", "0", *profiles)
        with started(gowatch, *argv) as process:
            read_output(process)
            marks: list[Work] = []
            while not marks or marks[-1].polls < marks[0].polls + 500:
                marks.append(mark(process))
            costs.append((counted(marks[-1])[0] - counted(marks[0])[0]) / (marks[-1].polls - marks[0].polls))

    assert costs[1] == pytest.approx(costs[0], rel=0.1)


@pytest.mark.parametrize(
    ("ifname", "environment", "expected"),
    [
        ("nope0", {}, "not_found"),
        ("", {}, "no_name"),
        ("lo", {"NB_USE_NETSTACK_MODE": "true"}, "netstack"),
    ],
)
def test_what_cannot_be_watched_is_an_outcome_and_no_crash(
    gowatch: Path, ifname: str, environment: dict[str, str], expected: str
) -> None:
    with started(gowatch, "go-netlink", "--ifname", ifname, environment=environment) as process:
        hear_work(process)
        said = read_output(process)
        status = process.wait(10)

    assert isinstance(said, ReportedOutcome)
    assert (said.restart, said.reason) == (False, expected)
    assert (said.message is None) == (expected == "netstack")
    assert status == 0


def test_the_end_of_its_standard_input_means_stop(gowatch: Path) -> None:
    with started(gowatch, "go-netlink", "--ifname", "lo") as process:
        read_output(process)
        assert process.stdin is not None
        process.stdin.close()
        hear_work(process)
        said = read_output(process)

    assert isinstance(said, ReportedOutcome)
    assert said.reason == "stopped"


def test_a_word_that_it_does_not_know_is_passed_over(gowatch: Path) -> None:
    with started(gowatch, "go-netlink", "--ifname", "lo") as process:
        read_output(process)
        tell(process, "dance")

        assert counted(mark(process))


@pytest.mark.parametrize("watcher", WATCHERS)
def test_it_watches_in_rounds(gowatch: Path, watcher: str) -> None:
    heard = []
    with started(gowatch, watcher, "--ifname", "lo", "--interval", "600", "--rounds") as process:
        for words in (("again",), ("stop",), ("hold",), ("go",), ("stop",), ("hold",), ("stop",)):
            tell(process, *words)
            lines = 3 if words == ("stop",) else 1
            heard += [type(read_output(process)) for _ in range(lines)]
        assert process.stdin is not None
        process.stdin.close()
        status = process.wait(10)

    ended = [Work, Dumps, ReportedOutcome]
    assert heard == [Ready, *ended, Found, Ready, *ended, Found, *ended]
    assert status == 0


def test_every_line_is_of_the_protocol_and_has_nothing_else(gowatch: Path) -> None:
    with started(gowatch, "go-poll", "--ifname", "lo", "--interval", "0.001", "--rounds") as process:
        tell(process, "again")
        read_output(process)
        tell(process, "stop")
        assert process.stdout is not None
        lines: list[dict[str, Any]] = [json.loads(process.stdout.readline()) for _ in range(3)]

    assert [sorted(line) for line in lines] == [
        ["allocated_bytes", "allocations", "at_ns", "event", "events", "polls"],
        ["at_ns", "discarded_ns", "event", "made", "marked", "retried"],
        ["at_ns", "event", "message", "reason", "restart"],
    ]
    assert not [line for line in lines if isinstance(protocol.decode(json.dumps(line).encode()), MalformedLine)]


@pytest.mark.parametrize("argv", [(), ("poll",), ("go-poll", "--interval", "-1"), ("go-poll", "--dance")])
def test_misuse_is_said_in_words(gowatch: Path, argv: Sequence[str]) -> None:
    done = subprocess.run([gowatch, *argv], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stdout == ""
    assert "gowatch: " in done.stderr
