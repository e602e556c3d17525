"""Libraries that only some verbs need, and that are installed by an extra."""

import importlib
from typing import Any

from harness.errors import UsageFault


def need(module: str, extra: str) -> Any:
    """Return a module of a library that ``extra`` installs; UsageFault naming the extra where it is missing."""
    try:
        return importlib.import_module(module)
    except ImportError:
        library = module.partition(".")[0]
        raise UsageFault("tool_missing", f"{library} is not installed", f"pip install 'netchurn[{extra}]'") from None
