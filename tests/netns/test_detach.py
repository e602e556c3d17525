"""A run without a terminal: it outlives the one that started it, is looked at, and ends when it is asked to."""

import json
import os
import pty
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import Popen

import pytest

from harness.results.folder import is_running, load_result
from harness.run.watching import progress_file

pytestmark = pytest.mark.netns

Outside = Callable[..., tuple[Popen[str], str]]
Remains = Callable[[str, set[str]], list[str]]
Worlds = Callable[[str], set[str]]
Attach = Callable[[], Popen[str]]

NETCHURN = (sys.executable, "-P", "-m", "harness")
WATCHING = "of 1d"


@pytest.fixture
def begin(tmp_path: Path) -> tuple[str, ...]:
    """What starts a run that would last for a day."""
    small = ("--pairs", "1", "--subject", "netlink", "--no-profile", "--no-report", "--duration", "1d")
    where = ("--results", str(tmp_path / "results"), "--reports", str(tmp_path / "reports"))
    return (*NETCHURN, "run", "docker-host", *small, *where, "--detach")


@pytest.fixture
def detached(outside: Outside, begin: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    """Give the folder of such a run, and the mark of its processes; it is ended with the test."""
    process, mark = outside(*begin)
    said, complained = process.communicate()
    assert process.returncode == 0, complained
    folder = Path(said.strip())
    yield folder, mark
    told = progress_file.read(folder)
    with suppress(ProcessLookupError):
        os.kill(told.pid if told and told.end is None else 0x7FFFFFFF, signal.SIGKILL)


@pytest.fixture
def attach(outside: Outside, detached: tuple[Path, str]) -> Attach:
    """Look at it, from the moment on when its subjects are watched."""

    def look() -> Popen[str]:
        process, _ = outside(*NETCHURN, "attach", str(detached[0]))
        wait_until_it_says(process, WATCHING)
        return process

    return look


def wait_until_it_says(process: Popen[str], words: str) -> None:
    assert process.stderr is not None
    lines = list[str]()
    for line in process.stderr:
        lines.append(line)
        if words in line:
            return
    pytest.fail(f"never said {words!r}: {''.join(lines)}")


def ended(process: Popen[str]) -> tuple[int, str, str]:
    assert process.stdout is not None
    assert process.stderr is not None
    complained, said = process.stderr.read(), process.stdout.read()
    assert "Traceback" not in said + complained
    return process.wait(), said, complained


def pid_of(folder: Path) -> int:
    told = progress_file.read(folder)
    assert told is not None
    return told.pid


def watched(folder: Path) -> float:
    """Give the seconds that its subjects were watched for, as its file says a second later at most."""
    told = progress_file.read(folder)
    assert told is not None
    return told.done


@pytest.mark.slow
def test_it_goes_on_when_its_terminal_is_gone(begin: tuple[str, ...], tmp_path: Path, outside: Outside) -> None:
    """The shell that started it dies of the terminal's end; the run is only heard of by its folder."""
    shell, terminal = pty.fork()
    if shell == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may ignore it
        os.execvp("sh", ["sh", "-c", '"$@" && exec cat', "sh", *begin])  # noqa: S606 - a child of our own fork
    words = b""
    while b"netchurn attach" not in words:
        words += os.read(terminal, 4096)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(shell, 0)[1]) == -signal.SIGHUP
    [result] = (tmp_path / "results").glob("*/*/result.json")
    look, _ = outside(*NETCHURN, "attach", "--results", str(tmp_path / "results"))
    wait_until_it_says(look, WATCHING)
    assert os.getsid(pid_of(result.parent)) == pid_of(result.parent)
    look.send_signal(signal.SIGINT)
    status, said, _ = ended(look)
    assert (status, said.strip()) == (130, str(result.parent))


@pytest.mark.slow
def test_sighup_does_not_end_it_and_sigterm_does(
    detached: tuple[Path, str], attach: Attach, worlds: Worlds, remains: Remains
) -> None:
    folder, mark = detached
    look = attach()
    inhabited = worlds(mark)
    os.kill(pid_of(folder), signal.SIGHUP)
    at = watched(folder)
    while watched(folder) < at + 2:
        assert is_running(folder)
    os.kill(pid_of(folder), signal.SIGTERM)
    assert ended(look)[0] == 130
    assert inhabited
    assert remains(mark, inhabited) == []
    assert load_result(folder).trials[0].runs[0].outcome == "interrupted"


def test_a_second_ctrl_c_only_detaches(detached: tuple[Path, str], attach: Attach) -> None:
    folder, _ = detached
    look = attach()
    os.kill(pid_of(folder), signal.SIGSTOP)  # it cannot end yet, so that there is time for a second
    look.send_signal(signal.SIGINT)
    wait_until_it_says(look, "was asked to end")
    look.send_signal(signal.SIGINT)
    status, _, complained = ended(look)
    assert (status, "detached" in complained) == (130, True)
    assert is_running(folder)
    os.kill(pid_of(folder), signal.SIGCONT)


@pytest.mark.slow
def test_two_viewers_that_ask_once_each_keep_what_was_measured(detached: tuple[Path, str], attach: Attach) -> None:
    folder, _ = detached
    looks = [attach(), attach()]
    os.kill(pid_of(folder), signal.SIGSTOP)  # it cannot end yet, so that both ask
    for look in looks:
        look.send_signal(signal.SIGINT)
        wait_until_it_says(look, "was asked to end")
    os.kill(pid_of(folder), signal.SIGCONT)
    assert [ended(look)[:2] for look in looks] == [(130, f"{folder}\n")] * 2
    assert load_result(folder).trials[0].runs[0].outcome == "interrupted"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGTERM])
def test_whoever_looks_may_leave(
    detached: tuple[Path, str], attach: Attach, outside: Outside, number: signal.Signals
) -> None:
    folder, _ = detached
    look = attach()
    look.send_signal(number)
    assert ended(look)[0] == 130
    process, _ = outside(*NETCHURN, "report", str(folder), "--format", "json", "--output", "-")
    status, said, _ = ended(process)
    assert (status, json.loads(said)["status"]) == (0, "running")


@pytest.mark.slow
def test_one_that_was_killed_has_ended_without_a_word(detached: tuple[Path, str], attach: Attach) -> None:
    folder, _ = detached
    look = attach()
    os.kill(pid_of(folder), signal.SIGKILL)
    status, said, complained = ended(look)
    assert (status, said) == (2, "")
    assert complained.splitlines()[-2].endswith("[run_lost]")
    assert not is_running(folder)


@pytest.mark.slow
def test_what_ends_it_at_its_start_is_told_to_who_looks(outside: Outside, begin: tuple[str, ...]) -> None:
    process, _ = outside(*begin, NB_USE_NETSTACK_MODE="true")
    status, said, _ = ended(process)
    assert status == 0  # its folder was there already
    status, _, complained = ended(outside(*NETCHURN, "attach", said.strip())[0])
    assert status == 4
    assert complained.splitlines()[-2].endswith("gave up at start: netstack [subject_died]")


@pytest.mark.slow
def test_what_keeps_it_from_beginning_is_told_at_once(outside: Outside, begin: tuple[str, ...]) -> None:
    status, said, complained = ended(outside(*begin, PATH="/nowhere")[0])
    assert (status, said) == (2, "")
    assert "[tool_missing]" in complained


@pytest.mark.slow
def test_a_folder_whose_name_is_not_utf8_is_told_as_it_is(
    outside: Outside, begin: tuple[str, ...], tmp_path: Path
) -> None:
    place = os.fsencode(tmp_path) + b"/r\xff"
    name = os.fsdecode(place)
    words = ('"$@" >"$0"', str(tmp_path / "said"), *begin, "--results", name)
    process, _ = outside("sh", "-c", *words)
    _, complained = process.communicate()
    assert process.returncode == 0, complained
    folder = os.fsdecode((tmp_path / "said").read_bytes().rstrip())
    assert folder.startswith(name)
    told = progress_file.read(Path(folder))
    assert told is not None
    os.kill(told.pid, signal.SIGTERM)
