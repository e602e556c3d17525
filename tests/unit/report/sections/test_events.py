"""The sections on what watchers see: from facts, by values, to words, tables and Markdown."""

import re
from typing import get_args

import msgspec
import pytest

import builders
from harness import wording
from harness.analysis.facts import Facts
from harness.analysis.findings import analyse
from harness.model import (
    Analysis,
    Comparison,
    EventRun,
    Observation,
    ReportedOutcome,
    Role,
    ScriptedEvent,
    ScriptPlan,
    Seen,
    StormResult,
    SubjectPlan,
)
from harness.report.compose import compose
from harness.report.document import Lines, Section, Table, Text
from harness.report.renderers import github, html, markdown
from harness.report.sections import events
from harness.report.sections.first_screen import summary

BEGAN_NS = 1_000_000_000
HOSTILE = "a|b`c`<script>alert(1)</script>*d*_e_[f](http://x)\n# g"


def subject(name: str, role: Role = "alternative") -> SubjectPlan:
    return SubjectPlan(name=name, role=role, language="python", accounting=None, polls=name.startswith("poll"))


TWO = (subject("poll", "before"), subject("netlink", "after"))


def scripted_event(
    name: str, expected_outcomes: dict[str, Seen], *, valid_reasons: tuple[str, ...] = ("deleted",), text: str = ""
) -> ScriptedEvent:
    return ScriptedEvent(
        name=name,
        text=text or f"it is: {name}",
        steps=(),
        valid_reasons=valid_reasons,
        expected_outcomes=expected_outcomes,
    )


def heard(name: str, **reasons: tuple[str, float] | None) -> EventRun:
    """Build one event: reason and milliseconds by subject; None watched on until it was stopped."""
    return EventRun(
        scripted_event=name,
        round=0,
        group=0,
        began_ns=BEGAN_NS,
        done_ns=BEGAN_NS,
        observations=tuple(
            Observation(
                subject=who.replace("_", "-"),
                reported_outcome=ReportedOutcome(
                    at_ns=BEGAN_NS + int(1e6 * (word[1] if word else 500)),
                    restart=word is not None,
                    reason=word[0] if word else "stopped",
                    message=None,
                ),
                dropped=0,
                lost=None,
            )
            for who, word in reasons.items()
        ),
    )


def facts(
    *scripted_events: ScriptedEvent,
    event_runs: tuple[EventRun, ...] = (),
    storms: tuple[StormResult, ...] = (),
    subjects: tuple[SubjectPlan, ...] = TWO,
) -> Facts:
    plan = msgspec.structs.replace(
        builders.PLAN,
        subjects=subjects,
        scripts=(ScriptPlan(scripted_events=scripted_events),) if scripted_events else (),
        profile=None,
        duration_s=0.0,
    )
    return builders.measured(plan=plan, namespace=builders.WORLD, event_runs=event_runs, storms=storms)


def words(section: Section) -> list[str]:
    return [block.words for block in section.blocks if isinstance(block, Text)]


def tables(section: Section | None) -> list[Table]:
    assert section is not None
    return [block for block in section.blocks if isinstance(block, Table)]


FIVE = (
    scripted_event("seen", {"poll": "late", "netlink": "detected"}),
    scripted_event("blind", {"poll": "missed", "netlink": "detected"}),
    scripted_event("moved", {"poll": "false_positive", "netlink": "false_positive"}, valid_reasons=("moved",)),
    scripted_event("nothing", {"poll": "true_negative", "netlink": "false_positive"}, valid_reasons=()),
    scripted_event("refused", {"netlink": "false_positive"}, valid_reasons=()),
)
AS_DESIGNED = (
    heard("seen", poll=("deleted", 1990), netlink=("deleted", 4)),
    heard("blind", poll=None, netlink=("deleted", 6)),
    heard("moved", poll=("deleted", 1990), netlink=("deleted", 5)),
    heard("nothing", poll=None, netlink=("closed", 3)),
    heard("refused", netlink=("subscribe_failed", 1)),
)


@pytest.fixture
def designed() -> Analysis:
    return analyse(facts(*FIVE, event_runs=AS_DESIGNED))


# --- the matrix -------------------------------------------------------------------------------------------------------


def test_each_verdict_has_a_mark_of_its_own_that_needs_no_colour() -> None:
    assert set(wording.SEEN) == set(get_args(Seen))
    assert len({word[0] for word in wording.SEEN.values()}) == len(wording.SEEN)


def test_the_matrix_has_a_row_a_happening_and_a_column_a_subject(designed: Analysis) -> None:
    matrix, _ = tables(events.matrix(designed))
    assert matrix.columns == ("what happens to the interface", "true is", "poll", "netlink")
    assert matrix.rows == (
        ("it is: seen", "deleted", "◷ late", "✓ detected"),
        ("it is: blind", "deleted", "✗ missed", "✓ detected"),
        ("it is: moved", "moved", "⚠ false", "⚠ false"),
        ("it is: nothing", "nothing happened to it", "· quiet", "⚠ false"),
        ("it is: refused", "nothing happened to it", "not tested", "⚠ false"),
    )


def test_what_was_missed_or_imagined_is_explained_and_nothing_else(designed: Analysis) -> None:
    _, why = tables(events.matrix(designed))
    assert why.rows == (
        ("blind", "poll", "✗ missed", "said nothing"),
        ("moved", "poll", "⚠ false", "said deleted, where moved is true"),
        ("moved", "netlink", "⚠ false", "said deleted, where moved is true"),
        ("nothing", "netlink", "⚠ false", "said closed, and nothing had happened to the interface"),
        ("refused", "netlink", "⚠ false", "said subscribe_failed, and nothing had happened to the interface"),
    )


def test_nothing_is_explained_where_all_was_seen() -> None:
    seen = facts(FIVE[0], event_runs=AS_DESIGNED[:1])
    assert len(tables(events.matrix(analyse(seen)))) == 1


def test_two_truths_are_both_named() -> None:
    anew = scripted_event("anew", {"netlink": "detected"}, valid_reasons=("recreated", "deleted"))
    [matrix] = tables(events.matrix(analyse(facts(anew, event_runs=(heard("anew", netlink=("deleted", 1)),)))))
    assert matrix.rows[0][1] == "recreated or deleted"


def test_a_run_that_went_as_designed_says_so(designed: Analysis) -> None:
    section = events.matrix(designed)
    assert section is not None
    assert "Each cell is as the watcher's own design has it." in words(section)
    assert any("more than 50 ms after" in one for one in words(section))


def test_every_surprise_is_named() -> None:
    surprising = (
        heard("seen", poll=None, netlink=("deleted", 90)),
        heard("nothing", poll=("closed", 1990), netlink=None),
    )
    section = events.matrix(analyse(facts(FIVE[0], FIVE[3], event_runs=surprising)))
    assert section is not None
    assert (
        "4 cells are not as the watcher's own design has it: poll at seen: missed, expected late; "
        "netlink at seen: late, expected detected; poll at nothing: false_positive, expected true_negative; "
        "netlink at nothing: true_negative, expected false_positive" in words(section)
    )


def test_without_a_script_there_is_no_matrix_and_nothing_was_timed() -> None:
    analysis = analyse(facts())
    assert events.matrix(analysis) is None
    assert events.latency(analysis) is None
    assert events.latency_figure(analysis) is None
    assert events.storms(analysis) is None


# --- the first screen -------------------------------------------------------------------------------------------------


def test_the_sentence_says_who_saw_and_who_imagined_what(designed: Analysis) -> None:
    assert summary.sentence(designed) == "netlink saw 2 of 3, 3 false; poll saw 1 of 3, 1 false."


def test_a_yardstick_is_not_part_of_the_sentence() -> None:
    three = (*TWO, subject("ip-monitor", "control"))
    asked = scripted_event("seen", {"poll": "late", "netlink": "detected", "ip-monitor": "detected"})
    lived = (heard("seen", poll=("deleted", 1990), netlink=("deleted", 1), ip_monitor=("deleted", 1)),)
    analysis = analyse(facts(asked, event_runs=lived, subjects=three))
    assert summary.sentence(analysis) == "poll saw 1 of 1, none false; netlink saw 1 of 1, none false."
    assert [one.name for one in events.key_figures(analysis)] == ["poll", "netlink", "ip-monitor"]


def test_a_yardstick_that_ran_alone_is_named() -> None:
    asked = scripted_event("seen", {"ip-monitor": "detected"})
    lived = (heard("seen", ip_monitor=("deleted", 1)),)
    analysis = analyse(facts(asked, event_runs=lived, subjects=(subject("ip-monitor", "control"),)))
    assert summary.sentence(analysis) == "ip-monitor saw 1 of 1, none false."


def test_tiles_show_what_each_subject_saw_and_how_late(designed: Analysis) -> None:
    assert [(one.name, one.value, one.unit, one.detail, one.role) for one in events.key_figures(designed)] == [
        ("poll", "1 of 3", "seen", "1 missed, 1 false, p99 1.99 s", "before"),
        ("netlink", "2 of 3", "seen", "0 missed, 3 false, p99 6 ms", "after"),
    ]


def test_a_tile_of_one_that_saw_nothing_has_no_time() -> None:
    [key_figure] = events.key_figures(analyse(facts(FIVE[1], event_runs=(heard("blind", poll=None),))))
    assert (key_figure.name, key_figure.value, key_figure.detail) == ("poll", "0 of 1", "1 missed, 0 false")


def test_the_document_leads_with_what_was_seen(designed: Analysis) -> None:
    document = compose(designed, facts(*FIVE, event_runs=AS_DESIGNED))
    assert document.sentence == summary.sentence(designed)
    assert document.key_figures == events.key_figures(designed)
    titles = [one.title for one in document.sections]
    assert "Event storms" not in titles
    assert titles.index("What each watcher sees") < titles.index("Detection latency")


# --- latency ----------------------------------------------------------------------------------------------------------


def test_latencies_are_told_with_the_counts_that_they_come_from(designed: Analysis) -> None:
    [table] = tables(events.latency(designed))
    assert table.columns == ("subject", "events", "detected", "missed", "false", "p50", "p99", "max")
    assert table.rows == (
        ("poll", "3", "1", "1", "1", "1.99 s", "1.99 s", "1.99 s"),
        ("netlink", "3", "2", "0", "3", "4 ms", "6 ms", "6 ms"),
    )


def test_a_subject_that_saw_nothing_has_no_row_of_times() -> None:
    lived = (heard("blind", poll=None, netlink=("deleted", 6)),)
    [table] = tables(events.latency(analyse(facts(FIVE[1], event_runs=lived))))
    assert [row[0] for row in table.rows] == ["netlink"]


def test_the_distribution_rises_to_all_events_and_leaves_out_what_was_not_seen() -> None:
    prompt = tuple(heard("seen", netlink=("deleted", ms)) for ms in range(100, 0, -1))
    blind = tuple(heard("blind", poll=None) for _ in range(100))
    figure = events.latency_figure(analyse(facts(FIVE[0], FIVE[1], event_runs=(*prompt, *blind))))
    assert isinstance(figure, Lines)
    [line] = figure.lines
    assert line.label == "netlink"
    assert line.points[0] == pytest.approx((1, 1))
    assert line.points[-1] == pytest.approx((100, 100))
    assert list(line.points) == sorted(line.points)
    assert figure.alt == "netlink: all within 100 ms"


def test_thousands_of_times_are_drawn_as_some_hundred_points_and_the_last_stays() -> None:
    many = tuple(heard("seen", netlink=("deleted", ms / 100)) for ms in range(1, 4001))
    figure = events.latency_figure(analyse(facts(FIVE[0], event_runs=many)))
    assert figure is not None
    assert len(figure.lines[0].points) < 500
    assert figure.lines[0].points[-1] == pytest.approx((40, 100))


def test_a_few_times_are_no_distribution(designed: Analysis) -> None:
    assert events.latency_figure(designed) is None


# --- storms -----------------------------------------------------------------------------------------------------------

CALM = StormResult(
    subject="netlink-filtered",
    kind="live",
    rate=None,
    sent=10_000,
    seconds=1.0,
    events_received=0,
    dropped=0,
    lost=None,
    reported_outcome=None,
    state_correct=True,
    voluntary_switches=0,
    user_s=0.0,
    system_s=0.0,
)
CLOSED = ReportedOutcome(at_ns=1, restart=True, reason="closed", message=None)


def storm_result(**given: object) -> StormResult:
    return msgspec.structs.replace(CALM, **given)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(
            CALM,
            ("10,000 events, as fast as can be", "netlink-filtered", "0", "0", "–", "no", "yes", "0", "0.00 s"),
            id="untouched",
        ),
        pytest.param(
            storm_result(
                rate=100.0, sent=300, events_received=301, voluntary_switches=1299, user_s=0.08, system_s=0.024
            ),
            ("300 events, 100 a second", "netlink-filtered", "301", "0", "–", "no", "yes", "1,299", "0.10 s"),
            id="woken by each",
        ),
        pytest.param(
            storm_result(
                subject="netlink", kind="overrun", sent=368, dropped=276, reported_outcome=CLOSED, state_correct=None
            ),
            (
                *("368 events while stopped", "netlink", "0", "276", "–", "yes: closed", "watches no more"),
                *("–", "–"),
            ),
            id="restarted by an overrun",
        ),
        pytest.param(
            storm_result(kind="overrun", sent=368, dropped=276, lost=276),
            ("368 events while stopped", "netlink-filtered", "0", "276", "276", "no", "yes", "0", "0.00 s"),
            id="survived an overrun and said so",
        ),
        pytest.param(
            storm_result(subject="poll", events_received=None, dropped=None, state_correct=False),
            ("10,000 events, as fast as can be", "poll", "–", "–", "–", "no", "no", "0", "0.00 s"),
            id="no socket, and not what the kernel has",
        ),
        pytest.param(
            storm_result(
                reported_outcome=msgspec.structs.replace(CLOSED, restart=False, reason="stopped"), state_correct=None
            ),
            (
                *("10,000 events, as fast as can be", "netlink-filtered", "0", "0", "–", "no", "watches no more"),
                *("–", "–"),
            ),
            id="ended without asking for a restart",
        ),
    ],
)
def test_a_storm_is_told_in_one_row_a_subject(row: StormResult, expected: tuple[str, ...]) -> None:
    [table] = tables(events.storms(analyse(facts(storms=(row,)))))
    assert table.rows == (expected,)
    assert len(table.columns) == len(expected)


def test_the_rate_at_which_a_subscription_costs_more_than_the_poll_is_told_where_there_is_one() -> None:
    dear = Comparison(
        before="poll",
        after="netlink",
        churn_removed_bytes_per_day=None,
        churn_after_over_before=None,
        break_even_events_per_s=11.93,
        growth_difference_bytes_per_hour=None,
    )
    never = msgspec.structs.replace(dear, after="netlink-filtered", break_even_events_per_s=None)
    analysis = msgspec.structs.replace(analyse(facts(storms=(CALM,))), comparisons=(dear, never))
    section = events.storms(analysis)
    assert section is not None
    _, told = words(section)
    assert told == (
        "From 11.9 unrelated link events a second on, netlink allocates more than the poll that it replaced, at this "
        "number of links."
    )


# --- names from outside -----------------------------------------------------------------------------------------------


@pytest.fixture
def hostile() -> tuple[Analysis, Facts]:
    """A scenario file, and a subject, that put markup wherever they may put words."""
    asked = scripted_event(HOSTILE, {HOSTILE: "detected"}, valid_reasons=(HOSTILE,), text=HOSTILE)
    lived = EventRun(
        scripted_event=HOSTILE,
        round=0,
        group=0,
        began_ns=BEGAN_NS,
        done_ns=BEGAN_NS,
        observations=(
            Observation(
                subject=HOSTILE,
                reported_outcome=ReportedOutcome(at_ns=BEGAN_NS, restart=True, reason=HOSTILE + "x", message=HOSTILE),
                dropped=0,
                lost=None,
            ),
        ),
    )
    stormed = storm_result(subject=HOSTILE, reported_outcome=msgspec.structs.replace(CLOSED, reason=HOSTILE))
    given = facts(asked, event_runs=(lived,), storms=(stormed,), subjects=(subject(HOSTILE, "after"),))
    return analyse(given), given


def test_words_from_outside_mean_themselves_in_markdown(hostile: tuple[Analysis, Facts]) -> None:
    told = markdown.render(compose(*hostile))
    assert github.cell(HOSTILE) in told
    assert not re.search(r"(?<!\\)[<`]script|(?<!\\)\[f\]|(?<!\\)\*d\*|^# g", told, flags=re.MULTILINE)


def test_words_from_outside_break_no_table_in_markdown(hostile: tuple[Analysis, Facts]) -> None:
    told = markdown.render(compose(*hostile))
    for table in re.findall(r"(?:^\|.*\n)+", told, flags=re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_words_from_outside_are_no_markup_in_html(hostile: tuple[Analysis, Facts]) -> None:
    page = html.render(compose(*hostile))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
