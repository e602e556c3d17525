"""Processes that are started by a module's name are in one table, and go by the layers that imports go by."""

import ast
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from harness import workers
from harness.workers import WORKERS, Worker

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "pyproject.toml"
# The report itself reads no probe: a process folds captures for it.
BY_A_PROCESS_ONLY = {("harness.report.readers", "harness.probes.recordings.fold_stacks")}
NOT_STARTED = {"harness.report", "harness.cli."}  # where templates lie; verbs, which are loaded when they are typed

pytestmark = pytest.mark.skipif(not PROJECT.is_file(), reason="no checkout")


def contracts(kind: str) -> list[dict[str, list[str]]]:
    found = tomllib.loads(PROJECT.read_text())["tool"]["importlinter"]["contracts"]
    return [one for one in found if one["type"] == kind]


def rank(module: str) -> int:
    """Return the layer of a module, 0 for the highest."""
    layers = [{name.strip() for name in layer.split("|")} for layer in contracts("layers")[0]["layers"]]
    return next(number for number, layer in enumerate(layers) if module.split(".")[1] in layer)


def below(module: str, packages: list[str]) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in packages)


def strings(path: Path) -> list[str]:
    return [
        node.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


@pytest.mark.parametrize("worker", WORKERS, ids=lambda one: one.module)
def test_a_worker_is_a_module_that_runs_and_its_starters_name_it(worker: Worker) -> None:
    spec = find_spec(worker.module)
    assert spec is not None
    assert spec.origin is not None
    assert 'if __name__ == "__main__":' in Path(spec.origin).read_text()
    name = next(name for name, value in vars(workers).items() if value is worker)
    named = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "harness").rglob("*.py")
        if f"workers.{name}" in path.read_text()
    }
    assert named == set(worker.starters)


@pytest.mark.parametrize("worker", WORKERS, ids=lambda one: one.module)
def test_a_worker_lies_where_an_import_of_it_would_point_down(worker: Worker) -> None:
    for starter in worker.starters:
        assert rank(starter) <= rank(worker.module)
        for contract in contracts("forbidden"):
            if below(starter, contract["source_modules"]) and (starter, worker.module) not in BY_A_PROCESS_ONLY:
                assert not below(worker.module, contract["forbidden_modules"])


@pytest.mark.slow
def test_nothing_else_is_started_by_the_name_of_a_module() -> None:
    found = {
        (path.name, text)
        for path in (ROOT / "harness").rglob("*.py")
        if path.name != "workers.py"
        for text in strings(path)
        if text.startswith("harness.") and "\n" not in text and text not in NOT_STARTED
    }
    assert found == set()
