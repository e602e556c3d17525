"""The command line as a process: its status, its two lines, and never a traceback."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from harness import cli

GOLDEN = Path(__file__).parents[2] / "golden" / "docker-host"
NETCHURN = (sys.executable, "-P", "-m", "harness")


def run(*arguments: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*NETCHURN, *arguments],
        check=False,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("run", "nosuch"), "unknown_scenario"),
        (("run", "docker-host", "--pairs", "0"), "out_of_range"),
        (("run", "docker-host", "--pairs", "99999999999999999999"), "out_of_range"),
        (("run", "docker-host", "--duration=-5s"), "usage"),
        (("run", "docker-host", "--duration", "0s"), "out_of_range"),
        (("run", "docker-host", "--interval", "0"), "option_missing"),
        (("run", "docker-host", "--subject", "nosuch"), "unknown_subject"),
        (("run", "docker-host", "--subject", "ip-monitor"), "option_conflict"),
        (("run", "sweep", "--no-profile"), "option_conflict"),
        (("run", "lifecycle", "--duration", "5s"), "option_conflict"),
        (("run", "docker-host", "--results", "/proc/nosuch"), "folder_not_writable"),
        (("run",), "usage"),
        (("nosuch",), "usage"),
        (("--nosuch",), "usage"),
        (("report", "--nosuch"), "usage"),
        (("report", "/nosuch"), "no_result"),
        (("report", "--format", "pdf", "/nosuch"), "no_result"),
    ],
)
def test_what_a_user_can_cause_is_one_line_and_a_remedy(arguments: tuple[str, ...], name: str) -> None:
    done = run(*arguments)

    message, remedy = done.stderr.splitlines()
    assert message.endswith(f" [{name}]")
    assert remedy.startswith("  try: ")
    assert (done.returncode, done.stdout) == (2, "")


def test_without_a_verb_it_shows_its_help() -> None:
    done = run()

    assert done.stderr.startswith("Usage: netchurn")
    assert done.returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["--help", "--version", "list", "run --help", "report --help", "doctor --help"])
def test_help_and_lists_succeed(verb: str) -> None:
    assert run(*verb.split()).returncode == 0


def test_a_closed_pipe_is_no_evidence_against_a_claim() -> None:
    read, write = os.pipe()
    os.close(read)
    done = run("list", stdout=write)
    os.close(write)

    assert (done.returncode, done.stderr) == (2, "")


@pytest.mark.slow
@pytest.mark.parametrize("words", [("list",), ("--help",), ("report", str(GOLDEN), "--format", "md", "-o", "-")])
def test_a_full_device_is_told_in_two_lines(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = run(*words, stdout=full.fileno())

    assert done.stderr.splitlines()[-2].endswith("No space left on device [no_space]")
    assert "defect" not in done.stderr
    assert done.returncode == 2


def test_too_few_open_files_are_told_with_the_remedy() -> None:
    limited = (
        "sh",
        "-c",
        'ulimit -n 7; exec "$@"',
        "sh",
        *NETCHURN,
        "report",
        str(GOLDEN),
        "--format",
        "md",
        "-o",
        "-",
    )
    done = subprocess.run(limited, check=False, capture_output=True, text=True)

    assert "Traceback" not in done.stderr
    assert (done.returncode, "ulimit -n" in done.stderr) in {(0, False), (2, True)}


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["C", "C.ISO-8859-1"])
def test_a_locale_of_another_encoding_changes_nothing(locale: str, tmp_path: Path) -> None:
    plain = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    argv = [*NETCHURN, "report", str(GOLDEN)]
    for output in ("-", str(tmp_path)):
        done = subprocess.run(
            [*argv, "--format", "md", "-o", output], check=False, capture_output=True, env={**os.environ, **plain}
        )
        assert (done.returncode, done.stderr) == (0, b"")
    usual = run("report", str(GOLDEN), "--format", "md", "-o", "-")
    assert (tmp_path / "report.md").read_text() == usual.stdout


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_closed_stream_is_survived(closed: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *NETCHURN, "list"], check=False, capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_a_scenario_of_the_wrong_types_is_told(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(
        "from harness.scenario import Scenario\n"
        "SCENARIO = Scenario(name='mine', question='?', pairs='x', subjects={'poll': 'before'})\n"
    )
    done = run("run", str(mine))

    assert "pairs" in done.stderr.splitlines()[0]
    assert done.returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["../up", "a/b", "", "A", "with space"])
def test_a_scenario_whose_name_is_no_folder_name_is_refused(tmp_path: Path, name: str) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(
        "from harness.scenario import Scenario\n"
        f"SCENARIO = Scenario(name={name!r}, question='?', pairs=1, subjects={{'poll': 'before'}})\n"
    )

    assert run("run", str(mine)).returncode == 2


@pytest.mark.parametrize("verb", cli._VERBS)
def test_the_help_says_of_a_verb_what_the_verb_says_of_itself(verb: str) -> None:
    module, line = cli._VERBS[verb]
    assert import_module(f"harness.cli.{module}").command.short_help == line


def test_the_help_loads_no_verb() -> None:
    loaded = subprocess.run(
        [sys.executable, "-P", "-X", "importtime", "-m", "harness", "--help"],
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    assert not [name for name in ("matplotlib", "scipy", "numpy", "msgspec", "rich", "click") if name in loaded]


def test_the_help_names_every_verb_and_fits_a_terminal() -> None:
    lines = run("--help").stdout.splitlines()
    assert [line.split()[0] for line in lines[lines.index("Commands:") + 1 :]] == list(cli._VERBS)
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("verb", ["run", "report", "verify", "doctor"])
def test_the_help_of_a_verb_loads_no_statistics(verb: str) -> None:
    loaded = subprocess.run(
        [sys.executable, "-P", "-X", "importtime", "-m", "harness", verb, "--help"],
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    assert not [name for name in ("matplotlib", "scipy", "numpy") if f" {name}\n" in loaded]


@pytest.mark.parametrize("name", ["a\n::error::b", "a\r::error::b"])
def test_a_path_is_one_line(capsysbinary: pytest.CaptureFixture[bytes], name: str) -> None:
    cli.say_path(Path("reports") / name)
    [line] = capsysbinary.readouterr().out.splitlines()
    assert line.startswith(b"reports/a")
