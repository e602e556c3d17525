"""Command lines asked in this process, and what every answer must be like."""

import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import NamedTuple
from unittest import mock

from harness import cli
from harness.cli import doctor
from harness.cli.running import ab, detach
from harness.errors import UsageFault
from harness.run import session

STATUSES = {0, 1, 2, 3, 4, 130}
STOPPED = "nothing is measured here"


class Answer(NamedTuple):
    """What a command line came to."""

    status: int
    out: str
    err: str


@contextmanager
def nothing_measured() -> Iterator[None]:
    """Let ``run`` end where it would begin to measure, here and not in a fork; ``doctor`` makes no namespace."""
    here = {key: value for key, value in os.environ.items() if not key.startswith("SUDO_")}
    with (
        mock.patch.object(session, "run", side_effect=UsageFault("usage", STOPPED, STOPPED)),
        mock.patch.object(detach, "daemonize", return_value=None),
        mock.patch.object(ab, "_ask", side_effect=UsageFault("usage", STOPPED, STOPPED)),
        mock.patch.object(doctor, "examine", return_value=[]),
        mock.patch.dict(os.environ, {**here, "NETCHURN_TRACEBACK": "1"}, clear=True),  # a defect is raised
    ):
        yield


def ask(arguments: Sequence[str]) -> Answer:
    """Call as ``main`` does, without ending this process."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace") for _ in range(2)]
    with redirect_stdout(streams[0]), redirect_stderr(streams[1]), mock.patch.object(sys, "argv", ["netchurn"]):
        status = cli._status(list(arguments))
    out, err = (_said(stream) for stream in streams)
    return Answer(status, out, err)


def _said(stream: io.TextIOWrapper) -> str:
    stream.flush()
    raw: io.BytesIO = stream.buffer  # type: ignore[assignment]  # as it was made
    return raw.getvalue().decode(errors="replace")


def check(answer: Answer) -> None:
    """Hold an answer against the contract: its status, at most a line and a remedy, nothing that moves a terminal."""
    assert answer.status in STATUSES, answer
    assert "Traceback" not in answer.err, answer.err
    assert not unfit(answer.err), unfit(answer.err)
    assert not unfit(answer.out), unfit(answer.out)
    lines = [line for line in answer.err.splitlines() if not line.startswith(("netchurn: ", "samples can take "))]
    if answer.status == 2 and not answer.err.startswith("Usage: "):
        assert answer.err.splitlines()[-2].startswith("netchurn: "), answer.err
        assert len(lines) == 1, answer.err
        assert lines[0].startswith("  try: "), answer.err


def unfit(text: str) -> list[str]:
    """List the letters that no terminal should be sent."""
    return sorted({letter for letter in text if not letter.isprintable() and letter not in "\n\t"})


def parsed(text: str) -> object:
    """Read JSON as strictly as others do."""
    return json.loads(text, parse_constant=lambda word: [][len(word)])
