"""A result folder to a list of what deviates, and the line of evidence: everything is looked at, whatever was found."""

import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from harness.analysis.doses import dose_trial
from harness.derive import derive
from harness.errors import ResultFault
from harness.model import Analysis, Result, SubjectRun, Trial
from harness.report import build
from harness.results.folder import METADATA, MOST_RESULT_BYTES, RESULT, SUMS, decode_result, read_bounded, unsafe_names
from harness.results.samples import MOST_SAMPLES_BYTES
from harness.verify import checksums, evidence, facts, sample_rows, thin
from harness.verify import report as report_files
from harness.verify.by_plan import origin, planned
from harness.verify.checksums import Inventory
from harness.verify.deviation import Deviation
from harness.verify.recount import captures, recorded

MOST_OF_A_FILE = 20  # deviations of one file that are listed
_SAMPLES = re.compile(r"samples/(\d+)-(.+)\.csv")
_WORD = re.compile(r"[\w.+-]{1,200}")

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What came of it. ``checked``: what was held against what, and how much of it; ``evidence``: the line to quote."""

    sealed: bool
    deviations: tuple[Deviation, ...]
    checked: tuple[tuple[str, str], ...]
    evidence: str
    uncompared: tuple[tuple[str, str], ...] = ()
    """What was not held against anything here, and why not."""


class _Findings:
    """Collects deviations; a check that finds none says how much it looked at."""

    def __init__(self) -> None:
        self.deviations: list[Deviation] = []
        self.checked: list[tuple[str, str]] = []
        self.uncompared: list[tuple[str, str]] = []

    def add(self, what: str, looked: str, found: list[Deviation]) -> None:
        if found:
            self.deviations += _first_of_each(found)
        else:
            self.checked.append((what, looked))


def _first_of_each(found: list[Deviation]) -> list[Deviation]:
    """Keep the first deviations of each file, and say how many more there are."""
    kept: dict[str, list[Deviation]] = {}
    for one in found:
        kept.setdefault(one.where, []).append(one)
    told = []
    for where, of_file in kept.items():
        told += of_file[:MOST_OF_A_FILE]
        if len(of_file) > MOST_OF_A_FILE:
            told.append(Deviation("more_alike", where, f"and {len(of_file) - MOST_OF_A_FILE:,} more like these"))
    return told


def verify(
    folder: Path, report: Path | None = None, progress: Progress = lambda _: None, typed: origin.Typed | None = None
) -> Verified:
    """Check a folder; ResultFault where it holds no result that this netchurn reads, though nothing was changed.

    ``report`` is a report, or one file of it; without it the one beside is held against the result, if there is one.
    ``typed`` reads a command line as ``netchurn run`` does.
    """
    held = checksums.inventory(folder)
    findings = _Findings()
    progress("checking files")
    _check_files(held, findings)
    opened = _opened(held, findings)
    if opened is None:
        return _verified(held, findings, evidence.line("unverified", "-", "-", "-"))
    result, document = opened
    _check_facts(held, result, document, findings)
    _check_scenario(result, typed, findings)
    _check_thinned(held, result, findings)
    _check_samples(held, result, findings)
    progress(f"recounting {captures.recountable(result)} captures")
    findings.add("captures", captures.looked(held, result), captures.check(held, result))
    _check_recordings(held, result, findings)
    progress("deriving the analysis")
    analysis = _derived(held, findings)
    if analysis is not None:
        _check_report(held, report, findings, progress)
    word = _word(held, findings, "unverified" if analysis is None else analysis.verdict)
    return _verified(held, findings, _evidence(held, result, document, word))


def _check_files(held: checksums.Inventory, findings: _Findings) -> None:
    """Check what lies in the folder, and that it is what was sealed."""
    findings.add("files", f"{len(held.files):,}, all regular", list(held.deviations))
    if held.sealed:
        findings.add(SUMS, f"{len(held.files) - 1:,} files, as they were sealed", checksums.check(held))
    if METADATA in held.files:
        findings.uncompared.append((METADATA, "it is no part of the result; netchurn export writes it again"))


def _check_facts(held: checksums.Inventory, result: Result, document: dict[str, Any], findings: _Findings) -> None:
    """Check the plan against its own id, and the facts against the plan and each other."""
    findings.add(
        "plan",
        f"its id, {result.plan.id}, is the hash over it",
        _of_result("plan_changed", facts.plan(document["plan"], result.run_id)),
    )
    findings.add("facts", "names, times and counts agree", _asked("facts_contradict", facts.check, result))
    if held.sealed:
        findings.add("measured", "what the plan asks for, each once", _asked("plan_not_met", planned.check, result))


def _check_scenario(result: Result, typed: origin.Typed | None, findings: _Findings) -> None:
    """Check the plan against its scenario, where this netchurn has it."""
    explanation = origin.unknown(result, typed) if typed is not None else "commands are not read here"
    if explanation or typed is None:
        findings.uncompared.append(("the plan, with its scenario", explanation))
        return
    looked = f"{result.plan.scenario}, and the command, give this plan"
    findings.add("scenario", looked, _asked("scenario_differs", origin.check, result, typed))


def _verified(held: Inventory, findings: _Findings, line: str) -> Verified:
    return Verified(
        sealed=held.sealed,
        deviations=tuple(findings.deviations),
        checked=tuple(findings.checked),
        evidence=line,
        uncompared=tuple(findings.uncompared),
    )


def _asked(kind: str, check: Callable[..., list[str]], *of: object) -> list[Deviation]:
    """Ask one of the checks of facts; a number that nobody can reckon with is a deviation."""
    try:
        return _of_result(kind, check(*of))
    except (ArithmeticError, ValueError) as cause:
        return _of_result(kind, [f"a number in it is beyond all measure: {cause}"])


def _of_result(kind: str, texts: list[str]) -> list[Deviation]:
    return [Deviation(kind, RESULT, text) for text in texts]


def _opened(held: Inventory, findings: _Findings) -> tuple[Result, dict[str, Any]] | None:
    """Decode ``result.json`` strictly; None where it was changed so that it cannot be, or may not be read further."""
    try:
        result, document = _decoded(held)
    except ResultFault as fault:
        if not any(one.where == RESULT for one in findings.deviations):
            raise
        findings.add(RESULT, "", _of_result("result_malformed", [fault.message.replace(f"{held.folder}/", "")]))
        return None
    unsafe = unsafe_names(result)
    findings.add(RESULT, f"{result.schema}, read strictly", _of_result("name_unsafe", unsafe))
    return None if unsafe else (result, document)


def _decoded(held: Inventory) -> tuple[Result, dict[str, Any]]:
    hint = "name a folder that netchurn run made, or `latest`"
    if RESULT not in held.files:
        raise ResultFault("no_result", f"there is no file {RESULT} in {held.folder}", hint)
    raw = read_bounded(held.folder / RESULT, MOST_RESULT_BYTES, hint)
    return decode_result(raw, held.folder / RESULT), msgspec.json.decode(raw)


def _check_thinned(held: Inventory, result: Result, findings: _Findings) -> None:
    noted = thin.check(held, result)
    if noted or thin.NOTE in held.files:
        findings.add(thin.NOTE, "names what is not there, and what stands for it", noted)


def _check_samples(held: Inventory, result: Result, findings: _Findings) -> None:
    """Read every row of every file of samples, and hold it against its trial."""
    expected = {f"samples/{trial.index}-{run.name}.csv": (trial, run) for trial in result.trials for run in trial.runs}
    files = sorted(name for name in held.files if _SAMPLES.fullmatch(name))
    found, number, counts = [], 0, dict[str, int]()
    for name in files:
        if name not in expected and held.sealed:
            found.append(Deviation("samples_not_planned", name, f"{RESULT} has no such subject of such a trial"))
        told, count = _rows(
            held,
            name,
            expected.get(name),
            {one.name for one in dose_trial.everyone(result.plan) if one.source == "builtin"},
        )
        found += told
        number += count
        counts[name] = count
    for name, (_, run) in expected.items():
        if name not in files and run.exited_after_s is None and held.sealed:
            text = f"{RESULT} has such a subject of such a trial, and it is not there"
            found.append(Deviation("file_missing", name, text))
    for trial in result.trials if held.sealed else ():
        of = {run.name: f"samples/{trial.index}-{run.name}.csv" for run in trial.runs}
        uneven = sample_rows.uneven({name: counts[file] for name, file in of.items() if file in counts}, trial)
        found += [Deviation("samples_contradict", of[name], text) for name, text in uneven]
    findings.add("samples", f"{len(files):,} files, {number:,} rows, each in its place", found)


def _check_recordings(held: Inventory, result: Result, findings: _Findings) -> None:
    """Read what was recorded of copies of programs again, where there is any of it."""
    if result.recordings:
        found = recorded.check(held, result)
        looked = f"{len(found.read)} of {len(result.recordings)} read again; each agrees with the stacks beside it"
        findings.add("recordings", looked, found.deviations)
        findings.uncompared += found.uncompared


def _rows(
    held: Inventory, name: str, expected: tuple[Trial, SubjectRun] | None, ours: set[str]
) -> tuple[list[Deviation], int]:
    if held.bytes_of(name) > MOST_SAMPLES_BYTES:
        text = f"has more than {MOST_SAMPLES_BYTES:,} bytes; it was not read"
        return [Deviation("file_too_long", name, text)], 0
    try:
        with io.TextIOWrapper(held.open(name), errors="replace", newline="") as lines:
            read = sample_rows.read(lines, torn=not held.sealed)
    except OSError as cause:
        return [checksums.unreadable(name, cause)], 0
    deviations = [Deviation("samples_malformed", name, text) for text in read.malformed]
    if expected is not None:
        trial, run = expected
        contradicting = sample_rows.suspicious(read, trial, run, ours=run.name in ours)
        deviations += [Deviation("samples_contradict", name, text) for text in contradicting]
    return deviations, len(read.numbered)


def _check_report(held: Inventory, report: Path | None, findings: _Findings, progress: Progress) -> None:
    """Check a report against its result: the one that is named, or else the one that lies where a run puts it.

    What is found unasked is looked at only where nothing deviates: rendering reads captures that nobody vouches for.
    """
    found = report if report or findings.deviations else report_files.beside(held.folder)
    if found is not None:
        progress(f"comparing {found}")
        compared = report_files.check(held.folder, found)
        findings.add("report", f"{compared.number} files, as they are rendered from the result", compared.deviations)
        findings.uncompared += compared.otherwise


def _derived(held: Inventory, findings: _Findings) -> Analysis | None:
    """Derive the analysis from the files; None where they may not be read, or nothing follows."""
    if held.deviations or any(one.id == "file_too_long" for one in findings.deviations):
        return None
    try:
        read, found = derive(held.folder)
        build.text_of(held.folder, read, found, "md")  # what prints the numbers must be able to
    except ResultFault as fault:
        text = fault.message.replace(f"from {held.folder}", "from it")
        findings.add("analysis", "", _of_result("analysis_impossible", [text]))
        return None
    findings.add("analysis", f"derived from the files: {found.verdict}", [])
    return found


def _word(held: Inventory, findings: _Findings, verdict: str) -> str:
    """Choose what the evidence says: a result that deviates, or was interrupted, gives none of its verdict."""
    if findings.deviations:
        return "unverified"
    return verdict if held.sealed else "interrupted"


def _evidence(held: Inventory, result: Result, document: object, verdict: str) -> str:
    samples = {}
    for name in sorted(held.files):
        if name.startswith("samples/"):
            try:
                with held.open(name) as stream:
                    samples[name] = hashlib.file_digest(stream, "sha256").hexdigest()
            except OSError:
                samples[name] = "unreadable"
    scenario, run_id = (one if _WORD.fullmatch(one) else "-" for one in (result.plan.scenario, result.run_id))
    programs = {
        name: digest
        for name, one in result.programs.items()
        if (digest := one.script_sha256 or one.sha256) and _WORD.fullmatch(name) and facts.SHA256.fullmatch(digest)
    }
    return evidence.line(verdict, scenario, run_id, evidence.digest(document, samples), programs)
