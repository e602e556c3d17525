"""Two results side by side: what changed beyond the noise, and what may not be compared."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import builders
from harness.compare.comparability import Side, refusals
from harness.compare.judge import compared, needed, ranked
from harness.compare.rows import Compared, Row
from harness.model import (
    ANALYSIS_SCHEMA,
    Analysis,
    Churn,
    CompressedPlan,
    Cpu,
    Environment,
    Executable,
    Finding,
    Growth,
    Memory,
    NamespaceInfo,
    Plan,
    Sample,
    SubjectPlan,
)

SECOND = 10**9
PYTHON, GO = "python:all-objects", "go:size-classes"
POLL = SubjectPlan(name="poll", role="before", language="python", accounting=PYTHON, polls=True)
PLAN = msgspec.structs.replace(builders.PLAN, subjects=(POLL,), profile=None)
MACHINE = Environment(
    netchurn="0",
    commit=None,
    kernel="6.12.0",
    machine="x86_64",
    cpu="Example",
    cpus=2,
    memory_bytes=1,
    python="3.11.0",
    packages={"pyroute2": "0.9.5"},
    privilege="rootless",
    load_average_1m=0.0,
    started_at="2026-05-04T10:15:00+00:00",
)
WORLD = NamespaceInfo(links=402, pairs=200, ifname="wt0", ifindex=2, kind="wireguard", fresh_sysfs=True)
NOTHING = Memory(
    rss_first_bytes=None, rss_last_bytes=None, rss_peak_bytes=None, pss_last_bytes=None, uss_last_bytes=None
)


def rates(a_poll: float | None = None, accounting: str = PYTHON, **given: float) -> Churn:
    plain = Churn(
        bytes_per_poll=a_poll,
        bytes_per_event=None,
        idle_bytes_per_day=None,
        bytes_per_day=None,
        allocations_per_day=None,
        accounting=accounting,
        polls=3,
        events=0,
    )
    return msgspec.structs.replace(plain, **given)


def climb(verdict: str, low: float | None, high: float | None) -> Growth:
    middle = None if low is None or high is None else (low + high) / 2
    return msgspec.convert(
        {
            "verdict": verdict,
            "bytes_per_hour": middle,
            "low": low,
            "high": high,
            "confidence": 0.95,
            "delta_bytes_per_hour": 1.0,
            "minimal_detectable_bytes_per_hour": None,
            "additional_seconds": None,
            "bytes_per_poll": None,
            "steady_from_s": None,
            "step_at_s": None,
            "explanation": "",
        },
        Growth,
    )


def finding(churn: Churn | None = None, growth: Growth | None = None, name: str = "poll") -> Finding:
    return Finding(
        name=name,
        role="before",
        language="python",
        outcome="completed",
        churn=churn,
        growth=growth,
        memory=NOTHING,
        cpu=Cpu(user_s=None, system_s=None, voluntary_switches=None, involuntary_switches=None, minor_faults=None),
        detection=None,
        loss=None,
        cost_by_links=(),
        reference=None,
    )


def series(rss: int, cpu_s: float) -> tuple[Sample, ...]:
    first = Sample(
        at_ns=0,
        rss_bytes=rss,
        pss_bytes=None,
        uss_bytes=None,
        rss_peak_bytes=rss,
        user_s=0.0,
        system_s=0.0,
        voluntary_switches=0,
        involuntary_switches=0,
        minor_faults=0,
        major_faults=0,
        polls=None,
        events=None,
    )
    return first, msgspec.structs.replace(first, at_ns=36 * SECOND, user_s=cpu_s)


def side(*findings: Finding, rss: tuple[int, ...] = (), plan: Plan = PLAN, **given: object) -> Side:
    analysis = Analysis(
        schema=ANALYSIS_SCHEMA,
        run_id="run",
        scenario=plan.scenario,
        status="complete",
        verdict="pass",
        plan=plan,
        environment=MACHINE,
        namespace=WORLD,
        warnings=(),
        subjects=findings or (finding(rates(1000.0)),),
        comparisons=(),
        claims=(),
        controls=(),
    )
    trials = tuple({"poll": series(one, 0.01 * number)} for number, one in enumerate(rss))
    return Side(analysis=msgspec.structs.replace(analysis, **given), trials=trials)


def row(found: Compared, quantity: str) -> Row:
    (one,) = (one for one in found.others[0].rows if one.quantity == quantity)
    return one


# --- churn ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "two", "verdict", "change"),
    [
        (1000.0, 1000.0, "same", 0.0),
        (1000.0, 1000.9, "same", 0.0009),
        (1000.0, 1002.0, "different", 0.002),
        (1000.0, 0.0, "different", -1.0),
        (0.0, 0.0, "same", None),
        (0.0, 1.0, "different", None),
        (1000.0, None, "undecided", None),
    ],
)
def test_churn_is_exact(one: float, two: float | None, verdict: str, change: float | None) -> None:
    found = row(compared(side(finding(rates(one))), [side(finding(rates(two)))]), "per poll")

    assert found.verdict == verdict
    assert found.change == pytest.approx(change)


def test_two_accounting_modes_are_shown_and_never_compared() -> None:
    found = row(compared(side(finding(rates(1000.0))), [side(finding(rates(10.0, GO)))]), "per poll")

    assert (found.base, found.other, found.change, found.verdict) == (1000.0, 10.0, None, "undecided")
    assert found.why == f"two units: {PYTHON} and {GO}"


def visited(field: str, a_unit: float, units_a_day: float) -> Side:
    told = {field: a_unit, "bytes_per_day": a_unit * units_a_day, "resolution_bytes_per_day": 70e6}
    return side(finding(msgspec.structs.replace(rates(), **told)))


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ((30_000.0, 43_200), (90_000.0, 43_200), "different"),  # 60,000 more, where visits can tell 2,291
        ((30_000.0, 43_200), (32_000.0, 43_200), "undecided"),
        ((30_000.0, 43_200), (30_000.0, 43_200), "undecided"),
        ((30_000.0, 864_000), (30_500.0, 864_000), "different"),  # of more polls a day each is known better: 115
        ((30_000.0, 864_000), (31_500.0, 43_200), "undecided"),  # 1,620 of the slower one
        ((30_000.0, 43_200), (0.0, 43_200), "different"),
        ((2_000.0, 43_200), (0.0, 43_200), "undecided"),
        ((0.0, 43_200), (0.0, 43_200), "undecided"),
    ],
)
@pytest.mark.parametrize(("field", "quantity"), [("bytes_per_poll", "per poll"), ("bytes_per_event", "per event")])
def test_what_visits_can_tell_is_held_against_a_unit_in_bytes_a_unit(
    before: tuple[float, float], after: tuple[float, float], verdict: str, field: str, quantity: str
) -> None:
    one, two = visited(field, *before), visited(field, *after)

    assert row(compared(one, [two]), quantity).verdict == verdict


def test_how_finely_visits_tell_is_said_in_the_unit_of_the_row() -> None:
    one, two = (visited("bytes_per_poll", a_poll, 43_200) for a_poll in (30_000.0, 32_000.0))

    assert row(compared(one, [two]), "per poll").why == "within what visits can tell, 2.29 kB a poll"


def test_one_change_of_a_poll_is_one_difference_though_its_day_changes_too() -> None:
    one, two = (side(finding(rates(a, bytes_per_day=a * 10, idle_bytes_per_day=a * 10))) for a in (10.0, 20.0))
    found = compared(one, [two])

    assert (found.verdict, row(found, "a day").verdict) == ("1 difference", "shown")
    assert [one.quantity for one in found.others[0].rows] == ["per poll", "a day"]


def test_a_subscription_that_begins_to_allocate_while_idle_differs() -> None:
    one, two = (side(finding(rates(bytes_per_event=50.0, idle_bytes_per_day=idle))) for idle in (0.0, 99.0))
    found = compared(one, [two])

    assert {one.quantity: one.verdict for one in found.others[0].rows} == {"per event": "same", "idle": "different"}


# --- growth ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mine", "theirs", "verdict"),
    [
        (("flat", -1.0, 1.0), ("flat", 0.0, 2.0), "same"),
        (("flat", 0.2, 3.9), ("growing", 3.5, 9.5), "different"),
        (("growing", 3.0, 9.0), ("growing", 3.5, 9.5), "undecided"),
        (("flat", -1.0, 1.0), ("growing", 5.0, 9.0), "different"),
        (("growing", 5.0, 9.0), ("flat", -1.0, 1.0), "different"),
        (("flat", -1.0, 1.0), ("inconclusive", 5.0, 9.0), "undecided"),
        (("no_steady_state", None, None), ("flat", -1.0, 1.0), "undecided"),
    ],
)
def test_growth_differs_where_decided_intervals_do_not_overlap(
    mine: tuple[str, float, float], theirs: tuple[str, float, float], verdict: str
) -> None:
    found = compared(side(finding(growth=climb(*mine))), [side(finding(growth=climb(*theirs)))])

    assert row(found, "real pace").verdict == verdict


# --- memory and processor time --------------------------------------------------------------------------------------


def test_one_trial_each_decides_nothing_and_says_how_many_would() -> None:
    found = row(compared(side(rss=(100,)), [side(rss=(900,))]), "RSS at the end")

    assert (found.verdict, found.p, found.change) == ("undecided", None, 8.0)
    assert found.why == "one trial each: 4 trials a side would tell"


def test_four_trials_a_side_tell_what_is_apart() -> None:
    found = compared(side(rss=(100, 101, 102, 103)), [side(rss=(104, 105, 106, 107))])

    assert row(found, "RSS at the end").verdict == "different"
    assert row(found, "processor time").verdict == "undecided"
    assert row(found, "processor time").base == pytest.approx(1.5)
    assert found.verdict == "1 difference"


def test_four_is_what_the_exact_test_needs() -> None:
    def least(number: int) -> float:
        low, high = list(range(number)), list(range(number, 2 * number))
        return float(stats.mannwhitneyu(low, high, method="exact").pvalue)

    assert needed() == 4
    assert least(needed()) < 0.05 <= least(needed() - 1)


@pytest.mark.parametrize(("mine", "theirs"), [(3, 3), (1, 20), (2, 6), (3, 4)])
def test_too_few_are_told_so(mine: int, theirs: int) -> None:
    verdict, p, why = ranked([1.0] * mine, [2.0] * theirs)

    assert (verdict, p) == ("undecided", None)
    assert why.endswith("4 trials a side would tell")


@pytest.mark.slow
@given(st.lists(st.integers(0, 5).map(float), min_size=4, max_size=12))
def test_what_is_compared_with_itself_is_never_different(values: list[float]) -> None:
    verdict, p, _ = ranked(values, list(reversed(values)))

    assert verdict == ("same" if len(set(values)) == 1 else "undecided")
    assert p is not None


# --- what may be compared -------------------------------------------------------------------------------------------


def other(**changed: object) -> Side:
    return side(plan=msgspec.structs.replace(PLAN, **changed))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (lambda: other(scenario="busy-host"), ("scenario", "", "docker-host", "busy-host")),
        (lambda: other(interval_s=1.0), ("interval", "", 2.0, 1.0)),
        (lambda: other(duration_s=5.0), ("duration", "", 60.0, 5.0)),
        (
            lambda: other(compressed=CompressedPlan(links=11, polls=9, subjects=("poll",))),
            ("compressed", "", None, "9 polls at 11 links"),
        ),
        (lambda: side(namespace=msgspec.structs.replace(WORLD, links=404)), ("links", "", 402, 404)),
        (lambda: side(finding(rates(1.0, GO))), ("accounting", "poll", PYTHON, GO)),
    ],
)
def test_what_is_not_of_one_kind_is_refused_with_both_values(
    given: Callable[[], Side], says: tuple[object, ...]
) -> None:
    (found,) = refusals(side(), given())

    assert msgspec.structs.astuple(found) == says


def test_a_result_may_be_compared_with_itself_and_differs_in_nothing() -> None:
    base = side(finding(rates(1000.0), climb("flat", -1.0, 1.0)))

    assert refusals(base, base) == ()
    found = compared(base, [base, base])
    assert (found.verdict, [one.notes for one in found.others]) == ("no difference", [(), ()])


def test_a_title_never_says_that_nothing_differs_where_rows_are_undecided() -> None:
    base = side(finding(rates(1000.0), climb("inconclusive", -1.0, 1.0)), rss=(1, 2, 3, 4))
    found = compared(base, [base])
    verdicts = [row.verdict for row in found.others[0].rows]

    assert set(verdicts) == {"same", "undecided"}
    assert found.verdict == f"{verdicts.count('undecided')} of {len(verdicts)} undecided"


MIB = 2.0**20


@pytest.mark.parametrize(
    ("base", "other", "word"),
    [
        (climb("growing", 5.9 * MIB, 6.1 * MIB), climb("slow", 1.7 * MIB, 1.9 * MIB), "growing"),
        (climb("slow", 1.7 * MIB, 1.9 * MIB), climb("growing", 5.9 * MIB, 6.1 * MIB), "before"),
        (climb("growing", 5.9 * MIB, 6.1 * MIB), climb("flat", -0.1 * MIB, 1.9 * MIB), "flat"),
    ],
)
def test_a_slower_climb_that_is_proven_did_not_stop(base: Growth, other: Growth, word: str) -> None:
    (row,) = compared(side(finding(growth=base)), [side(finding(growth=other))]).others[0].rows

    assert row.verdict == "different"
    assert row.why.split()[-1] == word


def test_a_run_too_short_for_growth_has_no_interval_to_compare() -> None:
    short = msgspec.structs.replace(climb("inconclusive", -1.0, 1.0), too_short=True)
    (row,) = compared(side(finding(growth=short)), [side(finding(growth=short))]).others[0].rows

    assert (row.verdict, row.base, row.base_interval) == ("undecided", None, None)


def test_another_command_is_noted() -> None:
    mine = SubjectPlan(
        name="poll", role="before", language="go", accounting=None, polls=False, source="exec", command=("a", "x y")
    )
    base, same = (side(plan=msgspec.structs.replace(PLAN, subjects=(mine,))) for _ in range(2))
    other = side(plan=msgspec.structs.replace(PLAN, subjects=(msgspec.structs.replace(mine, command=("b",)),)))

    assert compared(base, [same]).others[0].notes == ()
    (note,) = compared(base, [other]).others[0].notes
    assert note.endswith("poll: a 'x y' and b")


def test_where_nothing_can_be_judged_that_is_said() -> None:
    assert compared(side(finding()), [side(finding())]).verdict == "nothing could be judged"


def test_another_machine_is_noted_and_forbids_nothing() -> None:
    elsewhere = msgspec.structs.replace(MACHINE, kernel="6.18.0", packages={"pyroute2": "0.9.7"}, load_average_1m=3.2)
    there = side(environment=elsewhere)

    assert refusals(side(), there) == ()
    assert compared(side(), [there]).others[0].notes == (
        "kernel: 6.12.0 and 6.18.0",
        "pyroute2: 0.9.5 and 0.9.7",
        "load when it began: 0 and 3",
    )


def test_who_is_on_one_side_only_is_noted() -> None:
    found = compared(side(), [side(finding(rates(1.0)), finding(name="netlink"))])

    assert found.others[0].notes == ("only in the other: netlink",)
    assert {one.subject for one in found.others[0].rows} == {"poll"}


# --- programs -------------------------------------------------------------------------------------------------------

ONE = Executable(argv=("/a/daemon", "wt0"), sha256="1" * 64)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (ONE, True),
        (msgspec.structs.replace(ONE, argv=("/elsewhere/daemon", "wt0")), True),
        (msgspec.structs.replace(ONE, sha256="2" * 64), False),
        (msgspec.structs.replace(ONE, argv=("/a/daemon", "wt1")), False),
        (msgspec.structs.replace(ONE, sha256=None), False),
        (None, False),
    ],
)
def test_two_programs_of_one_name_are_compared_only_if_they_are_one(other: Executable | None, *, same: bool) -> None:
    sides = [side(msgspec.structs.replace(finding(), program=program)) for program in (ONE, other)]

    found = [one for one in refusals(*sides) if one.field == "program"]

    assert (found == []) == same
    assert all("1" * 64 in str(one.base) for one in found)


def test_a_script_counts_by_its_digest_and_not_by_its_path() -> None:
    scripts = [
        Executable(argv=("python3", path, "wt0"), sha256="1" * 64, script=path, script_sha256="3" * 64)
        for path in ("/a/x.py", "/b/x.py")
    ]
    sides = [side(msgspec.structs.replace(finding(), program=program)) for program in scripts]

    assert refusals(*sides) == ()


def test_programs_that_were_allowed_to_differ_are_noted_by_digest() -> None:
    two = msgspec.structs.replace(ONE, sha256="2" * 64)
    sides = [side(msgspec.structs.replace(finding(), program=program)) for program in (ONE, two)]

    (found,) = compared(sides[0], sides[1:], ["program"]).others

    assert any("1" * 64 in note and "2" * 64 in note for note in found.notes)
