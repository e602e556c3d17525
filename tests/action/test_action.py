"""The action, step by step, as a runner carries it out: outputs, summary, artifacts, statuses, and planted words."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

Runner = Any  # conftest's: the files here are no package
ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(not (ROOT / "action.yml").is_file(), reason="the action is not here")

MIB = 1_048_576
GOLDEN = ROOT / "tests" / "golden" / "docker-host.json"
Pretend = Callable[[str], Path]
VERDICTS = ("pass", "fail", "not-measured", "inconclusive", "invalid")
REPORTS = f'cp {GOLDEN} "$report.json"; echo "# page" >"$report.md"; echo >"$report.html"; echo "$report.html"\n'


@pytest.mark.slow
@pytest.mark.netns
def test_a_real_run_gives_outputs_artifacts_and_a_summary(runner: Runner) -> None:
    job = runner.use(scenario="docker-host", pairs="4", duration="3s", subjects="poll\nnetlink", fail_on="never")
    assert job.status == 0, job.reported_outcome
    assert job.outputs["status"] in {"0", "3"}, job.reported_outcome
    assert int(job.outputs["churn-before"]) > 10 * int(job.outputs["churn-after"])
    assert Path(job.outputs["report"]).read_text().startswith("<!doctype html")
    assert "netchurn · docker-host" in job.summary
    assert len(job.summary.encode()) < MIB
    evidence, comment = job.uploads
    kept = {path.name for path in Path(evidence["path"]).rglob("*")}
    assert {"result.json", "SHA256SUMS", "report.html", "report.md", "captures", "samples"} <= kept
    assert any(name.endswith(".png") for name in kept)
    assert json.loads(Path(comment["path"]).read_text())["schema"] == "netchurn.analysis/1"
    assert comment["name"] == "netchurn-comment"


def test_what_the_action_was_told_is_no_part_of_the_environment_of_builds(runner: Runner, pretend: Pretend) -> None:
    pretend(f'{REPORTS}exit "$(env | grep -cE "^(BUILD|RUN|BASE|HEAD|EXEC|PAIRS|SCENARIO)=")"\n')
    job = runner.use(base="main", head="topic", build="make {out}", run="{out}", pairs="4", fail_on="fail")
    assert (job.status, job.outputs["status"]) == (0, "0"), job.reported_outcome


@pytest.mark.parametrize("status", range(5))
@pytest.mark.parametrize("fail_on", ["", "fail not-measured invalid", "inconclusive,fail", "never"])
def test_each_status_fails_the_step_where_that_was_asked_for(
    runner: Runner, pretend: Pretend, status: int, fail_on: str
) -> None:
    pretend(f"{REPORTS}exit {status}")
    job = runner.use(fail_on=fail_on)
    asked = VERDICTS[status] in fail_on.replace(",", " ").split()
    assert job.status == (status if asked else 0), job.reported_outcome
    assert (job.outputs["status"], job.outputs["verdict"]) == (str(status), VERDICTS[status])
    assert len(job.uploads) == 2


def test_a_run_that_made_no_report_tells_why_in_the_summary(runner: Runner, pretend: Pretend) -> None:
    pretend("echo 'netchurn: no private namespace' >&2; echo '  try: sudo' >&2; exit 2")
    job = runner.use()
    assert job.status == 2
    assert "    netchurn: no private namespace\n      try: sudo" in job.summary
    assert job.outputs["report"] == job.outputs["churn-before"] == ""
    assert len(job.uploads) == 1


@pytest.mark.parametrize("status", [130, 137])
def test_any_other_end_is_not_measured(runner: Runner, pretend: Pretend, status: int) -> None:
    pretend(f"exit {status}")
    assert runner.use().status == 2


def test_inputs_become_one_word_each(runner: Runner, pretend: Pretend) -> None:
    record = pretend(REPORTS)
    runner.use(
        scenario="x", pairs="8", duration="5s", trials="2", subjects="poll  *\n netlink", exec="a=b 'c d'\n\ne=f"
    )
    words = record.read_text().rstrip("\0").split("\0")
    assert words[4:] == [
        *("--pairs=8", "--duration=5s", "--trials=2", "--subject=poll", "--subject=*", "--subject=netlink"),
        *("--exec=a=b 'c d'", "--exec=e=f", "--", "x"),
    ]


def test_programs_claims_and_commits_become_one_word_each(runner: Runner, pretend: Pretend) -> None:
    record = pretend(REPORTS)
    runner.use(
        scenario="x",
        before="old=./a {ifname}",
        after="new=./b\nrival=./c",
        record="old=memray\nnew=heaptrack",
        claims="new.growth flat\n\n",
    )
    words = record.read_text().rstrip("\0").split("\0")
    assert words[4:] == [
        *("--before=old=./a {ifname}", "--after=new=./b", "--after=rival=./c"),
        *("--record=old=memray", "--record=new=heaptrack", "--claim=new.growth flat", "--", "x"),
    ]

    record.unlink()
    runner.use(scenario="x", base="HEAD~1", build="make {out}", run="{out} wt0", record="head=heaptrack")
    words = record.read_text().rstrip("\0").split("\0")
    assert words[:6] == ["ab", "--base=HEAD~1", "--head=HEAD", "--build=make {out}", "--run={out} wt0", "--scenario=x"]
    assert words[-1] == "--record=head=heaptrack"
    assert "--" not in words


def commit(path: Path, *texts: str) -> None:
    """Make a repository around a file, with a commit for each of its texts."""
    git: list[str | Path] = ["git", "-C", path.parent, "-c", "user.name=n", "-c", "user.email=e"]
    subprocess.run([*git, "init", "-q"], check=True)
    for text in texts:
        path.write_text(text)
        subprocess.run([*git, "add", path.name], check=True)
        subprocess.run([*git, "commit", "-qm", "a commit"], check=True)


DAEMON = ROOT / "docs" / "examples" / "daemons" / "poller.c"


@pytest.mark.slow
@pytest.mark.netns
@pytest.mark.skipif(shutil.which("cc") is None, reason="no cc")
def test_before_and_after_are_measured_and_the_pair_stands_first(runner: Runner) -> None:
    for name, flags in (("leaking", []), ("fixed", ["-DFIXED"])):
        subprocess.run(["cc", *flags, "-o", runner.temp / name, DAEMON], check=True)
    job = runner.use(
        pairs="2",
        duration="3s",
        before=f"old={runner.temp}/leaking {{ifname}}",
        after=f"new={runner.temp}/fixed {{ifname}}",
    )

    assert (job.status, job.outputs["status"], job.outputs["pair"]) == (0, "3", "not_decided"), job.reported_outcome
    assert "not decided" in job.summary.splitlines()[2]
    analysis = json.loads(Path(job.uploads[1]["path"]).read_text())
    assert [one["verdict"] for one in analysis["pairs"]] == ["not_decided"]


@pytest.mark.slow
@pytest.mark.netns
@pytest.mark.skipif(shutil.which("cc") is None or shutil.which("git") is None, reason="no cc, or no git")
def test_two_commits_are_built_and_measured(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(runner.temp / "cache"))
    commit(runner.temp / "poller.c", DAEMON.read_text(), DAEMON.read_text().replace("#ifdef FIXED", "#ifndef LEAKING"))
    job = runner.use(
        pairs="2",
        duration="3s",
        base="HEAD~1",
        build="cc -o {out} poller.c",
        run="{out} {ifname}",
        claims="head.rss_peak_bytes <= 60MiB",
    )

    assert (job.status, job.outputs["pair"]) == (0, "not_decided"), job.reported_outcome
    analysis = json.loads(Path(job.uploads[1]["path"]).read_text())
    programs = [one["program"] for one in analysis["subjects"] if one["program"]]
    assert len({one["commit"] for one in programs}) == 2
    assert [one["verdict"] for one in analysis["claims"]] == ["reproduced"]


@pytest.mark.netns
@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
def test_a_commit_that_was_built_is_recorded(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(runner.temp / "cache"))
    text = DAEMON.with_suffix(".py").read_text()
    commit(runner.temp / "poller.py", text, f"{text}\n")
    job = runner.use(
        pairs="2",
        duration="5s",
        base="HEAD~1",
        build="cp poller.py {out}",
        run=f"{sys.executable} {{out}} {{ifname}}",
        record="head=memray",
    )

    analysis = json.loads(Path(job.uploads[1]["path"]).read_text())
    recorders = {one["name"]: [each["recorder"] for each in one["retention"]] for one in analysis["subjects"]}
    assert (recorders["base"], recorders["head"]) == ([], ["memray"]), job.reported_outcome


PLANTED = (
    "$(touch planted)",
    "`touch planted`",
    "; touch planted",
    "' ; touch planted ; '",
    '" && touch planted "',
    "--results=/nosuch",
    "a\nstatus=0",
)


INPUTS = ("scenario", "pairs", "duration", "trials", "subjects", "exec", "sudo", "fail_on")
PROGRAMS = ("before", "after", "base", "head", "build", "run", "claims")


@pytest.mark.slow
@pytest.mark.parametrize("words", PLANTED)
@pytest.mark.parametrize("names", [INPUTS[:1], INPUTS[:6], INPUTS[6:], PROGRAMS])
def test_planted_inputs_are_words_and_nothing_else(runner: Runner, names: tuple[str, ...], words: str) -> None:
    job = runner.use(**dict.fromkeys(names, words))
    assert job.outputs["status"] == "2"
    assert not list(runner.temp.rglob("planted"))
    assert not Path("/nosuch").exists()


def test_what_a_program_prints_is_no_command_to_the_runner(runner: Runner, pretend: Pretend) -> None:
    pretend(f"echo '::set-output name=x::y' >&2; {REPORTS}")
    said = runner.use().reported_outcome
    before, _, after = said.partition("::set-output")
    token = before.strip().rpartition("::stop-commands::")[2]
    assert len(token) == 32
    assert f"\n::{token}::\n" in after


def test_a_report_of_an_odd_name_writes_no_second_output(runner: Runner, pretend: Pretend) -> None:
    pretend(r"""printf 'x\nverdict=pass\n'; exit 1""")
    assert runner.use(fail_on="never").outputs["verdict"] == "fail"


@pytest.fixture
def programs(tmp_path: Path, runner: Runner) -> Callable[..., Path]:
    """Put programs of a few lines first on the runner's PATH; each notes its arguments in a common log."""
    folder = tmp_path / "programs"
    folder.mkdir()
    runner.path = f"{folder}{os.pathsep}{runner.path}"

    def put(**words: str) -> Path:
        for name, text in words.items():
            (folder / name).write_text(f'#!/bin/bash\necho {name} "$*" >>{tmp_path}/log\n{text}\n')
            (folder / name).chmod(0o755)
        return tmp_path / "log"

    return put


def test_sudo_is_used_where_it_was_asked_for_and_keeps_the_path(
    runner: Runner, pretend: Pretend, programs: Callable[..., Path]
) -> None:
    pretend(REPORTS)
    log = programs(sudo='shift; "$@"')
    assert runner.use(sudo="never").status == 0
    assert not log.exists()
    assert runner.use(sudo="always").outputs["verdict"] == "pass"
    assert f"sudo -n env PATH={runner.path} " in log.read_text()


def test_where_sudo_is_refused_nothing_was_measured(
    runner: Runner, pretend: Pretend, programs: Callable[..., Path]
) -> None:
    pretend(REPORTS)
    programs(sudo="echo sudo: a password is required >&2; exit 1")
    job = runner.use(sudo="always")
    assert (job.status, job.outputs["verdict"]) == (2, "not-measured")
    assert "sudo is refused here" in job.summary


# --- the installation -------------------------------------------------------------------------------------------------

PYTHON = """if [[ $1 == -m ]]; then mkdir -p "$3/bin"; ln -sf "$(command -v pip)" "$3/bin/pip"
ln -sf "$(command -v netchurn)" "$3/bin/netchurn"; else exit $(($(cat "$RUNNER_TEMP/python" 2>/dev/null) + 0)); fi"""


def install(runner: Runner, package: str = "") -> subprocess.CompletedProcess[str]:
    """Carry out the first step by itself."""
    shutil.rmtree(runner.temp / "netchurn-venv")
    return subprocess.run(
        ["bash", str(ROOT / ".github" / "action" / "install.sh")],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": runner.path, "PACKAGE": package, "RUNNER_TEMP": str(runner.temp), "GITHUB_ACTION_PATH": "/here"},
    )


@pytest.mark.parametrize(("package", "installed"), [("", "/here"), ("netchurn==1.2; x", "netchurn==1.2; x")])
def test_what_was_asked_for_is_installed(
    runner: Runner, programs: Callable[..., Path], package: str, installed: str
) -> None:
    log = programs(python3=PYTHON, pip="", netchurn="")
    assert install(runner, package).returncode == 0
    assert f"pip install --quiet --disable-pip-version-check -- {installed}\nnetchurn --version\n" in log.read_text()


def test_an_option_is_no_package(runner: Runner, programs: Callable[..., Path]) -> None:
    log = programs(python3=PYTHON, pip="", netchurn="")
    done = install(runner, "--index-url=http://evil.example")
    assert (done.returncode, "may not begin with a dash" in done.stdout) == (2, True)
    assert "\npip" not in log.read_text()


def test_an_old_python_is_told_with_the_remedy(runner: Runner, programs: Callable[..., Path]) -> None:
    (runner.temp / "python").write_text("1")
    programs(**{"python3": PYTHON, "apt-get": "", "sudo": 'shift; "$@"'})
    done = install(runner)
    assert (done.returncode, "put actions/setup-python before" in done.stdout) == (2, True)


# --- the summary ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def summary() -> ModuleType:
    return load(ROOT / ".github" / "action" / "summary.py")


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("line", ["| ü | `x` |", "```text\\nü\\n```", "<details>\\n\\nü", "ü" * 1000])
def test_a_summary_over_the_limit_is_cut_where_nothing_stays_open(runner: Runner, pretend: Pretend, line: str) -> None:
    pretend(f"""{REPORTS}yes $'{line}' | head -c 3000000 >>"$report.md" """)
    job = runner.use()
    assert MIB // 4 < len(job.summary.encode()) < MIB or "details" in line
    assert job.summary.endswith("*The rest did not fit here: it is in the artifact.*\n")
    assert job.summary.count("```") % 2 == 0


def test_a_page_that_fits_is_left_alone(summary: ModuleType) -> None:
    assert summary.fit("ü" * 50, 100) == "ü" * 50


@pytest.mark.parametrize("limit", range(120, 400, 7))
def test_a_cut_page_never_exceeds_its_limit(summary: ModuleType, limit: int) -> None:
    page = "# ü\n\n```text\nbars\nbars\n```\n\n| a |\n| - |\n| ü |\n\n<details>\n\nmore\n\n</details>\n" * 9
    cut = summary.fit(page, limit)
    assert len(cut.encode()) <= limit
    assert cut.count("```") % 2 == 0
    assert cut.count("<details>") == cut.count("</details>")


@pytest.mark.parametrize("churn", [None, {}, {"bytes_per_day": None}, {"bytes_per_day": float("nan")}])
def test_churn_that_was_not_measured_is_empty(summary: ModuleType, churn: object) -> None:
    assert summary.numbers({"subjects": [{"role": "before", "churn": churn}]})["churn-before"] == ""


def test_every_program_that_a_workflow_runs_is_a_file_here() -> None:
    for workflow in (ROOT / ".github" / "workflows").glob("*.yml"):
        for job in yaml.safe_load(workflow.read_text())["jobs"].values():
            for step in job["steps"]:
                named = re.findall(r"\.(?:ci|github)/[\w./-]+", step.get("run", ""))
                assert len(named) == ("run" in step)
                assert all((ROOT / name).is_file() for name in named)


def test_no_expression_stands_in_shell() -> None:
    for path in [*(ROOT / ".github").rglob("*.yml"), ROOT / "action.yml"]:
        for line in path.read_text().splitlines():
            assert not ("run: " in line and "${{" in line), line


MEASURED = (
    REPORTS
    + """
if [[ $1 == attest ]]; then
    mkdir -p "$4" && touch "$4/predicate.json" "$4/subjects.sha256"
    exit $REFUSED
fi
results=${reports%/reports}/results/s/r
mkdir -p "$results" && touch "$results/result.json"
"""
)


def test_a_statement_is_signed_and_kept_where_that_was_asked_for(runner: Runner, pretend: Pretend) -> None:
    pretend(MEASURED.replace("$REFUSED", "0"))
    job = runner.use(attest="true", fail_on="never")
    (signed,) = job.signed
    kept = Path(job.uploads[0]["path"]) / "attestation"

    assert job.status == 0, job.reported_outcome
    assert Path(signed["predicate-path"]) == kept / "predicate.json"
    assert Path(signed["subject-checksums"]) == kept / "subjects.sha256"
    assert signed["predicate-type"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert (kept / "attestation.json").read_text() == "signed"


@pytest.mark.parametrize(("attest", "refused", "told"), [("", "0", False), ("true", "2", True)])
def test_nothing_is_signed_unasked_or_where_the_result_does_not_verify(
    runner: Runner, pretend: Pretend, attest: str, refused: str, *, told: bool
) -> None:
    pretend(MEASURED.replace("$REFUSED", refused))
    job = runner.use(attest=attest, fail_on="never")

    assert (job.status, job.signed) == (0, [])
    assert ("::warning title=netchurn::" in job.reported_outcome) == told


def examples(document: str) -> list[Any]:
    """Read what a document offers to copy."""
    blocks = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / document).read_text(), flags=re.DOTALL | re.MULTILINE)
    return [yaml.safe_load(block) for block in blocks]


def test_the_step_in_the_readme_is_that_of_the_workflow_to_copy() -> None:
    measure, *_ = examples("docs/ci.md")
    assert examples("README.md") == [measure["jobs"]["evidence"]["steps"]]


def test_the_workflows_to_copy_use_what_is_there() -> None:
    measure, (*_, built), comment, signed = examples("docs/ci.md")
    (step,) = measure["jobs"]["evidence"]["steps"]
    assert step["uses"] == "OWNER/netchurn@COMMIT"
    assert set(step["with"]) <= set(yaml.safe_load((ROOT / "action.yml").read_text())["inputs"])
    assert set(built["with"]) <= set(yaml.safe_load((ROOT / "action.yml").read_text())["inputs"])
    (step,) = signed["jobs"]["signed"]["steps"]
    assert set(step["with"]) <= set(yaml.safe_load((ROOT / "action.yml").read_text())["inputs"])
    (step,) = comment["jobs"]["comment"]["steps"]
    folder = step["uses"].removeprefix("OWNER/netchurn/").partition("@")[0]
    assert (ROOT / folder / "action.yml").is_file()
    assert [measure["name"]] == comment[True]["workflow_run"]["workflows"]  # YAML reads the key `on` as true
