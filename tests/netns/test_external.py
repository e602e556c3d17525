"""Programs that netchurn does not bring, measured in a real run: each a clear outcome, and the others unharmed."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

import harness

pytestmark = pytest.mark.netns

Outside = Callable[..., tuple[Popen[str], str]]
Run = Callable[..., tuple[int, dict[str, Any]]]
HANG_S = 120.0
RUN = (
    "run",
    "docker-host",
    "--subject",
    "poll",
    "--subject",
    "netlink",
    "--pairs",
    "2",
    "--duration",
    "1s",
    "--no-profile",
    "--no-report",
    "--json",
    "--quiet",
)
PLANTED_A_SECOND = 10_000_000

SPEAKER = """
import json, sys, time
def say(**line):
    print(json.dumps({"at_ns": time.monotonic_ns(), **line}), flush=True)
say(event="ready", ifname="wt0", ifindex=2)
marks = 0
for line in sys.stdin:
    if line.strip() == "stop":
        break
    marks += 1
    say(event="work", polls=100 * marks, events=0, allocated_bytes=1_000_000 * marks, allocations=50 * marks)
"""

SERVER = f"""
import gzip, http.server, sys, time
sys.path.insert(0, {str(Path(harness.__file__).parents[1])!r})
from harness.probes.pprof.schema import Profile
BEGAN = time.monotonic()

class Pprof(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        planted = int({PLANTED_A_SECOND} * (time.monotonic() - BEGAN))
        text = f"# runtime.MemStats\\n# TotalAlloc = {{planted}}\\n# Mallocs = 9\\n# HeapInuse = 1\\n# NumGC = 1\\n"
        profile = Profile(period=524288, string_table=[
            b"", b"alloc_objects", b"count", b"alloc_space", b"bytes", b"inuse_objects", b"inuse_space", b"space"])
        for kind, unit in ((1, 2), (3, 4), (5, 2), (6, 4)):
            profile.sample_type.add(type=kind, unit=unit)
        profile.period_type.type, profile.period_type.unit = 7, 4
        body = text.encode() if "debug=1" in self.path else gzip.compress(profile.SerializeToString())
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass

http.server.HTTPServer(("127.0.0.1", 6060), Pprof).serve_forever()
"""


SAY = """
import json, os, sys, time
def say(**line):
    print(json.dumps({"at_ns": time.monotonic_ns(), **line}), flush=True)
"""
READY = SAY + 'say(event="ready", ifname="wt0", ifindex=2)\n'
UNANSWERED = READY + "time.sleep(600)\n"
FLOOD = (
    READY
    + """
while True:
    say(event="outcome", restart=False, reason="flood", message="x" * 60_000)
"""
)
FULL = """
own = os.open("/proc/self/fd/0", os.O_WRONLY | os.O_NONBLOCK)
try:
    while True:
        os.write(own, bytes(65_536))
except BlockingIOError:
    pass
"""
LIAR = (
    READY
    + """
for number, line in enumerate(sys.stdin):
    if line.strip() == "stop":
        break
    say(event="work", polls=100 - number, events=0, allocated_bytes=10**6 - number, allocations=1)
"""
)


@pytest.fixture
def run(outside: Outside, tmp_path: Path) -> Run:
    def measure(*rest: str) -> tuple[int, dict[str, Any]]:
        argv = [sys.executable, "-P", "-m", "harness", *RUN, "--results", str(tmp_path / "results"), *rest]
        process, _ = outside(*argv)
        said, complained = process.communicate(timeout=HANG_S)
        assert "Traceback" not in said + complained
        assert said, complained
        return process.returncode, json.loads(said)

    return measure


@pytest.fixture
def bystander() -> Iterator[Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def program(folder: Path, text: str) -> str:
    path = folder / "program.py"
    path.write_text(textwrap.dedent(text))
    path.chmod(0o644)
    return f"{sys.executable} {path}"


def of(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in document["subjects"] if one["name"] == name)
    return found


def warned(document: dict[str, Any], words: str) -> bool:
    return any(words in one["text"] for one in document["warnings"])


def assert_unharmed(document: dict[str, Any]) -> None:
    ours = [one for one in document["subjects"] if one["role"] in {"before", "after"}]
    assert [one["outcome"] for one in ours] == ["completed", "completed"]
    assert all(one["memory"]["rss_last_bytes"] for one in ours)


@pytest.mark.slow
def test_a_command_is_measured_beside_the_others_with_its_children(run: Run) -> None:
    status, document = run("--exec", "mine=sh -c 'while :; do ip -o link show wt0 >/dev/null; sleep 0.1; done'")
    mine = of(document, "mine")

    assert status == 3
    assert (mine["outcome"], mine["churn"]) == ("completed", None)
    assert mine["memory"]["rss_last_bytes"] > 0
    assert mine["cpu"]["minor_faults"] > 500, "the faults of every ip that it started"
    assert warned(document, "mine is measured from outside, its children included")
    assert_unharmed(document)


@pytest.mark.slow
def test_a_program_that_speaks_the_protocol_is_a_full_subject(run: Run, tmp_path: Path) -> None:
    _, document = run("--exec", f"mine={program(tmp_path, SPEAKER)}")
    churn = of(document, "mine")["churn"]

    assert (churn["polls"], churn["bytes_per_poll"], churn["accounting"]) == (100, 10_000, "self-reported")
    assert not warned(document, "mine is measured from outside")
    assert_unharmed(document)


@pytest.mark.slow
def test_a_bystander_is_read_and_left_alone(run: Run, bystander: Popen[bytes]) -> None:
    _, document = run("--pid", f"other={bystander.pid}")
    other = of(document, "other")

    assert other["outcome"] == "completed"
    assert other["memory"]["rss_last_bytes"] > 0
    assert bystander.poll() is None
    assert_unharmed(document)


@pytest.mark.slow
def test_one_that_observes_its_own_shell_does_not_count_netchurn(run: Run) -> None:
    _, document = run("--pid", f"self={os.getpid()}")

    assert of(document, "self")["memory"]["rss_last_bytes"] > 0
    assert_unharmed(document)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "status", "outcome", "words"),
    [
        ("true", 3, "completed", "mine ended by itself with status 0"),
        ("sh -c 'echo broken >&2; exit 7'", 4, "crashed", "mine crashed with status 7; its last words: broken"),
        ("sh -c 'yes | head -c 1000000000; exec sleep 600'", 3, "completed", "lines that are not of the protocol"),
        ("sh -c 'yes & exec yes'", 3, "completed", "lines that are not of the protocol"),
        ("sh -c 'trap : TERM; while :; do sleep 1; done'", 3, "completed", "did not end when asked by SIGTERM"),
    ],
)
def test_whatever_it_does_its_outcome_is_clear(run: Run, command: str, status: int, outcome: str, words: str) -> None:
    ended, document = run("--exec", f"mine={command}")

    assert ended == status
    assert of(document, "mine")["outcome"] == outcome
    assert warned(document, words)
    assert_unharmed(document)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (UNANSWERED, "mine sent `ready` but did not answer `mark`"),
        (FLOOD, "mine sent `ready` but did not answer `mark`"),
        (SAY + FULL + UNANSWERED.removeprefix(SAY), "mine sent `ready` but did not answer `mark`"),
        (LIAR, "mine tells counts that fall"),
    ],
    ids=["unanswered", "flood", "full pipe", "liar"],
)
def test_one_that_speaks_and_lies_harms_nobody(run: Run, tmp_path: Path, text: str, words: str) -> None:
    _, document = run("--exec", f"mine={program(tmp_path, text)}")

    assert of(document, "mine")["outcome"] == "completed"
    assert of(document, "mine")["churn"] is None
    assert warned(document, words)
    assert_unharmed(document)


@pytest.mark.slow
def test_a_program_of_others_has_its_own_environment(run: Run, tmp_path: Path) -> None:
    told = tmp_path / "told"
    told.touch()
    told.chmod(0o666)
    run("--exec", f"mine=sh -c 'echo ${{PYTHONHASHSEED-unset}} >{told}; exec sleep 600'")

    assert told.read_text() == "unset\n"


@pytest.mark.slow
def test_what_it_left_running_ends_with_the_run(outside: Outside, tmp_path: Path, remains: Callable[..., Any]) -> None:
    argv = [sys.executable, "-P", "-m", "harness", *RUN, "--results", str(tmp_path / "results")]
    process, mark = outside(*argv, "--exec", "mine=sh -c 'sleep 600 & setsid sleep 600 & exec sleep 600'")
    process.communicate(timeout=HANG_S)

    assert remains(mark, set()) == []


@pytest.mark.slow
def test_what_a_program_serves_over_pprof_is_its_churn(run: Run, tmp_path: Path) -> None:
    _, document = run("--exec", f"mine={program(tmp_path, SERVER)}", "--pprof", "mine=http://127.0.0.1:6060")
    churn = of(document, "mine")["churn"]

    assert churn is not None, document["warnings"]
    assert churn["bytes_per_day"] == pytest.approx(PLANTED_A_SECOND * 86_400, rel=0.02)
    assert churn["accounting"] == "go:size-classes"


@pytest.mark.slow
def test_an_address_that_opens_late_is_waited_for(run: Run, tmp_path: Path) -> None:
    late = f"sh -c 'sleep 3; exec {program(tmp_path, SERVER)}'"
    _, document = run("--exec", f"mine={late}", "--pprof", "mine=http://127.0.0.1:6060", "--trials", "2")
    churn = of(document, "mine")["churn"]

    assert churn is not None, document["warnings"]
    assert churn["by_trial_bytes_per_day"] == pytest.approx([PLANTED_A_SECOND * 86_400] * 2, rel=0.02)
    (result,) = tmp_path.glob("results/docker-host/*/result.json")
    for heap in json.loads(result.read_text())["heaps"]:
        assert heap["since_start_s"] > 3
        assert len(heap["noise"]) == len(heap["rehearsals"]) == 5


@pytest.mark.slow
def test_an_address_that_nobody_opens_is_told_before_the_clean_arm(outside: Outside, tmp_path: Path) -> None:
    argv = [sys.executable, "-P", "-m", "harness", "run", "docker-host", "--pairs", "2", "--duration", "1s"]
    argv += ["--no-profile", "--no-report", "--results", str(tmp_path), "--exec", "mine=sleep 600"]
    process, _ = outside(*argv, "--pprof", "mine=http://127.0.0.1:6060")
    _, complained = process.communicate(timeout=HANG_S)
    lines = complained.splitlines()
    told = next(number for number, line in enumerate(lines) if "warning: pprof of mine: " in line)
    assert told < next(number for number, line in enumerate(lines) if "of 1s: " in line)


@pytest.mark.slow
def test_nobody_who_serves_pprof_is_a_note_and_no_end(run: Run) -> None:
    status, document = run("--exec", "mine=sleep 600", "--pprof", "mine=http://127.0.0.1:6060")

    assert status == 3
    assert of(document, "mine")["churn"] is None
    assert warned(document, "pprof of mine: ")
    assert_unharmed(document)


@pytest.mark.slow
def test_observing_takes_no_namespace(outside: Outside, tmp_path: Path, bystander: Popen[bytes]) -> None:
    argv = [sys.executable, "-P", "-m", "harness", "run", "observe", "--duration", "4s", "--no-report", "--json"]
    nowhere = {"PATH": "/nonexistent"}  # no ip, no unshare, no setpriv
    process, mark = outside(*argv, "--quiet", "--results", str(tmp_path), "--pid", f"other={bystander.pid}", **nowhere)
    said, complained = process.communicate(timeout=HANG_S)
    document = json.loads(said)

    assert "Traceback" not in complained
    assert process.returncode == 3
    assert of(document, "other")["memory"]["rss_last_bytes"] > 0
    assert {one["name"]: one["ok"] for one in document["controls"]} == {"sleeper": True, "leaker": True}
    assert bystander.poll() is None
    assert mark


LEAKER = """
import os, socket, time
held = []
while True:
    held.append(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))
    time.sleep(0.1)
"""


@pytest.mark.slow
def test_a_process_that_leaks_descriptors_is_counted_where_it_runs(outside: Outside, tmp_path: Path) -> None:
    with Popen([sys.executable, "-c", LEAKER]) as leaker:
        argv = [sys.executable, "-P", "-m", "harness", "run", "observe", "--duration", "17s", "--no-report", "--json"]
        process, _ = outside(*argv, "--quiet", "--results", str(tmp_path), "--pid", f"mine={leaker.pid}")
        said, _ = process.communicate(timeout=HANG_S)
        leaker.kill()
    found = {one["name"]: one for one in of(json.loads(said), "mine")["resources"]}

    assert found["descriptors"]["per_hour"] == pytest.approx(36_000, rel=0.1)
    assert found["descriptors"]["verdict"] == "inconclusive"  # in less than ten minutes
    assert found["netlink_sockets"]["last"] > found["netlink_sockets"]["first"] + 100
    assert found["children"]["last"] == 0


@pytest.mark.parametrize(
    ("rest", "name"),
    [
        ((), "option_missing"),
        (("--exec", "mine=sleep 1"), "option_conflict"),
        (("--subject", "poll"), "option_conflict"),
        (("--pid", "a=1", "--trials", "0"), "out_of_range"),
    ],
)
def test_what_observe_cannot_do_is_said(outside: Outside, rest: tuple[str, ...], name: str) -> None:
    process, _ = outside(sys.executable, "-P", "-m", "harness", "run", "observe", *rest)
    _, complained = process.communicate(timeout=HANG_S)

    assert process.returncode == 2
    assert f"[{name}]" in complained


@pytest.mark.slow
@pytest.mark.parametrize(
    ("taken", "kind", "reason"),
    [
        ("ip link del wt0", "deleted", "deleted"),
        ("ip link set wt0 down; ip link set wt0 name wt9", "renamed", "renamed"),
        # By one process: on a busy machine a second one starts so late that the interface is seen to be gone.
        ('printf "link del wt0\\nlink add wt0 type bridge\\n" | ip -batch -', "recreated", "deleted"),
    ],
)
def test_who_reports_an_interface_that_a_program_took_is_right(
    run: Run, tmp_path: Path, taken: str, kind: str, reason: str
) -> None:
    count = f"$(ls {tmp_path}/results/docker-host/*/samples/*-poll.csv 2>/dev/null | wc -l)"
    sampled = f"had={count}; until [ {count} -gt $had ]; do sleep 0.1; done"  # the first tick of its trial is over
    _, document = run("--exec", f"mine=sh -c '{sampled}; {taken}; sleep 60'", "--duration", "2s", "--trials", "2")
    result = json.loads(next(tmp_path.glob("results/docker-host/*/result.json")).read_text())

    assert len(result["trials"]) == 2
    for trial in result["trials"]:
        change = trial["link_change"]
        said = {one["name"]: one["reported_outcome"] for one in trial["runs"]}["netlink"]
        assert change["kind"] == kind
        assert trial["began_ns"] < change["after_ns"] < change["at_ns"] < trial["ended_ns"]
        assert said[0]["reason"] == reason
        assert said[0]["at_ns"] > change["after_ns"]
    assert warned(document, f"wt0 was {kind}")
    assert not warned(document, "though nothing happened")


@pytest.mark.slow
def test_trials_repeat_and_every_claim_may_gate(run: Run) -> None:
    status, document = run("--trials", "2", "--strict")

    assert document["plan"]["trials"] == 2
    assert all(claim["gates"] for claim in document["claims"])
    assert status == 3, "churn was not measured"
    assert_unharmed(document)
