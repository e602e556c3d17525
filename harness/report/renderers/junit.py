"""Analysis to JUnit XML, for a CI that shows tests: a case for each claim, pair, dose, control and subject that died.

What was not measured, or is inconclusive, is skipped with its reason and never green. A claim that does not gate
never fails: what contradicts it is said in its output, and its case is skipped. A control that was measured wrong is an
error, as is a subject that did not live: the run is invalid then. The numbers are properties of the suite, since
readers of JUnit XML agree on those only, and stand in the output of each case as well.
"""

import io
import re
from typing import Literal

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite
from junitparser.junitparser import FinalResult

from harness.analysis.facts import Facts
from harness.model import Analysis, Claim, ClaimPlan, Control, Finding, PairVerdict
from harness.report.sections import doses
from harness.report.sections.memory import resources
from harness.sanitize import printable_lines
from harness.units import figures
from harness.wording import RELATIONS

_ILLEGAL = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")  # XML 1.0, production 2


def render(analysis: Analysis, facts: Facts) -> str:
    """Write one suite; its time is the seconds that the subjects lived side by side."""
    suite = TestSuite(_text(f"netchurn {analysis.scenario}"))
    suite.timestamp = _text(analysis.environment.started_at.removesuffix("+00:00"))
    for name, value in _properties(analysis):
        suite.add_property(_text(name), _text(value))
    suite.add_testcases(_cases(analysis))
    suite.time = round(facts.lasted_s or 0.0, 3)
    document = JUnitXml("netchurn")
    document.add_testsuite(suite)
    document.time = suite.time
    stream = io.BytesIO()
    document.write(stream, pretty=True)
    return stream.getvalue().decode()


def _cases(analysis: Analysis) -> list[TestCase]:
    plans = {one.id: one for one in analysis.plan.claims}
    died = [one for one in analysis.subjects if one.outcome in {"crashed", "timed_out"}]
    cases = [_claim(one, plans.get(one.id), analysis) for one in analysis.claims]
    cases += [_pair(one, analysis) for one in analysis.pairs]
    cases += [_caused(one, analysis) for one in doses.judged(analysis)]
    cases += [_control(one, analysis) for one in analysis.controls]
    cases += [_grown(one, analysis) for one in analysis.subjects if one.growth and one.role != "control"]
    return [*cases, *(_died(one, analysis) for one in died)]


def outcomes(analysis: Analysis) -> list[tuple[str, Literal["passed", "warned", "failed"]]]:
    """Return each case by room and name, and what came of it; what is skipped here is a warning elsewhere."""
    return [
        (f"{str(case.classname).rpartition('.')[2]}/{case.name}", _outcome(case.result)) for case in _cases(analysis)
    ]


def _outcome(results: list[FinalResult]) -> Literal["passed", "warned", "failed"]:
    if not results:
        return "passed"
    return "warned" if all(isinstance(one, Skipped) for one in results) else "failed"


def _properties(analysis: Analysis) -> list[tuple[str, str]]:
    machine = analysis.environment
    found = [
        ("run", analysis.run_id),
        ("verdict", analysis.verdict),
        ("status", analysis.status),
        ("netchurn", machine.netchurn),
        ("commit", machine.commit or "unknown"),
        ("kernel", machine.kernel),
        ("links", str(analysis.namespace.links) if analysis.namespace else "not measured"),
    ]
    for claim in analysis.claims:
        found += [
            (f"claim.{claim.id}.claimed", repr(claim.claimed)),
            (f"claim.{claim.id}.measured", "not measured" if claim.measured is None else repr(claim.measured)),
            (f"claim.{claim.id}.unit", claim.unit),
        ]
    for finding in analysis.subjects:
        if finding.growth is not None:
            found += [(f"growth.{finding.name}.verdict", finding.growth.verdict)]
            found += [(f"growth.{finding.name}.cause", finding.cause)] if finding.cause else []
            found += [
                (f"growth.{finding.name}.{one.name}_per_hour", repr(one.per_hour))
                for one in finding.resources
                if one.verdict in {"growing", "slow"}
            ]
    return found


def _case(name: str, room: str, analysis: Analysis, said: str, results: list[FinalResult]) -> TestCase:
    case = TestCase(_text(name), _text(f"netchurn.{analysis.scenario}.{room}"), 0.0)
    case.result = results
    case.system_out = _text(said)
    return case


def _claim(claim: Claim, plan: ClaimPlan | None, analysis: Analysis) -> TestCase:
    said = numbers(claim, plan)
    results: list[FinalResult] = []
    if claim.verdict == "not_reproduced" and claim.gates:
        results = [Failure(_text(f"not reproduced: {said}"), "not_reproduced")]
    elif claim.verdict not in {"reproduced", "exceeded"}:
        results = [Skipped(_text(f"{reason(claim, plan)}: {said}"), claim.verdict)]
    words = (claim.text, claim.source, said, "it gates" if claim.gates else "it does not gate")
    return _case(claim.id, "claims", analysis, "\n".join(word for word in words if word), results)


def numbers(claim: Claim, plan: ClaimPlan | None) -> str:
    """Put the claimed value beside the measured one, with its interval where it has one."""
    state = plan is not None and plan.relation not in RELATIONS  # flat or growing: what was claimed is a word
    relation = RELATIONS.get(plan.relation, "") if plan else ""
    measured = "nothing" if claim.measured is None else f"{figures(claim.measured)} {claim.unit}"
    if claim.low is not None and claim.high is not None:
        measured += f" ({figures(claim.low)} to {figures(claim.high)})"
    times = "" if claim.times is None else f", exceeded {figures(claim.times)} times"
    claimed = plan.relation if plan and state else f"{relation}{figures(claim.claimed)} {claim.unit}"
    return f"claimed {claimed}, measured {measured}{times}"


def reason(claim: Claim, plan: ClaimPlan | None) -> str:
    """Return why a case is neither passed nor failed."""
    if claim.verdict == "not_measured":
        return "not measured"
    if claim.verdict == "not_reproduced":
        return "not reproduced, and it does not gate"
    if claim.low is not None and claim.high is not None and claim.low <= claim.claimed <= claim.high:
        return "inconclusive, its interval holds the claimed value"
    if plan is not None and plan.depends_on is not None:
        return f"inconclusive, {plan.depends_on} was not reproduced"
    return "inconclusive"


def _pair(pair: PairVerdict, analysis: Analysis) -> TestCase:
    """Fail what regressed; what was not decided is skipped."""
    results: list[FinalResult] = []
    if pair.verdict == "regressed":
        results = [Failure(_text(pair.explanation), pair.verdict)]
    elif pair.verdict == "not_decided":
        results = [Skipped(_text(pair.explanation), pair.verdict)]
    said = f"{pair.verdict}: {pair.explanation}"
    return _case(f"{pair.before} and {pair.after}", "pairs", analysis, said, results)


def _caused(one: doses.Judged, analysis: Analysis) -> TestCase:
    """Fail what grows because of its stimulus, unless it is a before, whose growth is the problem, or claims decide."""
    arms = [copy.arm for copy in analysis.plan.subjects if copy.arm is not None]
    before = any(arm.of == one.subject and arm.role == "before" for arm in arms)
    results: list[FinalResult] = []
    if one.verdict == "caused" and not before and doses.leading(analysis):
        results = [Failure(_text(one.explanation), one.verdict)]
    elif one.verdict != "not_caused":
        results = [Skipped(_text(one.explanation), one.verdict)]
    return _case(f"{one.subject}: {one.stimulus}", "doses", analysis, f"{one.verdict}: {one.explanation}", results)


def _control(control: Control, analysis: Analysis) -> TestCase:
    said = f"expected {figures(control.expected)} {control.unit}, measured {figures(control.measured)} {control.unit}"
    results: list[FinalResult] = [] if control.ok else [Error(_text(f"control measured wrong: {said}"), "control")]
    return _case(f"{control.name}: {control.what}", "controls", analysis, said, results)


def _grown(finding: Finding, analysis: Analysis) -> TestCase:
    """Write a case that passes where nothing grows, and is skipped where something does: growth does not gate."""
    verdict = finding.growth.verdict if finding.growth else "inconclusive"
    explanation = finding.growth.explanation if finding.growth else ""
    words = [f"{finding.name} {explanation}", *(f"leaks {leak}" for leak in resources.leaks(finding))]
    words += [resources.CAUSES[finding.cause]] if finding.cause else []
    flat = verdict == "flat" and finding.cause in {None, "lazily_freed"}
    kind = finding.cause or verdict
    results: list[FinalResult] = [] if flat else [Skipped(_text(f"{kind}: {'; '.join(words)}"), kind)]
    return _case(f"{finding.name}: growth", "growth", analysis, "\n".join(words), results)


def _died(finding: Finding, analysis: Analysis) -> TestCase:
    words = finding.outcome.replace("_", " ")
    return _case(finding.name, "subjects", analysis, words, [Error(_text(f"{finding.name} {words}"), finding.outcome)])


def _text(words: str) -> str:
    """Replace what XML cannot carry, however it is written, and what no terminal should be sent."""
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", printable_lines(words))
