"""The scripted scenarios as processes: every scripted event and every storm, against the kernel's own truth."""

import fcntl
import json
import os
import select
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

import harness
from harness import scenario

pytestmark = pytest.mark.netns

Outside = Callable[..., tuple[Popen[str], str]]
Netchurn = Callable[..., tuple[Popen[str], str]]
Document = dict[str, Any]

HANG_S = 300.0  # whoever waits longer waits for something that never comes; no statement about speed
BOTH = ("--subject", "netlink", "--subject", "netlink-filtered")
PACKAGE = Path(harness.__file__).resolve().parents[1]
POLLERS = ("poll", "poll-name", "poll-psutil")

# The bundled script, or a part of it. What a poll tells is a second late at least, what an event tells never is: a
# limit between the two leaves the verdicts as they are, and leaves the machine's pace out of them.
CHOSEN = """\
import dataclasses
import msgspec
from harness import scenario
bundled = scenario.find("lifecycle")
[script] = bundled.scripts
chosen = {names!r} or [one.name for one in script.scripted_events]
scripted_events = tuple(one for one in script.scripted_events if one.name in chosen)
script = msgspec.structs.replace(script, scripted_events=scripted_events, late_s=1.0)
SCENARIO = dataclasses.replace(bundled, scripts=(script,))
"""


@pytest.fixture
def netchurn(outside: Outside, tmp_path: Path) -> Netchurn:
    """Start `netchurn run`, with its folders below the test's own."""

    def start(name: str, *rest: str, **variables: str) -> tuple[Popen[str], str]:
        below_here = ["--results", str(tmp_path / "results"), "--reports", str(tmp_path / "reports")]
        return outside(sys.executable, "-P", "-m", "harness", "run", name, *rest, *below_here, **variables)

    return start


@pytest.fixture
def lifecycle(tmp_path: Path) -> Callable[..., str]:
    """Write a scenario file with scripted events of the bundled script, all of them if none is named."""

    def write(*names: str) -> str:
        known = {one.name for one in scenario.find("lifecycle").scripts[0].scripted_events}
        assert known >= set(names)
        path = tmp_path / "lifecycle.py"
        path.write_text(CHOSEN.format(names=names))
        return str(path)

    return write


def end(process: Popen[str]) -> tuple[int, Document]:
    """Wait for the end of a run with ``--json``. A traceback is never right."""
    said, complained = process.communicate(timeout=HANG_S)
    assert "Traceback" not in said + complained
    assert said, complained
    document: Document = json.loads(said)
    return process.returncode, document


def cells(document: Document, subject: str) -> dict[str, tuple[str, str]]:
    """Give what one subject was expected to show of each scripted event, and what it showed."""
    return {
        one["scripted_event"]: (one["expected"], one["seen"]) for one in document["matrix"] if one["subject"] == subject
    }


def detection(document: Document, subject: str) -> dict[str, Any]:
    [found] = [one["detection"] for one in document["subjects"] if one["name"] == subject]
    return dict(found)


# --- lifecycle --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_each_subscription_sees_exactly_what_its_own_design_has_it_see(
    netchurn: Netchurn, lifecycle: Callable[..., str]
) -> None:
    status, document = end(netchurn(lifecycle(), *BOTH, "--json", "--no-report")[0])
    assert (status, document["status"], document["verdict"]) == (0, "complete", "pass")
    netlink, filtered = cells(document, "netlink"), cells(document, "netlink-filtered")
    script = {one["name"]: one for one in document["plan"]["scripts"][0]["scripted_events"]}
    makeable = set(script) if shutil.which("wireguard-go") else set(script) - {"daemon-killed"}
    assert set(netlink) == set(filtered) == makeable
    assert {name: seen for name, (expected, seen) in netlink.items() if seen != expected} == {}
    assert {name: seen for name, (expected, seen) in filtered.items() if seen != expected} == {}
    assert {name for name, (_, seen) in netlink.items() if seen == "false_positive"} == {
        *("move", "out-and-back", "bridge-release", "others", "subscription-refused")
    }
    assert {seen for _, seen in filtered.values()} == {"detected", "true_negative"}
    counted = detection(document, "netlink-filtered")
    assert (counted["missed"], counted["false_positives"], counted["detected"]) == (0, 0, counted["expected"])
    assert counted["expected"] == sum(bool(script[name]["valid_reasons"]) for name in makeable)


@pytest.mark.slow
def test_polls_show_their_blind_spots(netchurn: Netchurn, lifecycle: Callable[..., str]) -> None:
    chosen = ("delete", "recreate-same-index", "rename-and-back", "move", "no-descriptors")
    options = [word for name in POLLERS for word in ("--subject", name)]
    _, document = end(netchurn(lifecycle(*chosen), *options, "--json", "--no-report")[0])
    seen = {
        name: {scripted_event: seen for scripted_event, (_, seen) in cells(document, name).items()} for name in POLLERS
    }
    blind = {"delete": "late", "recreate-same-index": "missed", "rename-and-back": "missed", "move": "false_positive"}
    assert seen == {
        "poll": {**blind, "no-descriptors": "true_negative"},
        "poll-name": {**blind, "no-descriptors": "false_positive"},
        "poll-psutil": {**blind, "no-descriptors": "false_positive"},
    }
    assert [one for one in document["matrix"] if one["seen"] != one["expected"]] == []


@pytest.mark.slow
def test_what_this_machine_cannot_make_is_left_out_and_fails_nothing(
    netchurn: Netchurn, lifecycle: Callable[..., str], tmp_path: Path
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("unshare", "setpriv", "mount", "ip", "sh", "nsenter", "sleep", "git"):
        if found := shutil.which(tool):
            (tools / tool).symlink_to(found)
    process, _ = netchurn(lifecycle("delete", "daemon-killed", "stop"), *BOTH, "--json", "--no-report", PATH=str(tools))
    status, document = end(process)
    assert (status, document["status"], document["verdict"]) == (0, "complete", "pass")
    for name in ("netlink", "netlink-filtered"):
        assert cells(document, name) == {"delete": ("detected", "detected"), "stop": ("true_negative", "true_negative")}


@pytest.mark.slow
def test_a_subject_that_ends_without_a_word_makes_the_run_invalid_and_is_not_called_quiet(
    netchurn: Netchurn, lifecycle: Callable[..., str], tmp_path: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if {'harness.subjects.repeated_watch', 'netlink'} <= set(sys.orig_argv):\n"
        "    write = os.write\n"
        "    def last(descriptor, data):\n"
        "        if b'outcome' in data:\n"
        "            write(2, b'no heart for it\\n')\n"
        "            os._exit(3)\n"
        "        return write(descriptor, data)\n"
        "    os.write = last\n"
    )
    search = os.pathsep.join([str(site), str(PACKAGE), *filter(None, [os.environ.get("PYTHONPATH")])])
    process, _ = netchurn(lifecycle("stop"), *BOTH, "--json", "--no-report", PYTHONPATH=search)
    said, complained = process.communicate(timeout=HANG_S)
    assert (process.returncode, said) == (4, "")
    assert "netlink" in complained
    assert "[subject_died]" in complained
    assert "no heart for it" in complained


@pytest.mark.slow
def test_a_happening_that_no_chosen_subject_is_asked_about_is_not_played(
    netchurn: Netchurn, lifecycle: Callable[..., str], tmp_path: Path
) -> None:
    process, _ = netchurn(lifecycle("subscription-refused", "stop"), "--subject", "poll-name", "--json", "--no-report")
    _, document = end(process)
    assert cells(document, "poll-name") == {"stop": ("true_negative", "true_negative")}
    [folder] = [path.parent for path in (tmp_path / "results").glob("*/*/result.json")]
    assert event_runs(folder) == ["stop"]


# --- cut short --------------------------------------------------------------------------------------------------------


@contextmanager
def told_of_changes_in(folder: Path) -> Iterator[Callable[[], None]]:
    """Give a function that returns when a file of the folder was replaced, after this began or since it last did.

    The kernel tells by SIGIO, to any thread of this process: a handler must stand, as without one it ends the process.
    """
    ear, mouth = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    handler = signal.signal(signal.SIGIO, lambda *_: None)
    wakeup = signal.set_wakeup_fd(mouth, warn_on_full_buffer=False)
    watched = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.fcntl(watched, fcntl.F_NOTIFY, fcntl.DN_RENAME | fcntl.DN_CREATE | fcntl.DN_MULTISHOT)

    def wait() -> None:
        assert select.select([ear], [], [], HANG_S)[0], f"nothing changes in {folder}"
        os.read(ear, 4096)

    try:
        yield wait
    finally:
        os.close(watched)
        signal.set_wakeup_fd(wakeup)
        signal.signal(signal.SIGIO, handler)
        os.close(ear)
        os.close(mouth)


def event_runs(folder: Path) -> list[str]:
    return [one["scripted_event"] for one in json.loads((folder / "result.json").read_text()).get("event_runs", [])]


@pytest.mark.slow
def test_ctrl_c_in_mid_script_keeps_the_events_so_far(
    netchurn: Netchurn, lifecycle: Callable[..., str], tmp_path: Path
) -> None:
    process, _ = netchurn(lifecycle(), *BOTH, "--json", "--no-report")
    assert process.stderr is not None
    for line in process.stderr:
        if "playing the script" in line:
            break
    [folder] = [path.parent for path in (tmp_path / "results").glob("*/*/result.json")]
    with told_of_changes_in(folder) as wait:
        while len(event_runs(folder)) < 2:
            wait()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole process group
    status, document = end(process)
    assert (status, document["status"], document["verdict"]) == (130, "interrupted", "inconclusive")
    script = [one["name"] for one in document["plan"]["scripts"][0]["scripted_events"]]
    kept = event_runs(folder)
    assert 2 <= len(kept) < len(script)
    assert kept == script[: len(kept)]
    assert list(cells(document, "netlink-filtered")) == kept
    assert not (folder / "SHA256SUMS").exists()


# --- storm ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_storm_restarts_one_that_reads_everything_and_never_wakes_one_that_filters(netchurn: Netchurn) -> None:
    status, document = end(netchurn("storm", *BOTH, "--no-profile", "--json", "--no-report")[0])
    assert (status, document["status"]) == (3, "complete")  # without a profile its claims on bytes are not measured
    rows = {(one["subject"], one["kind"], one["rate"]): one for one in document["storms"]}
    storm = document["plan"]["storm"]

    overrun = rows["netlink", "overrun", None]
    assert overrun["reported_outcome"]["reason"] == "closed"
    assert overrun["reported_outcome"]["restart"]
    assert overrun["dropped"] > 0

    storms = [("overrun", None), *(("live", rate) for rate in (*storm["rates"], None))]
    for kind, rate in storms:
        row = rows["netlink-filtered", kind, rate]
        assert (row["reported_outcome"], row["state_correct"], row["dropped"], row["lost"]) == (None, True, 0, None)
        assert kind == "overrun" or row["voluntary_switches"] == 0  # to be stopped and to go on takes some
    assert rows["netlink-filtered", "live", None]["sent"] == storm["live_events"] == 10_000

    filtered, faithful = (detection(document, name) for name in ("netlink-filtered", "netlink"))
    assert (filtered["detected"], filtered["missed"], filtered["false_positives"]) == (len(storms), 0, 0)
    assert faithful["false_positives"] >= 1
    losses = {one["name"]: one["loss"] for one in document["subjects"]}
    assert losses["netlink-filtered"] == {"dropped": 0, "reported": True}
    assert losses["netlink"]["dropped"] >= overrun["dropped"]
    assert not losses["netlink"]["reported"]
