"""A runner as small as one can be: it carries out the steps of a composite action as GitHub's runner does.

Expressions that these actions do not use are refused, so that a new one is noticed here.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
EXPRESSION = re.compile(r"\$\{\{ *([a-z0-9_.-]+) *\}\}")
CONDITION = re.compile(r"always\(\) && (steps\.[a-z]+\.outputs\.[a-z-]+) != ''")
INSTALL = "Install netchurn"


@dataclass
class Job:
    """What one use of an action left behind."""

    status: int = 0
    reported_outcome: str = ""
    summary: str = ""
    steps: dict[str, dict[str, str]] = field(default_factory=dict)
    uploads: list[dict[str, str]] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    signed: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Runner:
    """The folders and files that a runner gives a job. The installation is the one that is tested."""

    temp: Path
    path: str = field(default_factory=lambda: os.environ["PATH"])

    def use(self, **inputs: str) -> Job:
        """Use the action of this repository with inputs; dashes are underscores here."""
        action = yaml.safe_load((ROOT / "action.yml").read_text())
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert set(given) <= set(action["inputs"])
        known = {f"inputs.{name}": given.get(name, about["default"]) for name, about in action["inputs"].items()}
        job = Job()
        for step in action["runs"]["steps"]:
            if step["name"] != INSTALL and self._is_due(step, job, known):
                self._carry_out(step, job, known)
        job.outputs = {name: resolve(about["value"], known) for name, about in action["outputs"].items()}
        return job

    def _is_due(self, step: dict[str, Any], job: Job, known: dict[str, str]) -> bool:
        if "if" not in step:
            return job.status == 0
        condition = CONDITION.fullmatch(step["if"])
        assert condition, step["if"]
        return bool(known.get(condition[1]))

    def _carry_out(self, step: dict[str, Any], job: Job, known: dict[str, str]) -> None:
        if "uses" in step:
            given = {name: resolve(str(value), known) for name, value in step["with"].items()}
            if step["uses"].startswith("actions/attest@"):
                job.signed.append(given)
                bundle = self.temp / "bundle.json"
                bundle.write_text("signed")
                known[f"steps.{step['id']}.outputs.bundle-path"] = str(bundle)
            else:
                job.uploads.append(given)
            return
        assert "${{" not in step["run"]
        output, summary = self.temp / "output", self.temp / "summary"
        output.write_text("")
        summary.touch()
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.temp,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "RUNNER_"))},
                **{name: resolve(value, known) for name, value in step.get("env", {}).items()},
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(summary),
                "RUNNER_TEMP": str(self.temp),
                "PATH": self.path,
            },
        )
        job.status = job.status or done.returncode
        job.reported_outcome += done.stdout
        job.summary = summary.read_text()
        for line in output.read_text().splitlines():
            name, equals, value = line.partition("=")
            assert equals, line
            known[f"steps.{step['id']}.outputs.{name}"] = value


def resolve(text: str, known: dict[str, str]) -> str:
    """Put in the values of expressions; a step's output that was not set is empty, as on GitHub."""

    def value(found: re.Match[str]) -> str:
        assert found[1] in known or found[1].startswith("steps."), found[1]
        return known.get(found[1], "")

    resolved = EXPRESSION.sub(value, text)
    assert "${{" not in EXPRESSION.sub("", text), text
    return resolved


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Give a runner on which netchurn is installed: the one that these tests test."""
    program = tmp_path / "netchurn-venv" / "bin" / "netchurn"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m harness "$@"\n')
    program.chmod(0o755)
    return Runner(tmp_path)


@pytest.fixture
def pretend(runner: Runner) -> Callable[[str], Path]:
    """Put a program of a few lines of shell in netchurn's place; it finds its arguments in a file beside it."""

    def replace(words: str) -> Path:
        program = runner.temp / "netchurn-venv" / "bin" / "netchurn"
        record = program.with_name("arguments")
        program.write_text(
            f'#!/bin/bash\nprintf "%s\\0" "$@" >{record}\n'
            'for word in "$@"; do case $word in --reports=*) reports=${word#*=} ;; esac; done\n'
            'mkdir -p "$reports/s/r"\nreport=$reports/s/r/report\n' + words + "\n"
        )
        return record

    return replace
