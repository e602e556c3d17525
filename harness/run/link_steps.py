"""The numbers of links to measure at: one namespace, grown step by step, with an odd link where one is asked for."""

from collections.abc import Callable
from dataclasses import dataclass

from harness.lab.client import Lab
from harness.lab.messages import Batch, CreateNetns
from harness.model import ProfilePlan

ODD = "odd0"


@dataclass(frozen=True, kw_only=True)
class LinkStep:
    """One number of links to measure at."""

    pairs: int
    links: int
    ifname: str
    trial: int = 0

    def name(self, subject: str, label: str) -> str:
        """Name the capture of a subject at this step."""
        again = f"-{self.trial}" if self.trial else ""
        return f"{subject}-{self.links}-{label}{again}"

    def within(self, profile: ProfilePlan, subject: str) -> bool:
        """Return whether a subject is measured at this step: some are too slow beyond a number of pairs."""
        return self.pairs <= profile.max_pairs.get(subject, self.pairs)


def steps(profile: ProfilePlan, base: int, ifname: str) -> list[LinkStep]:
    """List all steps above ``base`` links, fewest links first; a number of links below that is left out."""
    pairs = {base + 2 * number: number for number in profile.step_pairs}
    links = {number: (number - base) // 2 for number in profile.step_links if number >= base}
    return [LinkStep(pairs=number, links=total, ifname=ifname) for total, number in sorted({**links, **pairs}.items())]


class LinkSteps:
    """Brings the namespace from step to step. Pairs are only ever added."""

    def __init__(self, lab: Lab, ifname: str, grow_to: Callable[[int], None]) -> None:
        """Count what is there before any pair: lo, the watched link, and its other end if it is a veth."""
        self._lab = lab
        self._ifname = ifname
        self._grow_to = grow_to
        self._base, _ = lab.links(ifname)
        self._odd = False
        self._away: int | None = None

    def steps(self, profile: ProfilePlan) -> list[LinkStep]:
        """List all steps, fewest links first."""
        return steps(profile, self._base, self._ifname)

    def go_to(self, step: LinkStep) -> None:
        """Make pairs, and the odd link, until there are as many links as the step has."""
        self._grow_to(step.pairs)
        if (step.links - self._base) % 2:
            self._add_odd()
        else:
            self.even()

    def _add_odd(self) -> None:
        """Add one link: a veth whose other end is in a namespace of its own."""
        if self._odd:
            return
        if self._away is None:
            self._away = self._lab.request(CreateNetns()).number
        self._lab.request(Batch(lines=(f"link add {ODD} type veth peer name {ODD}p netns {self._away}",)))
        self._odd = True

    def even(self) -> None:
        """Remove the odd link again."""
        if self._odd:
            self._lab.request(Batch(lines=(f"link delete {ODD}",)))
            self._odd = False
