"""What an analysis starts from: the facts of a run as they were read from its folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from harness.model import Capture, NamespaceInfo, Result, Sample, SubjectPlan, SubjectRun, Trial
from harness.results.columns import Samples
from harness.units import NS_A_SECOND

Readings = Sequence[Sample]
Trialed = Mapping[str, Readings]
"""The samples of one trial, by subject."""
Floats = npt.NDArray[np.float64]


def column(series: Readings, name: str) -> npt.NDArray[np.int64]:
    """Return all values of a count that every sample has."""
    values = series.column(name) if isinstance(series, Samples) else [getattr(one, name) for one in series]
    return np.asarray(values, dtype=np.int64)


def measured(series: Readings, name: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the times and values of a count that some samples do not have; both empty where none has it."""
    if not isinstance(series, Samples):
        rows = [(one.at_ns, value) for one in series if (value := getattr(one, name)) is not None]
        at, values = np.asarray(rows, dtype=np.int64).reshape(-1, 2).T
        return at, values
    at = series.column("at_ns")[series.rows(name)]
    return at, series.column(name).astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A result, whether it came to its end or still goes on, and the samples of each subject, oldest first."""

    result: Result
    complete: bool
    running: bool = False  # only where it is not complete
    series: Trialed  # of the first trial of the sampling phase
    repeats: tuple[Trialed, ...] = ()  # of its later trials
    compressed: Trialed  # of the compressed day
    dosed: Trialed = field(default_factory=dict)  # of the trial of doses, by copy

    @property
    def trial(self) -> Trial | None:
        """Return the sampling phase's first trial; None when the run ended before it did."""
        return next((one for one in self.result.trials if one.pace == "real"), None)

    @property
    def day(self) -> Trial | None:
        """Return the compressed day; None where there was none."""
        return next((one for one in self.result.trials if one.pace == "compressed"), None)

    @property
    def namespace(self) -> NamespaceInfo | None:
        """Return the namespace as it stood when measuring began; None when it never did."""
        return self.trial.namespace if self.trial else self.result.namespace

    @property
    def lasted_s(self) -> float | None:
        """Return the seconds that the sampling phase really lasted; None when it never came to an end."""
        return (self.trial.ended_ns - self.trial.began_ns) / NS_A_SECOND if self.trial else None

    def runs_of(self, name: str) -> list[tuple[Trial, SubjectRun]]:
        """List a subject's processes of all trials, a compressed day's included, each with its trial."""
        return [(trial, run) for trial in self.result.trials for run in trial.runs if run.name == name]

    @property
    def trials(self) -> tuple[Trialed, ...]:
        """Return the samples of each trial of the sampling phase, by subject."""
        return (self.series, *self.repeats)

    def run_of(self, name: str) -> SubjectRun | None:
        """Return a subject's process of the sampling phase; None when it never was."""
        runs = self.trial.runs if self.trial else ()
        return next((run for run in runs if run.name == name), None)

    def captures(self, subject: SubjectPlan, kind: str, links: int | None = None, trial: int = 0) -> list[Capture]:
        """List a subject's captures of one kind, at one number of links or at the most of them, least work first."""
        mine = [one for one in self.result.captures if one.subject == subject.name and one.trial == trial]
        found = [one for one in mine if one.kind == kind]
        at = max((one.links for one in found), default=0) if links is None else links
        return sorted((one for one in found if one.links == at), key=lambda one: (one.polls, one.events, one.live_s))

    def watched_s(self, name: str) -> float | None:
        """Return the seconds between a subject's first and last count; None without two."""
        marks = run.marks if (run := self.run_of(name)) else ()
        return (marks[-1].at_ns - marks[0].at_ns) / NS_A_SECOND if len(marks) > 1 else None
