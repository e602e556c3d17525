"""The frozen types that cross a boundary: raw facts of a run, and what was derived from them.

Base units are in the names (``_bytes``, ``_s``, ``_ns``); ``at_ns`` is CLOCK_MONOTONIC. ``None`` means "not
measured" and is never 0. Unknown fields are refused when a document is read.
"""

from harness.model.findings import *
from harness.model.findings_cost import *
from harness.model.findings_doses import *
from harness.model.findings_memory import *
from harness.model.plan import *
from harness.model.record import *
from harness.model.record_allocations import *
from harness.model.record_events import *
from harness.model.terms import *
