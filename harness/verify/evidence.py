"""One line that stands for a result: a hash over its facts that is the same on every machine. Pure."""

import hashlib
import json
from collections.abc import Mapping

SCHEMA = "netchurn-evidence/1"


PROGRAM_DIGITS = 16  # of the SHA-256 of a program: 64 bits, enough to tell two builds apart


def line(verdict: str, scenario: str, run_id: str, digest: str, programs: Mapping[str, str] | None = None) -> str:
    """Write the evidence line: ``netchurn-evidence/1 pass docker-host RUN sha256:… old=sha256:…``.

    ``programs`` are the SHA-256 of the user's programs by subject; the line has the first digits of each.
    """
    told = [f"{name}=sha256:{whole[:PROGRAM_DIGITS]}" for name, whole in sorted((programs or {}).items())]
    return " ".join([SCHEMA, verdict, scenario, run_id, f"sha256:{digest}", *told])


def digest(document: object, samples: Mapping[str, str]) -> str:
    """Hash ``result.json``, which holds facts, plan and environment, and the samples, given as SHA-256 by file name.

    The document counts by its content: keys sorted, no white space. Captures are not in it; what was counted from them
    is, in the facts.
    """
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    lines = [f"{hashlib.sha256(canonical.encode()).hexdigest()}  result.json\n"]
    lines += [f"{samples[name]}  {name}\n" for name in sorted(samples)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
