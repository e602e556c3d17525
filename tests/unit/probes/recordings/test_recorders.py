"""How a command is changed so that its allocations are recorded."""

import pytest

from harness.probes.recordings import recorders


@pytest.mark.parametrize(
    ("command", "program"),
    [
        (("./mine", "wt0"), 0),
        (("env", "--chdir=/x", "A=1", "./mine"), 3),
        (("/usr/bin/env", "--chdir=/x", "env", "-i", "A=1", "./mine", "B=2"), 5),
        (("env", "-u", "HOME", "-C", "/x", "--unset", "LANG", "./mine"), 7),
        (("env",), 1),
    ],
)
def test_the_program_stands_behind_env_and_its_options(command: tuple[str, ...], program: int) -> None:
    assert recorders._first_program(command) == program
