"""A result as an in-toto statement: what was measured, by its digests, and what came of it. Pure.

Form: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md, and of the predicate
https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md. Readers ignore unknown fields, as both
demand.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import UNSET, Struct, UnsetType, field

from harness.model import Analysis, Executable
from harness.report.renderers import junit

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
MEDIA_TYPE = "application/vnd.in-toto+json"
WORKFLOW = "workflow"
Digests = dict[str, str]
Outcome = Literal["PASSED", "WARNED", "FAILED"]
_RESULTS: dict[str, Outcome] = {"pass": "PASSED", "fail": "FAILED", "invalid": "FAILED", "inconclusive": "WARNED"}


class Subject(Struct, frozen=True, kw_only=True):
    """What the statement is about: a name, and the digest that counts."""

    name: str
    digest: Digests


class Descriptor(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A resource that the measurement was configured by."""

    name: str
    uri: str = ""
    digest: Digests = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)


class Predicate(Struct, frozen=True, kw_only=True, rename="camel"):
    """A test result; a claim, pair, control or growth verdict is a test, as it is in JUnit XML."""

    result: Outcome
    configuration: tuple[Descriptor, ...]
    url: str | UnsetType = UNSET
    passed_tests: tuple[str, ...] = ()
    warned_tests: tuple[str, ...] = ()
    failed_tests: tuple[str, ...] = ()


class Statement(Struct, frozen=True, kw_only=True):
    """An in-toto statement of a test result."""

    type_: str = field(name="_type", default=STATEMENT_TYPE)
    subject: tuple[Subject, ...]
    predicate_type: str = field(name="predicateType", default=PREDICATE_TYPE)
    predicate: Predicate


class Known(Struct, frozen=True, kw_only=True):
    """What identifies a result: its evidence line, and the SHA-256 of its SHA256SUMS and of its plan."""

    evidence: str
    sums: str
    plan: str


def statement(analysis: Analysis, known: Known, environment: Mapping[str, str]) -> Statement:
    """Return the statement of a result.

    ``environment`` is that of the process: in a GitHub workflow it names the workflow, its commit and its run.
    """
    programs = {one.name: one.program for one in analysis.subjects if one.program}
    return Statement(
        subject=(
            Subject(name=analysis.run_id, digest={"sha256": digest_of(known.evidence)}),
            Subject(name=f"{analysis.run_id}/SHA256SUMS", digest={"sha256": known.sums}),
            *(one for name, program in programs.items() for one in _measured(name, program)),
        ),
        predicate=Predicate(
            result=_RESULTS[analysis.verdict],
            configuration=(_plan(analysis, known), *_sources(analysis, programs), *_workflow(environment)),
            url=_run_url(environment),
            **_tests(analysis),
        ),
    )


def digest_of(evidence: str) -> str:
    return next(word.removeprefix("sha256:") for word in evidence.split() if word.startswith("sha256:"))


def _measured(name: str, program: Executable) -> list[Subject]:
    digests = (("program", program.sha256), ("script", program.script_sha256))
    return [Subject(name=f"{kind}/{name}", digest={"sha256": one}) for kind, one in digests if one]


def _plan(analysis: Analysis, known: Known) -> Descriptor:
    """Describe the plan by the digest whose first digits are its id."""
    plan = {"scenario": analysis.scenario, "plan": analysis.plan.id}
    told = {**plan, "verdict": analysis.verdict, "evidence": known.evidence}
    return Descriptor(name="plan", digest={"sha256": known.plan}, annotations=told)


def _sources(analysis: Analysis, programs: Mapping[str, Executable]) -> list[Descriptor]:
    machine = analysis.environment
    commits = {"netchurn": machine.commit, **{f"program/{name}": one.commit for name, one in programs.items()}}
    return [
        Descriptor(name=name, digest={"gitCommit": commit}, annotations=_note(name, programs))
        for name, commit in commits.items()
        if commit
    ]


def _note(name: str, programs: Mapping[str, Executable]) -> dict[str, str]:
    program = programs.get(name.removeprefix("program/")) if "/" in name else None
    return {"dirty": "true"} if program and program.dirty else {}


def _workflow(environment: Mapping[str, str]) -> list[Descriptor]:
    reference, commit = environment.get("GITHUB_WORKFLOW_REF"), environment.get("GITHUB_SHA")
    if not reference or not commit:
        return []
    server = environment.get("GITHUB_SERVER_URL", "https://github.com")
    return [Descriptor(name=WORKFLOW, uri=f"{server}/{reference}", digest={"gitCommit": commit})]


def _run_url(environment: Mapping[str, str]) -> str | UnsetType:
    repository, run = environment.get("GITHUB_REPOSITORY"), environment.get("GITHUB_RUN_ID")
    server = environment.get("GITHUB_SERVER_URL", "https://github.com")
    return f"{server}/{repository}/actions/runs/{run}" if repository and run else UNSET


def _tests(analysis: Analysis) -> dict[str, tuple[str, ...]]:
    found = junit.outcomes(analysis)
    kinds = ("passed", "warned", "failed")
    return {f"{kind}_tests": tuple(name for name, one in found if one == kind) for kind in kinds}
