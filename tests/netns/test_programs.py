"""Programs as before and after, in a real run: what they are is recorded, and two commits are built and measured."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(shutil.which("cc") is None or shutil.which("git") is None, reason="no cc, or no git"),
]

Outside = Callable[..., tuple[Popen[str], str]]
HANG_S = 120.0
DAEMONS = Path(__file__).resolve().parents[2] / "docs" / "examples" / "daemons"
SHORT = ("--pairs", "2", "--duration", "2s", "--no-profile", "--no-report", "--json", "--quiet")


def netchurn(outside: Outside, *words: str, **variables: str) -> tuple[int, dict[str, Any], str]:
    process, _ = outside(sys.executable, "-P", "-m", "harness", *words, **variables)
    said, complained = process.communicate(timeout=HANG_S)
    assert "Traceback" not in said + complained
    return process.returncode, json.loads(said) if said.startswith("{") else {}, complained


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def programs(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one["program"] for one in document["subjects"] if one["program"]}


@pytest.fixture
def daemons(tmp_path: Path) -> Path:
    """Build the daemon in C, leaking and fixed, and take the one in Python."""
    for name, flags in (("leaking", []), ("fixed", ["-DFIXED"])):
        subprocess.run(["cc", "-O1", *flags, "-o", tmp_path / name, DAEMONS / "poller.c"], check=True)
    shutil.copy(DAEMONS / "poller.py", tmp_path / "poller.py")
    return tmp_path


@pytest.mark.slow
def test_before_and_after_are_measured_and_named_by_digest(outside: Outside, daemons: Path) -> None:
    script = daemons / "poller.py"
    status, document, _ = netchurn(
        outside,
        *("run", "docker-host", *SHORT, "--results", str(daemons / "results"), "--duplicate", "old"),
        *("--before", f"old={daemons}/leaking {{ifname}} 0.01", "--after", f"new={daemons}/fixed {{ifname}} 0.01"),
        *("--exec", f"script={sys.executable} {script} {{ifname}} --fixed"),
        *("--claim", "new.rss_peak_bytes <= 60MiB", "--claim", "new.growth flat"),
    )
    found = programs(document)

    assert status == 3, "two seconds decide no growth"
    assert [(one["before"], one["after"], one["verdict"]) for one in document["pairs"]] == [
        ("old", "new", "not_decided")
    ]
    assert document["pairs"][0]["explanation"]
    assert found["old"]["sha256"] == found["old-duplicate"]["sha256"] == digest(daemons / "leaking")
    assert found["new"]["argv"] == [f"{daemons}/fixed", "wt0", "0.01"]
    assert found["script"]["script_sha256"] == digest(script)
    assert found["script"]["commit"] is None
    assert {one["name"] for one in document["subjects"] if one["role"] != "control"} == {
        "old",
        "old-duplicate",
        "new",
        "script",
    }
    assert {one["id"]: one["verdict"] for one in document["claims"]} == {
        "claim-1": "reproduced",
        "claim-2": "inconclusive",
    }


def test_a_typo_in_a_claim_is_refused_before_the_run(outside: Outside, daemons: Path) -> None:
    status, _, complained = netchurn(
        outside,
        *("run", "docker-host", *SHORT, "--results", str(daemons / "results")),
        *("--after", f"new={daemons}/fixed {{ifname}}", "--claim", "nwe.growth flat"),
    )

    assert status == 2
    assert "column 1" in complained
    assert "[bad_claim]" in complained
    assert not (daemons / "results").exists()


@pytest.mark.slow
def test_a_program_that_removes_the_interface_is_named_and_nobody_else_is_blamed(
    outside: Outside, tmp_path: Path
) -> None:
    _, document, _ = netchurn(
        outside,
        *("run", "docker-host", *SHORT, "--results", str(tmp_path / "results"), "--subject", "netlink"),
        *("--exec", "remover=sh -c 'sleep 2; ip link delete wt0; exec sleep 60'"),
    )

    assert not any("netlink reported" in one["text"] for one in document["warnings"])
    assert sum("remover" in one["text"] and "wt0" in one["text"] for one in document["warnings"]) == 1


OWN = """
from harness.scenario import Program, Scenario
MAKE = "sh -c 'ip link add {ifname} type veth peer name {ifname}p && exec %s/fixed {ifname}'"
SCENARIO = Scenario(
    name="own", question="?", pairs=2, duration_s=2.0, profiled=False, subjects={}, own_interface=True,
    programs=tuple(
        Program(name=name, role=role, command=MAKE % FOLDER, ready="^watching wt[01]$")
        for name, role in (("old", "before"), ("new", "after"))
    ),
)
"""


@pytest.mark.slow
def test_programs_may_make_the_interface_that_they_watch(outside: Outside, daemons: Path) -> None:
    (daemons / "own.py").write_text(f"FOLDER = {str(daemons)!r}\n{OWN}")
    status, document, _ = netchurn(
        outside,
        *("run", str(daemons / "own.py"), "--no-report", "--json", "--quiet", "--results", str(daemons / "results")),
    )

    assert status == 3
    assert {one["name"]: one["outcome"] for one in document["subjects"] if one["program"]} == {
        "old": "completed",
        "new": "completed",
    }
    assert [programs(document)[name]["argv"][1] for name in ("old", "new")] == ["wt0", "wt1"]
    assert document["namespace"]["ifname"] == "lo"


FORMS = re.findall(
    r"^\| `(\S+\.\S+ [^`]+)` \|", (DAEMONS.parents[1] / "your-pull-request.md").read_text(), re.MULTILINE
)


@pytest.mark.slow
def test_every_form_of_a_claim_that_is_documented_is_judged(outside: Outside, daemons: Path) -> None:
    assert len(FORMS) >= 10
    _, document, _ = netchurn(
        outside,
        *("run", "docker-host", *SHORT, "--results", str(daemons / "results")),
        *("--before", f"old={daemons}/leaking {{ifname}}", "--after", f"new={daemons}/fixed {{ifname}}"),
        *(word for form in FORMS for word in ("--claim", form)),
    )

    assert [one["text"] for one in document["claims"]] == FORMS
    (folder,) = (daemons / "results" / "docker-host").iterdir()
    where = ("--format", "html,md,junit,json", "--output", str(daemons / "report"))
    assert netchurn(outside, "report", str(folder), *where)[0] == 0
    assert len([*(daemons / "report").glob("report.*")]) >= 4


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=n", "-c", "user.email=e", "-c", f"safe.directory={folder}"]
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    text = (DAEMONS / "poller.c").read_text()
    for content in (text, text.replace("#ifdef FIXED", "#ifndef LEAKING")):
        (folder / "poller.c").write_text(content)
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", "a commit")
    monkeypatch.chdir(folder)
    return folder


AB = ("ab", "--base", "HEAD~1", "--build", "cc -O1 -o {out} poller.c", "--run", "{out} {ifname} 0.01", *SHORT)


@pytest.mark.slow
def test_two_commits_are_built_and_measured(outside: Outside, repository: Path, tmp_path: Path) -> None:
    where = ("--results", str(tmp_path / "results"))
    status, document, _ = netchurn(outside, *AB, "--head", "HEAD", *where, XDG_CACHE_HOME=str(tmp_path / "cache"))
    found = programs(document)

    assert status == 3
    assert [found[name]["commit"] for name in ("base", "head")] == [
        git(repository, "rev-parse", name) for name in ("HEAD~1", "HEAD")
    ]
    assert found["base"]["sha256"] != found["head"]["sha256"]
    assert found["base"]["build"] == AB[4]
    assert "cc" in found["base"]["toolchains"]
    assert not found["head"]["dirty"]
    assert [one["verdict"] for one in document["pairs"]] == ["not_decided"]
    assert git(repository, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    "wrong",
    [
        ("--build", "false # {out}"),
        ("--head", "nope"),
        ("--build", "cc poller.c"),
        ("--run", "./poller"),
    ],
)
def test_what_cannot_be_built_ends_with_status_2_and_leaves_nothing(
    outside: Outside, repository: Path, tmp_path: Path, wrong: tuple[str, str]
) -> None:
    where = ("--results", str(tmp_path / "results"))
    status, _, complained = netchurn(
        outside, *AB, "--head", "HEAD", *where, *wrong, XDG_CACHE_HOME=str(tmp_path / "cache")
    )

    assert status == 2
    assert [line for line in complained.splitlines() if not line.startswith("  try: ")][-1].startswith("netchurn: ")
    assert not (tmp_path / "results").exists()
    assert [*(tmp_path / "cache").rglob("*out*")] == []
    assert git(repository, "worktree", "list").count("\n") == 0


@pytest.mark.slow
def test_a_dirty_tree_is_refused_and_measured_as_the_working_tree(
    outside: Outside, repository: Path, tmp_path: Path
) -> None:
    (repository / "poller.c").write_text((repository / "poller.c").read_text() + "int unused;\n")
    where = ("--results", str(tmp_path / "results"))
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}

    status, _, complained = netchurn(outside, *AB, "--head", "HEAD", *where, **cache)
    assert (status, "poller.c" in complained) == (2, True)

    status, document, _ = netchurn(outside, *AB, "--head", ".", *where, **cache)
    assert status == 3
    assert programs(document)["head"]["dirty"]


# --- events ---------------------------------------------------------------------------------------------------------

SCENARIO = """
from harness.model import ScriptPlan, StormPlan
from harness.scenario import Scenario
import harness.scenario
lifecycle = harness.scenario.find("lifecycle")
EVENTS = {event.name: event for event in lifecycle.scripts[0].scripted_events}
SCENARIO = Scenario(
    name="events", question="?", pairs=2, duration_s=0.0, profiled=False, subjects={},
    scripts=(ScriptPlan(scripted_events=tuple(EVENTS[one] for one in ("delete", "rename", "mtu")), late_s=1.0),),
    storm=StormPlan(overrun=2.0, live_events=0, rates=(), seconds_a_rate=1.0),
)
"""


@pytest.mark.slow
def test_programs_are_held_against_the_truth_by_exit_and_by_a_line(outside: Outside, daemons: Path) -> None:
    subprocess.run(["go", "build", "-o", daemons / "subscriber", "."], check=True, cwd=DAEMONS / "go")
    (daemons / "events.py").write_text(SCENARIO)
    status, document, _ = netchurn(
        outside,
        *("run", str(daemons / "events.py"), "--no-report", "--json", "--quiet"),
        *("--results", str(daemons / "results")),
        *("--exec", f"polls={daemons}/fixed {{ifname}}", "--detect", "polls=exit"),
        *("--exec", f"subscribes={daemons}/subscriber {{ifname}}", "--detect", "subscribes=is gone$"),
    )
    seen = {(cell["subject"], cell["scripted_event"]): cell["seen"] for cell in document["matrix"]}

    assert status == 3
    assert {event: seen["subscribes", event] for event in ("delete", "rename", "mtu")} == {
        "delete": "detected",
        "rename": "detected",
        "mtu": "true_negative",
    }
    assert {seen["polls", event] for event in ("delete", "rename")} <= {"late", "detected"}
    assert seen["polls", "mtu"] == "true_negative"
    assert {(one["subject"], one["state_correct"], one["reported_outcome"]) for one in document["storms"]} == {
        ("polls", True, None),
        ("subscribes", True, None),
    }
    assert {cell["reported_outcome"] for cell in document["matrix"]} == {"exited", "matched", None}
    assert set(programs(document)) == {"polls", "subscribes"}
    assert all(one["sha256"] for one in programs(document).values())
