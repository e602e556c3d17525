"""A result folder becomes facts, and facts an analysis: the one way there. Needs nothing but the folder."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.analysis.doses import dose_trial
from harness.analysis.facts import Facts
from harness.analysis.findings import analyse
from harness.errors import ResultFault
from harness.model import COMPRESSED_TRIAL, DOSE_TRIAL, Analysis, Result, Sample
from harness.results.folder import is_complete, is_running, load_result
from harness.results.samples import read_samples


def read_facts(folder: Path) -> Facts:
    """Read a result folder; ResultFault if it is none."""
    running = is_running(folder)  # asked first: what a writer that has let go left is all there is
    result, complete = load_result(folder), is_complete(folder)
    return Facts(
        result=result,
        complete=complete,
        running=running and not complete,
        series=_series(folder, result, 0),
        repeats=tuple(_series(folder, result, number) for number in range(1, result.plan.trials)),
        compressed=_series(folder, result, COMPRESSED_TRIAL),
        dosed=_series(folder, result, DOSE_TRIAL),
    )


def _series(folder: Path, result: Result, trial: int) -> dict[str, Sequence[Sample]]:
    return {one.name: read_samples(folder, trial, one.name) for one in dose_trial.everyone(result.plan)}


def analysis_of(folder: Path) -> Analysis:
    """Derive everything, and write nothing."""
    return derive(folder)[1]


def derive(folder: Path) -> tuple[Facts, Analysis]:
    """Read a result and derive everything from it; ResultFault where nothing can be."""
    with deriving(folder):
        facts = read_facts(folder)
        return facts, analyse(facts)


@contextmanager
def deriving(folder: Path) -> Iterator[None]:
    """Turn what becomes of facts that contradict each other into one line and a remedy."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numbers that are too large: what comes of them is judged
            yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as cause:
        raise ResultFault(
            "not_derivable",
            f"nothing can be derived from {folder}: {type(cause).__name__}: {cause}",
            "netchurn verify says what in it contradicts what; if nothing does, that is a defect: report it",
        ) from cause
