"""The section on dumps of tables that change meanwhile."""

from harness.model import Analysis, Dumps
from harness.report.document import Section, Table, Text
from harness.units import count, figures

_COLUMNS = (
    "changes a second", "subject", "starts", "looks", "dumps", "marked", "made again", "wrong", "aborted", "time lost",
    "agrees",
)  # fmt: skip


_READING = (
    "Links, addresses and routes come and go among {links} links; the watched interface is never touched. A change is "
    "one link that appears or vanishes; the table has the rate that was planned, and behind it the one that was "
    "reached. The kernel marks a dump that changed under it (NLM_F_DUMP_INTR). Dumps, marks and dumps made again are "
    "the subject's own counts; a dash means that it does not know them, because its library does not look. Wrong: the "
    "interface was reported gone, and the kernel had it. Aborted: the watch ended, and said nothing of the interface. "
    "Time lost: from such an end to the next watch, and in dumps that were not used. Subscriptions look the interface "
    "up when they start, so they are begun again every {every} s on purpose. Afterwards the interface is deleted: a "
    "watcher that reports it agrees with the kernel."
)


def dumps(analysis: Analysis) -> Section | None:
    """Show what subjects made of changing tables; None where none changed."""
    plan = analysis.plan.dumps
    if plan is None or not analysis.dumps:
        return None
    words = _READING.format(links=count(analysis.dumps[0].measured.links), every=figures(plan.restart_every_s))
    rows = tuple(_row(one) for one in analysis.dumps)
    return Section(title="Dumps under churn", blocks=(Text(words=words), Table(columns=_COLUMNS, rows=rows)))


def _row(one: Dumps) -> tuple[str, ...]:
    measured = one.measured
    reached = measured.link_changes / measured.seconds if measured.seconds else 0.0
    why = ", ".join(f"{reason} {count(number)}" for reason, number in measured.ends.items())
    return (
        f"{figures(measured.rate)} ({figures(reached)})",
        measured.subject,
        count(measured.starts),
        _known(measured.polls),
        _known(measured.made),
        _known(measured.marked),
        _known(measured.retried),
        f"{count(one.wrong)} ({why})" if one.wrong else "0",
        f"{count(one.aborted)} ({why})" if one.aborted and not one.wrong else count(one.aborted),
        f"{one.lost_s:.2f} s",
        {True: "yes", False: "no", None: "watched no more"}[measured.state_correct],
    )


def _known(value: int | None) -> str:
    return "–" if value is None else count(value)
