"""Analysis to Document: what a report holds, and in which order. The words and numbers are decided in ``sections``."""

from harness import wording
from harness.analysis.facts import Facts
from harness.model import Analysis
from harness.report.document import Block, Document, Section, clean
from harness.report.sections import claims, doses, dumps, environment, events, pairs
from harness.report.sections.cost import churn, links, profiles, sweep
from harness.report.sections.first_screen import pictures, programs, summary
from harness.report.sections.memory import compressed_day, growth, keepers, resources

_UNFINISHED = {"interrupted": " (interrupted)", "running": " (still going on)"}


def compose(analysis: Analysis, facts: Facts, flamegraphs: profiles.Pages = ()) -> Document:
    """Build the report of one run. ``flamegraphs`` are pages beside it: (what it is, file name)."""
    document = Document(
        title=f"netchurn · {analysis.scenario}",
        verdict=(doses.headline(analysis) or pairs.headline(analysis)) + _UNFINISHED.get(analysis.status, ""),
        severity=wording.RUN[analysis.verdict].severity,
        beside="; ".join(filter(None, (programs.beside(analysis), claims.beside(analysis)))),
        sentence=sentence(analysis),
        setting=summary.setting(analysis, facts),
        overview=doses.table(analysis) or programs.table(analysis),
        ledger=claims.claims(analysis),
        key_figures=() if programs.worst_first(analysis) or doses.leading(analysis) else summary.key_figures(analysis),
        first_screen=_first_screen(analysis, facts),
        sections=_sections(analysis, facts, flamegraphs),
        footer=f"netchurn {analysis.environment.netchurn} · run {analysis.run_id}",
    )
    return clean(document)


def sentence(analysis: Analysis) -> str:
    """Choose the headline: the verdict of doses or of pairs, else the worst of the programs, else what was asked."""
    return (
        doses.sentence(analysis)
        or pairs.sentence(analysis)
        or programs.sentence(analysis)
        or summary.sentence(analysis)
    )


def _first_screen(analysis: Analysis, facts: Facts) -> tuple[Block, ...]:
    rss = pictures.rss_figure(analysis, facts)
    dosed = doses.picture(analysis) if doses.leading(analysis) else None
    return (
        *([dosed] if dosed else []),
        *keepers.first_screen(analysis),
        *pictures.churn_figures(analysis),
        *([rss] if rss else []),
    )


def _sections(analysis: Analysis, facts: Facts, flamegraphs: profiles.Pages) -> tuple[Section, ...]:
    found = (
        environment.warnings(analysis),
        doses.section(analysis),
        pairs.section(analysis),
        events.matrix(analysis),
        events.latency(analysis),
        events.storms(analysis),
        dumps.dumps(analysis),
        churn.churn(analysis),
        churn.comparisons(analysis),
        links.links(analysis),
        sweep.sweep(analysis),
        keepers.section(analysis, facts),
        profiles.sources(analysis, facts, flamegraphs),
        growth.memory(analysis, facts),
        resources.resources(analysis, facts),
        compressed_day.day(analysis, facts),
        profiles.programs(analysis, facts),
        pairs.programs(analysis),
        environment.cpu(analysis, facts),
        claims.controls(analysis),
        environment.environment(analysis),
        environment.repeat(facts),
        environment.glossary(),
    )
    return tuple(one for one in found if one is not None)
