"""A scenario file becomes a Scenario."""

import importlib.util
import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from harness.errors import UsageFault
from harness.model import (
    ClaimPlan,
    CompressedPlan,
    DoseTrialPlan,
    DumpsPlan,
    Role,
    ScriptedEvent,
    ScriptPlan,
    Seen,
    StormPlan,
    SweepPlan,
)
from harness.subjects.external import Program
from harness.units import MAX_GROWTH, growth_rate

FEWEST_LINKS = 2  # lo and the watched one
PR_BYTES_PER_DAY = 1.3e9  # "about 30 KB per call, 43,200 calls a day": netbird pull request 5857


PR = "netbird pull request 5857"
SUBSCRIPTION_IS_SILENT = ClaimPlan(
    id="subscription-is-silent",
    text="Allocations between events drop to zero.",
    source=PR,
    subject="netlink",
    quantity="idle_bytes_per_day",
    relation="at_most",
    claimed=0,
    unit="bytes/day",
)
ONLY_FOR_THE_TRACKED_INTERFACE = ClaimPlan(
    id="only-for-the-tracked-interface",
    text="The subscription allocates only for events of the tracked interface.",
    source=f"{PR}, a comment in its code",
    subject="netlink",
    quantity="bytes_per_event",
    relation="at_most",
    claimed=0,
    unit="bytes/event",
    gates=False,
)


def changes(expected_outcomes: dict[str, Seen]) -> tuple[ScriptedEvent, ...]:
    """Write the three changes of an interface that every watcher is for, for the subjects that a script asks."""
    return (
        ScriptedEvent(
            name="delete",
            text="the interface is deleted",
            steps=("fault: delete",),
            valid_reasons=("deleted",),
            expected_outcomes=expected_outcomes,
        ),
        ScriptedEvent(
            name="rename",
            text="given another name",
            steps=("fault: rename",),
            valid_reasons=("renamed", "deleted"),
            expected_outcomes=expected_outcomes,
        ),
        ScriptedEvent(
            name="recreate",
            text="deleted, and made again with another index",
            steps=("fault: delete", "link add {ifname} type veth peer name {ifname}p"),
            valid_reasons=("recreated", "deleted"),
            expected_outcomes=expected_outcomes,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One question, and the run that answers it. ``subjects`` maps names to roles, in the order of the report."""

    name: str
    question: str
    pairs: int
    subjects: dict[str, Role]
    duration_s: float = 60.0
    interval_s: float = 2.0
    churn_pairs_per_s: float = 0.0
    step_pairs: tuple[int, ...] = ()  # numbers of pairs to profile at, below ``pairs``
    claims: tuple[ClaimPlan, ...] = ()
    scripts: tuple[ScriptPlan, ...] = ()
    step_links: tuple[int, ...] = ()  # numbers of links to profile at as well
    compressed: CompressedPlan | None = None
    storm: StormPlan | None = None
    dose_trial: DoseTrialPlan | None = None
    dumps: DumpsPlan | None = None
    sweep: SweepPlan | None = None
    max_pairs: dict[str, int] = field(default_factory=dict)  # of subjects that are too slow to profile beyond
    reference_bytes_per_day: float | None = None  # what was said of the poll by whom the scenario is about
    profiled: bool = True
    max_growth: str = MAX_GROWTH  # of memory: the growth that matters, a size over a time such as 100MiB/30d
    max_growth_per_poll: float = growth_rate(MAX_GROWTH) / 1800  # bytes, in compressed time
    lab: bool = True  # otherwise processes are observed where they run, and no namespace is made
    programs: tuple[Program, ...] = ()  # measured beside ``subjects``
    own_interface: bool = False  # each program makes the interface that it watches; no subject of netchurn's runs


def folder() -> Path:
    """Find the scenarios that this package brings: in the wheel inside the package, in a checkout beside it."""
    package = Path(__file__).resolve().parent
    bundled = package / "bundled"
    return bundled if bundled.is_dir() else package.parent / "scenarios"


def names() -> list[str]:
    """List the scenarios that this package brings."""
    return sorted(path.stem.replace("_", "-") for path in folder().glob("[a-z]*.py"))


def find(text: str) -> Scenario:
    """Load a scenario by its name or by the path of its file; UsageFault if there is none."""
    path = Path(text)
    if path.suffix != ".py":
        path = folder() / f"{text.replace('-', '_')}.py"
        if text not in names():
            raise UsageFault(
                "unknown_scenario", f"no scenario is called {text!r}; there are {', '.join(names())}", "netchurn list"
            )
    if not _is_file(path):
        raise UsageFault(
            "unknown_scenario", f"no scenario file {path}", "netchurn list shows the names that need no path"
        )
    return load(path)


def _is_file(path: Path) -> bool:
    """Return whether a regular file is there; one behind a closed folder, or with an impossible name, is not."""
    with suppress(OSError):
        return path.is_file()
    return False


def load(path: Path) -> Scenario:
    """Run a scenario file and take its SCENARIO; UsageFault if it defines none."""
    spec = importlib.util.spec_from_file_location(f"netchurn_scenario_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageFault(
            "bad_scenario", f"{path} cannot be loaded as Python", "give the path of a .py file that defines SCENARIO"
        )
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as cause:  # noqa: BLE001 - a scenario file is somebody's program: it may raise anything
        raise UsageFault("bad_scenario", f"{path} fails when loaded: {cause!r}", f"python {path} shows where") from None
    scenario = getattr(module, "SCENARIO", None)
    if not isinstance(scenario, Scenario):
        raise UsageFault(
            "bad_scenario", f"{path} defines no SCENARIO", "see scenarios/docker_host.py for the shape of one"
        )
    return _checked(scenario, path)


def _checked(scenario: Scenario, path: Path) -> Scenario:
    """Check a scenario against its own types: a file may hold anything, and its name becomes the name of a folder."""
    try:
        checked = msgspec.convert(msgspec.to_builtins(scenario), Scenario)
    except (msgspec.ValidationError, TypeError) as cause:
        raise UsageFault(
            "bad_scenario", f"SCENARIO in {path} is wrong: {cause}", "harness/scenario.py names the types"
        ) from None
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", checked.name):
        raise UsageFault(
            "bad_scenario", f"SCENARIO in {path} is called {checked.name!r}", "use small letters, digits and hyphens"
        )
    return checked
