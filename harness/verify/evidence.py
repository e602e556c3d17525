"""One line that stands for a result: a hash over its facts that is the same on every machine. Pure."""

import hashlib
import json
from collections.abc import Mapping

SCHEMA = "netchurn-evidence/1"


def line(verdict: str, scenario: str, run_id: str, digest: str) -> str:
    """Write the evidence line: ``netchurn-evidence/1 pass docker-host RUN sha256:…``."""
    return f"{SCHEMA} {verdict} {scenario} {run_id} sha256:{digest}"


def digest(document: object, samples: Mapping[str, str]) -> str:
    """Hash ``result.json``, which holds facts, plan and environment, and the samples, given as SHA-256 by file name.

    The document counts by its content: keys sorted, no white space. Captures are not in it; what was counted from them
    is, in the facts.
    """
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    lines = [f"{hashlib.sha256(canonical.encode()).hexdigest()}  result.json\n"]
    lines += [f"{samples[name]}  {name}\n" for name in sorted(samples)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
