"""The table of dumps under churn: what is unknown is a dash, and what is false says why."""

import msgspec
import pytest

import builders
from harness.analysis.facts import Facts
from harness.analysis.findings import analyse
from harness.model import RESULT_SCHEMA, DumpResult, DumpsPlan, Result, SubjectPlan
from harness.report.compose import compose
from harness.report.document import Table
from harness.report.renderers import markdown
from harness.report.sections import dumps

POLL = DumpResult(
    subject="poll",
    rate=1000.0,
    seconds=10.0,
    links=502,
    link_changes=8400,
    address_changes=4200,
    route_changes=4200,
    starts=4,
    polls=1500,
    made=1501,
    marked=1200,
    retried=2,
    discarded_s=0.25,
    ends={"deleted": 3},
    unwatched_s=1.0,
    state_correct=True,
)
UNKNOWN = msgspec.structs.replace(
    POLL, polls=None, made=None, marked=None, retried=None, discarded_s=None, ends={"exit": 2}, state_correct=None
)
QUIET = msgspec.structs.replace(POLL, ends={}, retried=0, discarded_s=0.0, unwatched_s=0.0, state_correct=False)


def facts(*rows: DumpResult) -> Facts:
    plan = msgspec.structs.replace(
        builders.PLAN,
        subjects=(SubjectPlan(name="poll", role="before", language="python", accounting=None, polls=True),),
        profile=None,
        duration_s=0.0,
        dumps=DumpsPlan(rates=(1000.0,), seconds=10.0, interval_s=0.1, restart_every_s=0.2),
    )
    result = Result(
        schema=RESULT_SCHEMA,
        run_id="run",
        command="netchurn run dumps",
        plan=plan,
        environment=builders.ENVIRONMENT,
        environment_after=None,
        namespace=builders.WORLD,
        captures=(),
        trials=(),
        dumps=rows,
        limitations=(),
    )
    return Facts(result=result, complete=True, series={}, compressed={})


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (POLL, ("4", "1,500", "1,501", "1,200", "2", "3 (deleted 3)", "0", "1.25 s", "yes")),
        (UNKNOWN, ("4", "–", "–", "–", "–", "0", "2 (exit 2)", "1.00 s", "watched no more")),
        (QUIET, ("4", "1,500", "1,501", "1,200", "0", "0", "0", "0.00 s", "no")),
    ],
)
def test_each_subject_has_a_row_a_rate(row: DumpResult, expected: tuple[str, ...]) -> None:
    section = dumps.dumps(analyse(facts(row)))

    assert section is not None
    (table,) = [block for block in section.blocks if isinstance(block, Table)]
    assert table.rows == (("1,000 (840)", "poll", *expected),)
    assert len(table.columns) == len(table.rows[0])


def test_no_table_stands_where_nothing_was_dumped() -> None:
    assert dumps.dumps(analyse(facts())) is None


def test_false_ends_are_in_the_comment_and_in_what_claims_are_held_against() -> None:
    analysis = analyse(facts(POLL, UNKNOWN))

    assert analysis.subjects[0].detection is not None
    assert analysis.subjects[0].detection.false_positives == 5
    assert "3 (deleted 3)" in markdown.render(compose(analysis, facts(POLL, UNKNOWN)))
