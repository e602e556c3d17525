"""A result as an in-toto statement; the signed statement held against results, with an authority of the tests' own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.evidence import signed

GOLDEN = Path(__file__).parents[2] / "golden" / "lifecycle"
LIFECYCLE = "20260504T101500Z-example-3e6a6364"
NETCHURN = (sys.executable, "-P", "-m", "harness")
GITHUB = {
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "example/daemon",
    "GITHUB_RUN_ID": "42",
    "GITHUB_WORKFLOW_REF": "example/daemon/.github/workflows/evidence.yml@refs/heads/main",
    "GITHUB_SHA": "c0ffee" + "0" * 34,
}
Reseal = Callable[[Path], None]


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    return subprocess.run(
        [*NETCHURN, *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**outside, **environment},
    )


def statement(result: Path, **environment: str) -> dict[str, Any]:
    done = run("attest", result, **environment)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def edit(folder: Path) -> None:
    """Change one number that nothing in the result contradicts."""
    path = folder / "result.json"
    text = path.read_text()
    memory = json.loads(text)["environment"]["memory_bytes"]
    path.write_text(text.replace(f'"memory_bytes": {memory}', f'"memory_bytes": {memory + 4096}'))


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give the statement of the result, as a workflow has it made."""
    folder = tmp_path_factory.mktemp("attested") / LIFECYCLE
    shutil.copytree(GOLDEN, folder)
    return statement(folder, **GITHUB)


@pytest.fixture
def verified(result: Path, authorities: Any, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Give a function that verifies a result with a bundle; the status of the process is ``exit``."""
    root = tmp_path / "trusted_root.json"
    root.write_bytes(authorities[0].trusted_root())
    bundle = tmp_path / "attestation.json"

    def verify(content: bytes, *arguments: str) -> dict[str, Any]:
        bundle.write_bytes(content)
        options = ("--attestation", bundle, "--trusted-root", root, "--json", *arguments)
        done = run("verify", result, *options, HOME=str(tmp_path))
        assert done.stdout, done.stderr
        return {**json.loads(done.stdout), "exit": done.returncode}

    return verify


@pytest.fixture
def held(made: dict[str, Any], authorities: Any, tmp_path: Path) -> Callable[..., signed.Signed]:
    """Give a function that holds a bundle against the result, in this process."""
    root, path = tmp_path / "trusted_root.json", tmp_path / "attestation.json"
    root.write_bytes(authorities[0].trusted_root())
    evidence = made["predicate"]["configuration"][0]["annotations"]["evidence"]

    def hold(content: bytes, repository: str | None = None, sums: str = "", *, thinned: bool = False) -> signed.Signed:
        path.write_bytes(content)
        sealed = sums or made["subject"][1]["digest"]["sha256"]
        result = signed.Held(evidence=evidence, sums=sealed, thinned=thinned)
        return signed.check(path, result, signed.Trust(root=root, repository=repository))

    return hold


def levels(found: dict[str, Any]) -> list[str]:
    return [one["level"] for one in found["levels"]]


@pytest.mark.slow
def test_a_statement_names_result_plan_workflow_and_what_passed(result: Path, made: dict[str, Any]) -> None:
    found = made
    line = run("verify", result).stdout.splitlines()[-1]
    predicate = found["predicate"]
    configuration = {one["name"]: one for one in predicate["configuration"]}

    assert found["_type"] == "https://in-toto.io/Statement/v1"
    assert found["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert f"sha256:{found['subject'][0]['digest']['sha256']}" in line
    assert predicate["result"] == "PASSED"
    assert predicate["url"] == "https://github.com/example/daemon/actions/runs/42"
    assert configuration["plan"]["annotations"]["evidence"] == line
    assert configuration["plan"]["digest"]["sha256"].startswith(configuration["plan"]["annotations"]["plan"])
    assert configuration["workflow"]["digest"]["gitCommit"] == GITHUB["GITHUB_SHA"]
    assert {one for one in predicate if one.endswith("Tests")} == {"passedTests", "warnedTests", "failedTests"}
    assert "claims/netlink-missed" in predicate["passedTests"]


@pytest.mark.slow
def test_outside_of_a_workflow_none_is_named(result: Path) -> None:
    predicate = statement(result)["predicate"]

    assert "url" not in predicate
    assert "workflow" not in {one["name"] for one in predicate["configuration"]}


@pytest.mark.slow
def test_the_files_for_the_action_agree_with_the_statement(result: Path, tmp_path: Path) -> None:
    assert run("attest", result, "--output", tmp_path / "signed").returncode == 0
    made = json.loads((tmp_path / "signed" / "statement.json").read_bytes())
    lines = (tmp_path / "signed" / "subjects.sha256").read_text().splitlines()

    assert json.loads((tmp_path / "signed" / "predicate.json").read_bytes()) == made["predicate"]
    assert [line.split("  ") for line in lines] == [[one["digest"]["sha256"], one["name"]] for one in made["subject"]]


@pytest.mark.slow
def test_a_result_that_contradicts_itself_is_not_attested(result: Path) -> None:
    edit(result)

    assert run("attest", result).returncode == 2


def test_a_signed_statement_of_this_result_names_workflow_and_commit(
    verified: Callable[..., dict[str, Any]], made: dict[str, Any], authorities: Any
) -> None:
    found = verified(authorities[0].bundle(json.dumps(made).encode()))

    assert (found["exit"], levels(found)) == (0, ["consistent", "signed"])
    assert found["levels"][1]["by"] == f"https://github.com/{GITHUB['GITHUB_WORKFLOW_REF']} at {GITHUB['GITHUB_SHA']}"


def test_a_number_edited_and_sealed_anew_is_found_by_the_statement_alone(
    verified: Callable[..., dict[str, Any]], result: Path, made: dict[str, Any], authorities: Any, reseal: Reseal
) -> None:
    edit(result)
    reseal(result)
    alone = json.loads(run("verify", result, "--json").stdout)
    found = verified(authorities[0].bundle(json.dumps(made).encode()))
    (words,) = (one["text"] for one in found["deviations"] if one["id"] == "attestation_differs")

    assert (alone["status"], levels(alone)) == ("verified", ["consistent"])
    assert (found["exit"], levels(found)) == (1, [])
    assert found["evidence"].split()[1] == "unverified"
    assert f"sha256:{made['subject'][0]['digest']['sha256']}" in words
    assert alone["evidence"].split()[4] in words


def test_a_file_beyond_facts_and_samples_is_covered_too(
    held: Callable[..., signed.Signed], made: dict[str, Any], authorities: Any
) -> None:
    (one,) = held(authorities[0].bundle(json.dumps(made).encode()), sums="ef" * 32).deviations

    assert "sha256:" + "ef" * 32 in one.text


def test_a_thinned_copy_is_signed_and_said_to_be_covered_in_part(
    held: Callable[..., signed.Signed], made: dict[str, Any], authorities: Any
) -> None:
    bundle = authorities[0].bundle(json.dumps(made).encode())
    thinned, whole = held(bundle, sums="ef" * 32, thinned=True), held(bundle, thinned=True)

    assert (thinned.deviations, thinned.whole) == ((), False)
    assert (whole.deviations, whole.whole) == ((), True)


def test_a_statement_of_another_result_is_refused(
    held: Callable[..., signed.Signed], made: dict[str, Any], authorities: Any
) -> None:
    other = {**made, "subject": [{"name": "another", "digest": {"sha256": "ab" * 32}}]}
    (one,) = held(authorities[0].bundle(json.dumps(other).encode())).deviations

    assert "sha256:" + "ab" * 32 in one.text


@pytest.mark.parametrize("payload", [b"{}", b'{"predicateType": 3}', b"no JSON", b'{"_type": "x", "subject": []}'])
def test_a_signed_document_that_is_no_statement_is_refused(
    payload: bytes, held: Callable[..., signed.Signed], authorities: Any
) -> None:
    assert [one.id for one in held(authorities[0].bundle(payload)).deviations] == ["attestation_refused"]


def test_a_statement_of_another_kind_is_refused(
    held: Callable[..., signed.Signed], made: dict[str, Any], authorities: Any
) -> None:
    other = {**made, "predicateType": "https://slsa.dev/provenance/v1"}

    assert held(authorities[0].bundle(json.dumps(other).encode())).deviations


def test_a_statement_that_names_another_commit_than_its_signer_is_refused(
    held: Callable[..., signed.Signed], made: dict[str, Any], authorities: Any
) -> None:
    payload = json.dumps(made).replace(GITHUB["GITHUB_SHA"], "d" * 40).encode()
    (one,) = held(authorities[0].bundle(payload)).deviations

    assert "d" * 40 in one.text


@pytest.mark.parametrize(
    "which", ["expired", "not yet valid", "foreign authority", "another repository", "torn", "altered", "nothing"]
)
def test_a_signature_that_does_not_hold_is_refused(
    which: str, held: Callable[..., signed.Signed], made: dict[str, Any], authorities: Any
) -> None:
    conftest = sys.modules[type(authorities[0]).__module__]
    ours, foreign = authorities
    payload = json.dumps(made).encode()
    good = ours.bundle(payload)
    other = conftest.b64(payload.replace(b"PASSED", b"FAILED"))
    bundles: dict[str, Callable[[], bytes]] = {
        "expired": lambda: ours.bundle(payload, ends=conftest.NOW - conftest.HOUR),
        "not yet valid": lambda: ours.bundle(payload, ends=conftest.NOW + 2 * conftest.HOUR),
        "foreign authority": lambda: foreign.bundle(payload),
        "another repository": lambda: ours.bundle(payload, repository="https://github.com/somebody/else"),
        "torn": lambda: good[: len(good) // 2],
        "altered": lambda: good.replace(conftest.b64(payload).encode(), other.encode()),
        "nothing": lambda: b"",
    }

    assert not held(good, conftest.REPOSITORY).deviations
    found = held(bundles[which](), conftest.REPOSITORY)
    assert found.deviations
    assert not found.signer
