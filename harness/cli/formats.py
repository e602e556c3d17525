"""``--format``: a list of formats, separated by commas."""

from collections.abc import Collection

from harness.errors import UsageFault


def chosen(text: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the formats that a list names, in its order; UsageFault for one that is not known, and for none."""
    kinds = tuple(kind.strip() for kind in text.split(",") if kind.strip())
    unknown = [kind for kind in kinds if kind not in known]
    if unknown or not kinds:
        raise UsageFault(
            "unknown_format",
            f"no format is called {', '.join(unknown) or repr(text)}",
            f"choose from {', '.join(known)}",
        )
    return kinds
