"""Every verdict as it is printed: one home for its word, its sign, its severity, and which is named first. Pure."""

from typing import Literal, NamedTuple

Severity = Literal["good", "bad", "unsure", "plain"]


class Wording(NamedTuple):
    """How a verdict is printed. ``clause`` stands behind the name of what was judged, ``sign`` beside it in figures."""

    word: str
    severity: Severity
    sign: str = ""
    clause: str = ""


# Each table has the worst first: that is the order in which reports name them.
RUN = {
    "invalid": Wording("invalid", "bad"),
    "fail": Wording("fail", "bad"),
    "inconclusive": Wording("inconclusive", "unsure"),
    "pass": Wording("pass", "good"),
}
GROWTH = {
    "growing": Wording("growing", "bad", "↗", "grows"),
    "slow": Wording("slow", "unsure", "~", "grows slowly"),
    "no_steady_state": Wording("no steady state", "unsure", "?", "is undecided"),
    "inconclusive": Wording("inconclusive", "unsure", "?", "is undecided"),
    "flat": Wording("flat", "good", "→", "does not grow"),
}
PROGRAM = {  # what a program of the user's was found to be
    "growing": GROWTH["growing"],
    "slow": GROWTH["slow"],
    "crashed": Wording("crashed", "bad"),
    "undecided": Wording("undecided", "unsure"),
    "flat": GROWTH["flat"],
}
PAIR = {
    "regressed": Wording("regressed", "bad"),
    "not_decided": Wording("not decided", "unsure"),
    "no_difference": Wording("no difference", "plain"),
    "fix_verified": Wording("fix verified", "good"),
}
DOSE = {
    "caused": Wording("caused", "bad"),
    "not_decided": Wording("not decided", "unsure"),
    "not_caused": Wording("not caused", "good"),
}
CLAIM = {
    "not_reproduced": Wording("✗ not reproduced", "bad"),
    "inconclusive": Wording("? inconclusive", "unsure"),
    "not_measured": Wording("– not measured", "unsure"),
    "exceeded": Wording("≫ exceeded", "good"),
    "reproduced": Wording("✓ reproduced", "good"),
}
CONTROL = {False: Wording("✗ measured wrong", "bad"), True: Wording("✓ OK", "good")}
SEEN = {  # what a watcher made of an event
    "false_positive": "⚠ false",
    "missed": "✗ missed",
    "late": "◷ late",
    "detected": "✓ detected",
    "true_negative": "· quiet",
}
COMPARED = {"different": "different", "undecided": "undecided", "same": "no difference", "shown": "not judged"}
RELATIONS = {"at_most": "at most ", "at_least": "at least ", "about": "about "}
"""What stands before a claimed amount; of ``flat`` and ``growing`` the word itself is what was claimed."""
