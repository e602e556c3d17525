"""A result folder as an RO-Crate: its metadata file validates, and is no part of what is sealed."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.evidence import crate
from harness.verify.check import verify

pytest.importorskip("rocrate", reason="needs netchurn[crate]")


NETCHURN = (sys.executable, "-P", "-m", "harness")


def entities(raw: bytes) -> dict[str, dict[str, Any]]:
    return {one["@id"]: one for one in json.loads(raw)["@graph"]}


def test_it_lists_every_sealed_file_with_its_digest(result: Path) -> None:
    found = entities(crate.metadata(result))
    lines = (result / "SHA256SUMS").read_text().splitlines()

    assert {one["@id"] for one in found["./"]["hasPart"]} == {*(line[66:] for line in lines), "SHA256SUMS"}
    assert all(found[line[66:]]["sha256"] == line[:64] for line in lines)


def test_the_same_result_has_the_same_file(result: Path) -> None:
    before = crate.metadata(result)
    (result / "ro-crate-metadata.json").write_bytes(before)

    assert crate.metadata(result) == before


def test_a_result_with_it_verifies_as_before(result: Path) -> None:
    line = verify(result).evidence
    target = result / "ro-crate-metadata.json"
    argv = [*NETCHURN, "export", str(result), "--format", "ro-crate", "-o", str(target)]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    found = verify(result)

    assert done.returncode == 0, done.stderr
    assert found.deviations == ()
    assert found.evidence == line


def test_the_licence_is_what_was_asked_for(result: Path) -> None:
    licence = "https://creativecommons.org/publicdomain/zero/1.0/"

    assert entities(crate.metadata(result, licence))["./"]["license"] == {"@id": licence}


# The context is the one that the library brings: nobody is asked for it, and any other is refused.
VALIDATE = """
import importlib.resources, io, json, sys
import requests
from rocrate_validator import services
CONTEXT = importlib.resources.files("rocrate").joinpath("data", "ro-crate.jsonld").read_bytes()

def send(self, request, **settings):
    if request.url != json.loads(CONTEXT)["@id"]:
        raise requests.ConnectionError(request.url)
    answer = requests.Response()
    answer.status_code, answer.raw, answer.url, answer.request = 200, io.BytesIO(CONTEXT), request.url, request
    answer.headers["Content-Type"] = "application/ld+json"
    return answer

requests.adapters.HTTPAdapter.send = send
asked = {"rocrate_uri": sys.argv[1], "profile_identifier": "ro-crate-1.3", "no_cache": True}
found = services.validate(asked)
with open(sys.argv[2], "w") as stream:
    json.dump([found.passed(), [one.message for one in found.get_issues()]], stream)
"""


def validated(folder: Path, answer: Path) -> tuple[bool, list[str]]:
    """Ask the validator of RO-Crates, in a process of its own: what it imports warns of itself."""
    pytest.importorskip("rocrate_validator", reason="needs roc-validator")
    signal.alarm(600)  # it takes ten seconds on a quiet machine, and a minute on a busy one
    argv = [sys.executable, "-c", VALIDATE, str(folder), str(answer)]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    passed, issues = json.loads(answer.read_bytes())
    return passed, issues


@pytest.mark.parametrize("licence", [None, "https://creativecommons.org/publicdomain/zero/1.0/"])
def test_it_validates(licence: str | None, result: Path, tmp_path: Path) -> None:
    (result / "ro-crate-metadata.json").write_bytes(crate.metadata(result, licence))

    assert validated(result, tmp_path / "answer.json") == (True, [])


def test_the_validator_would_find_a_missing_file(result: Path, tmp_path: Path) -> None:
    (result / "ro-crate-metadata.json").write_bytes(crate.metadata(result))
    (result / "SHA256SUMS").unlink()

    assert not validated(result, tmp_path / "answer.json")[0]
