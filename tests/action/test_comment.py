"""The comment: which pull request it stands on, that it stands there once, and that an artifact says nothing in it."""

import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
import yaml

from harness import scenario
from harness.subjects import registry

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".github" / "comment"
GOLDEN = ROOT / "tests" / "golden" / "docker-host.json"
BOT, HEAD = "github-actions[bot]", "a" * 40

spec = importlib.util.spec_from_file_location("body", FOLDER / "body.py")
assert spec is not None
assert spec.loader is not None
body = importlib.util.module_from_spec(spec)
if FOLDER.is_dir():
    spec.loader.exec_module(body)

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the action is not here")


class GitHub(ThreadingHTTPServer):
    """As much of GitHub's API as a comment needs, and a memory of what was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pulls = [pull(7)]
        self.comments: list[dict[str, Any]] = []
        self.asked: list[tuple[str, str, str]] = []
        self.broken = False


class Handler(BaseHTTPRequestHandler):
    server: GitHub

    def _answer(self, given: object = None) -> None:
        body = json.dumps(given).encode()
        self.send_response(500 if self.server.broken else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> str:
        return str(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"])

    def do_GET(self) -> None:
        assert self.headers["Authorization"] == "Bearer secret"
        address = urlparse(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        self.server.asked.append(("GET", address.path, query.get("head", "")))
        if address.path.endswith("/pulls"):
            return self._answer(self.server.pulls)
        first = (int(query["page"]) - 1) * int(query["per_page"])
        return self._answer(self.server.comments[first : first + int(query["per_page"])])

    def do_POST(self) -> None:
        self.server.asked.append(("POST", self.path, body := self._body()))
        self.server.comments.append({"id": 1, "user": {"login": BOT}, "body": body})
        self._answer({})

    def do_PATCH(self) -> None:
        self.server.asked.append(("PATCH", self.path, self._body()))
        self._answer({})

    def log_message(self, *_: object) -> None:
        pass


def pull(number: int, sha: str = HEAD, head: str = "stranger/fork", base: str = "we/ours") -> dict[str, Any]:
    return {"number": number, "head": {"sha": sha, "repo": {"full_name": head}}, "base": {"repo": {"full_name": base}}}


def event(**changed: object) -> dict[str, object]:
    fork = {"full_name": "stranger/fork", "owner": {"login": "stranger"}}
    run = {"id": 99, "event": "pull_request", "head_sha": HEAD, "head_branch": "a&b=c", "head_repository": fork}
    return {"workflow_run": {**run, **changed}}


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


Comment = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def comment(tmp_path: Path, github: GitHub) -> Comment:
    """Run the step as the action does, on what lies in ``artifacts``."""
    (tmp_path / "artifacts").mkdir()

    def run(**changed: object) -> subprocess.CompletedProcess[str]:
        (tmp_path / "event.json").write_text(json.dumps(event(**changed)))
        return subprocess.run(
            [sys.executable, "-I", str(FOLDER / "post.py")],
            check=False,
            capture_output=True,
            text=True,
            env={
                "PATH": os.environ["PATH"],
                "FOLDER": str(tmp_path / "artifacts"),
                "TOKEN": "secret",
                "AUTHOR": BOT,
                "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
                "GITHUB_REPOSITORY": "we/ours",
                "GITHUB_API_URL": f"http://127.0.0.1:{github.server_port}",
                "GITHUB_SERVER_URL": "https://github.example",
            },
        )

    return run


Files = dict[str, str]
Download = Callable[[dict[str, Files]], None]


@pytest.fixture
def download(tmp_path: Path, comment: Comment) -> Download:
    """Unpack artifacts as the pinned actions/download-artifact (v8.0.1) does with a pattern and no merge-multiple.

    One artifact that matches is unpacked into ``path`` itself, several into a folder each.
    """
    del comment

    def unpack(artifacts: dict[str, Files]) -> None:
        for name, files in artifacts.items():
            room = tmp_path / "artifacts" / ("" if len(artifacts) == 1 else name)
            for file, text in files.items():
                (room / file).parent.mkdir(parents=True, exist_ok=True)
                (room / file).write_text(text)

    return unpack


@pytest.fixture
def artifact(download: Download, tmp_path: Path) -> Callable[..., Path]:
    """Unpack a single artifact, or with a name one of several; return its document."""

    def lay(text: str = "", name: str = "") -> Path:
        beside: dict[str, Files] = {"netchurn-beside": {}} if name else {}
        download({name: {"analysis.json": text or GOLDEN.read_text()}, **beside})
        return tmp_path / "artifacts" / name / "analysis.json"

    return lay


def posted(github: GitHub) -> list[tuple[str, str]]:
    return [(method, path) for method, path, _ in github.asked if method != "GET"]


def test_the_first_run_posts_and_the_second_updates(github: GitHub, comment: Comment, artifact: Any) -> None:
    artifact()
    assert comment().stdout == "commented on #7\n"
    assert comment().stdout == "updated the comment on #7\n"
    assert posted(github) == [
        ("POST", "/repos/we/ours/issues/7/comments"),
        ("PATCH", "/repos/we/ours/issues/comments/1"),
    ]
    assert github.asked[0] == ("GET", "/repos/we/ours/pulls", "stranger:a&b=c")


def test_it_is_a_table_of_what_was_measured(github: GitHub, comment: Comment, artifact: Any) -> None:
    churn = {"bytes_per_poll": 2_587_642.7, "bytes_per_event": None, "bytes_per_day": 111_786_163_200}
    poll = {"name": "poll", "role": "before", "churn": churn, "growth": {"verdict": "flat"}, "cause": "sockets"}
    netlink = {"name": "netlink", "role": "after", "churn": {"bytes_per_event": 108_432, "bytes_per_day": 0}}
    claim = {
        "id": "1.3-gb-a-day",
        "text": "it churns",
        "claimed": 1e9,
        "measured": 1.27e9,
        "unit": "bytes/day",
        "verdict": "reproduced",
    }
    much = {**claim, "measured": 2.14e12, "verdict": "exceeded"}
    claims = [claim, much]
    artifact(json.dumps({"scenario": "docker-host", "verdict": "pass", "subjects": [poll, netlink], "claims": claims}))
    comment()
    body = github.comments[0]["body"]
    assert body.startswith("<!-- netchurn comment -->\n")
    assert "**✅ pass** · `docker-host`\n" in body
    assert "| `poll` | before | 2.59 MB | – | 112 GB | flat; grows: sockets |\n" in body
    assert "| `netlink` | after | – | 108 kB | 0 B | – |\n" in body
    assert "| `1.3-gb-a-day` | 1 GB | 1.27 GB | reproduced |\n" in body
    assert "| `1.3-gb-a-day` | 1 GB | 2.14 TB | exceeded |\n" in body
    assert "https://github.example/we/ours/actions/runs/99" in body


def test_a_real_analysis_fills_its_tables(github: GitHub, comment: Comment, artifact: Any) -> None:
    artifact()
    comment()
    body = github.comments[0]["body"]
    found = json.loads(GOLDEN.read_text())
    for one in found["subjects"]:
        assert f"| `{one['name']}` | {one['role']} |" in body
    for one in found["claims"]:
        assert f"| `{one['id']}` | " in body


def run_artifact(scenario: str) -> Files:
    """Return what the action uploads beside the comment's artifact: the analysis, the report and the result."""
    text = json.dumps({"scenario": scenario})
    report, result = (f"{room}/{scenario}/20260101T000000Z-box-1" for room in ("reports", "results"))
    return {
        "analysis.json": text,
        "messages.txt": "",
        f"{report}/report.json": text,
        f"{report}/analysis.json": "{}",
        f"{result}/result.json": "{}",
    }


@pytest.mark.parametrize(
    "artifacts",
    [
        {"netchurn-comment": {"analysis.json": '{"scenario": "storm"}'}},
        {f"netchurn-{arch}-comment": {"analysis.json": '{"scenario": "storm"}'} for arch in ("amd64", "arm64")},
        {"netchurn": run_artifact("storm")},
        {"netchurn-amd64": run_artifact("storm"), "netchurn-arm64": run_artifact("storm")},
        {},
    ],
    ids=["one", "several", "one with a report", "several with a report", "none"],
)
def test_each_artifact_is_one_section_in_every_layout(
    github: GitHub, comment: Comment, download: Download, artifacts: dict[str, Files]
) -> None:
    download(artifacts)
    assert comment().returncode == 0
    bodies = [one["body"] for one in github.comments]
    assert [body.count("`storm`") for body in bodies] == ([len(artifacts)] if artifacts else [])


def test_the_layouts_are_those_of_the_pinned_download() -> None:
    steps = yaml.safe_load((FOLDER / "action.yml").read_text())["runs"]["steps"]
    [download] = [step for step in steps if "download-artifact" in step.get("uses", "")]
    assert download["uses"] == "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c"
    assert set(download["with"]) == {"pattern", "path", "github-token", "run-id"}  # no name, no merge-multiple


def test_the_known_names_are_those_that_are_shipped() -> None:
    shipped = [scenario.find(name) for name in scenario.names()]
    assert sorted(body.SCENARIO_NAMES) == sorted(one.name for one in shipped)
    assert sorted(body.SUBJECT_NAMES) == sorted(registry.SUBJECTS)
    assert sorted(body.CLAIM_IDS) == sorted({claim.id for one in shipped for claim in one.claims})


def test_a_comment_of_somebody_else_is_never_touched(github: GitHub, comment: Comment, artifact: Any) -> None:
    artifact()
    planted = {"id": 5, "user": {"login": "stranger"}, "body": "<!-- netchurn comment -->"}
    ghost = {"id": 6, "user": None, "body": "<!-- netchurn comment -->"}
    github.comments = [planted, ghost, *({"id": 8, "user": {"login": BOT}, "body": "other"} for _ in range(150))]
    comment()
    assert posted(github) == [("POST", "/repos/we/ours/issues/7/comments")]
    comment()
    assert posted(github)[1] == ("PATCH", "/repos/we/ours/issues/comments/1")


@pytest.mark.parametrize(
    "pulls",
    [[], [pull(7, sha="b" * 40)], [pull(7, head="other/fork")], [pull(7, base="we/theirs")]],
    ids=["none", "moved on", "of another fork", "into another repository"],
)
def test_no_other_pull_request_is_commented_on(
    github: GitHub, comment: Comment, artifact: Any, pulls: list[dict[str, Any]]
) -> None:
    artifact('{"pull_request": 7, "number": 7}')
    github.pulls = pulls
    assert comment().stdout.startswith("no comment: no open pull request")
    assert posted(github) == []


def test_a_push_is_not_commented_on(github: GitHub, comment: Comment, artifact: Any) -> None:
    artifact()
    assert comment(event="push").returncode == 0
    assert github.asked == []


def test_a_refusal_of_github_is_a_failure_in_one_line(github: GitHub, comment: Comment, artifact: Any) -> None:
    artifact()
    github.broken = True
    done = comment()
    assert (done.returncode, done.stdout.count("\n"), done.stderr) == (1, 1, "")


# --- what nobody vouches for ------------------------------------------------------------------------------------------

SENTENCE = "audited by the security team, merge at once, see example.org"
EVIL = (
    SENTENCE,
    SENTENCE.replace(" ", "-"),
    "</table><script>alert(1)</script>",
    "@maintainer #1 GH-1 https://evil.example www.evil.example",
    "`code` | another | cell |\n\n# heading\n\n![](https://evil.example/x.png)",
    "<!-- netchurn comment -->",
    "::set-output name=x::y\n::error::planted",
    "$(touch planted)",
    "\u202e\x00\x1b[31m",
    "x" * 50_000,
)


@pytest.mark.parametrize("words", EVIL)
def test_planted_words_say_nothing(github: GitHub, comment: Comment, artifact: Any, words: str) -> None:
    subject = {"name": words, "role": words, "churn": words, "growth": {"verdict": words}, "cause": words}
    claim = {
        "text": words,
        "unit": words,
        "claimed": words,
        "measured": True,
        "verdict": words,
        "source": words,
        "id": words,
    }
    artifact(
        json.dumps({"verdict": words, "scenario": words, "subjects": [subject], "claims": [claim], "run_id": words})
    )
    assert comment().returncode == 0
    body = github.comments[0]["body"]
    innocent: dict[str, object] = dict.fromkeys(("verdict", "scenario"), "")
    innocent |= {"subjects": [{}], "claims": [{}]}
    artifact(json.dumps(innocent))
    github.comments.clear()
    assert comment().returncode == 0
    assert github.comments[0]["body"] == body  # nothing of the words is in it
    assert body.count("<!--") == 1
    assert all(row.count("|") in {5, 7} for row in body.splitlines() if row.startswith("|"))
    assert len(body) < 5000


def test_a_claim_that_nobody_shipped_is_a_number(github: GitHub, comment: Comment, artifact: Any) -> None:
    given = [{"id": "1.3-gb-a-day", "text": SENTENCE}, {"id": "merge-at-once"}, {"text": SENTENCE}]
    artifact(json.dumps({"claims": given}))
    comment()
    body = github.comments[0]["body"]
    assert [body.count(words) for words in ("`1.3-gb-a-day`", "scenario: 2.", "merge")] == [1, 1, 0]


@pytest.mark.parametrize(
    "text",
    [
        *("null", "[]", "1", '"x"', "{", "\x00", "[" * 100_000, '{"subjects": 1, "claims": {}}'),
        '{"subjects": [null, [], {"churn": {"bytes_per_day": NaN, "bytes_per_poll": 1e999, "bytes_per_event": -1}}]}',
        '{"subjects": [{"churn": {"bytes_per_day": 1' + "0" * 400 + "}}]}",
        '{"claims": [{"claimed": 1' + "0" * 5000 + "}]}",
    ],
)
def test_a_document_of_any_form_ends_in_no_traceback(comment: Comment, artifact: Any, text: str) -> None:
    artifact(text)
    done = comment()
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_too_large_or_no_file_is_left_out(
    github: GitHub, comment: Comment, artifact: Any, tmp_path: Path
) -> None:
    artifact(" " * 1_048_577, name="large")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "analysis.json").write_text('{"verdict": "pass"}')
    (tmp_path / "artifacts" / "linked").symlink_to(tmp_path / "elsewhere")
    secret = tmp_path / "secret.json"
    secret.write_text('{"verdict": "pass"}')
    artifact(name="link").unlink()
    (tmp_path / "artifacts" / "link" / "analysis.json").symlink_to(secret)
    (tmp_path / "artifacts" / "folder" / "analysis.json").mkdir(parents=True)
    done = comment()
    assert done.stdout.count("left out") == 3
    assert "no comment" in done.stdout
    assert github.asked == []


def test_more_than_a_comment_holds_is_not_posted(github: GitHub, comment: Comment, artifact: Any) -> None:
    one = {"name": "y" * 40, "role": "alternative", "churn": {f"bytes_per_{unit}": 1 for unit in ("poll", "day")}}
    claims = [{"text": "z" * 400, "verdict": "not_reproduced"}] * 900
    for number in range(40):
        artifact(json.dumps({"verdict": "fail", "subjects": [one] * 900, "claims": claims}), name=f"{number:02}")
    assert comment().returncode == 0
    assert len(github.comments[0]["body"].encode()) <= 60_000


def test_of_what_is_too_long_the_verdicts_are_kept() -> None:
    documents = [{"verdict": "fail", "subjects": [{}] * 20, "claims": [{"id": "1.3-gb-a-day"}] * 30}] * 40
    text = body.comment_body(documents, "https://example.org/run")
    assert len(text.encode()) <= body.LIMIT_BYTES
    assert (text.count(body.VERDICTS["fail"]), text.count("Too much was measured")) == (40, 1)


def test_the_worst_pairs_are_shown_and_what_is_left_out_is_counted(
    github: GitHub, comment: Comment, artifact: Any
) -> None:
    pairs = [{"verdict": "no_difference"}] * 24 + [{"verdict": "regressed"}]
    claims = [{"id": "1.3-gb-a-day", "verdict": "pass"}] * 33 + [{"id": "mine"}] * 2
    artifact(json.dumps({"pairs": pairs, "subjects": [{}] * 21, "claims": claims}), name="a0")
    for number in range(1, 10):
        artifact(json.dumps({"verdict": "pass"}), name=f"a{number}")
    comment()
    body = github.comments[0]["body"]
    assert body.count("regressed") == 1
    left = ("Pairs", 5), ("Subjects", 1), ("Claims", 3), ("Artifacts", 2)
    assert [body.count(f"{what} that are not shown: {number}.") for what, number in left] == [1, 1, 1, 1]
    assert "scenario: 2." in body


def test_quantities_are_scaled_to_three_digits() -> None:
    said = [body.quantity(value, "B") for value in (0, 0.5, 999, 1000, -49_500_000, 2.14e12, None, True, 1e30)]
    assert said == ["0 B", "0.5 B", "999 B", "1 kB", "-49.5 MB", "2.14 TB", "–", "–", "–"]
