"""An error is expected by its id and by the facts that it must name, never by its sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.errors import NetchurnError


@contextmanager
def raises_id(expected: str, *facts: object) -> Iterator[pytest.ExceptionInfo[NetchurnError]]:
    """Pass where an error of this id is raised whose message has all of the facts: a name, a path, a number."""
    with pytest.raises(NetchurnError) as caught:
        yield caught
    assert caught.value.id == expected, caught.value.message
    for fact in facts:
        assert str(fact) in caught.value.message
    assert caught.value.hint
