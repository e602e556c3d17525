"""Post one comment on a pull request, or update the one that stands there. For `workflow_run`; standard library only.

From the environment: FOLDER, into which actions/download-artifact unpacked; TOKEN; AUTHOR, whose comment may be
changed; GITHUB_EVENT_PATH, GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_SERVER_URL.

Which pull request it is follows from the event alone, which GitHub wrote. The artifacts have no say in it.
"""

import importlib.util
import json
import os
import stat
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAME = "analysis.json"
LARGEST_BYTES = 1_048_576
MOST_DOCUMENTS = 8
MOST_PAGES = 10
A_PAGE = 100
TIMEOUT_S = 30


class Refused(Exception):
    """Nothing is posted, and that is right."""


def main() -> int:
    """Comment; 0 when that was done, or when there is nothing to comment on."""
    try:
        print(comment())
    except Refused as refusal:
        print(f"no comment: {refusal}")
    except OSError as error:  # of urllib too
        print(f"::error title=netchurn::GitHub's API refused: {str(error)[:200]!r}")
        return 1
    return 0


def comment() -> str:
    """Do it, and say what was done."""
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_bytes())["workflow_run"]
    repository = os.environ["GITHUB_REPOSITORY"]
    found = list(documents(Path(os.environ["FOLDER"])))
    if not found:
        raise Refused("the run left no analysis that can be read")
    number = pull_request(event, repository)
    address = f"{os.environ['GITHUB_SERVER_URL']}/{repository}/actions/runs/{int(event['id'])}"
    left_out = len(files(Path(os.environ["FOLDER"]))) - len(found)
    body = {"body": comment_body(found, address, left_out)}
    standing = own_comment(repository, number)
    if standing is None:
        ask("POST", f"/repos/{repository}/issues/{number}/comments", body)
        return f"commented on #{number}"
    ask("PATCH", f"/repos/{repository}/issues/comments/{standing}", body)
    return f"updated the comment on #{number}"


def pull_request(event: dict[str, Any], repository: str) -> int:
    """Find the open pull request into this repository whose head is the very commit that was measured."""
    if event["event"] != "pull_request":
        raise Refused("the run was not of a pull request")
    fork = event["head_repository"]
    query = {"state": "open", "head": f"{fork['owner']['login']}:{event['head_branch']}", "per_page": str(A_PAGE)}
    pulls = ask("GET", f"/repos/{repository}/pulls?{urllib.parse.urlencode(query)}")
    for pull in pulls:
        head, base = pull["head"], pull["base"]
        same = head["sha"] == event["head_sha"] and (head["repo"] or {}).get("full_name") == fork["full_name"]
        if same and base["repo"]["full_name"] == repository:
            return int(pull["number"])
    raise Refused("no open pull request has the commit that was measured as its head")


def own_comment(repository: str, number: int) -> int | None:
    """Find the comment that we wrote; anybody may write our marker, so the author counts as well."""
    for turn in range(1, MOST_PAGES + 1):
        some = ask("GET", f"/repos/{repository}/issues/{number}/comments?per_page={A_PAGE}&page={turn}")
        for one in some:
            if (one["user"] or {}).get("login") == os.environ["AUTHOR"] and one["body"].startswith(MARKER):
                return int(one["id"])
        if len(some) < A_PAGE:
            return None
    return None


def documents(folder: Path) -> Iterator[object]:
    """Read each artifact's analysis.json that is a small regular file of JSON; tell of the others."""
    for path in files(folder)[:MOST_DOCUMENTS]:
        try:
            about = path.lstat()
            if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST_BYTES:
                raise ValueError("no regular file of at most 1 MiB")  # noqa: TRY301 - told like what json finds
            yield json.loads(path.read_bytes())
        except (ValueError, RecursionError, OSError) as problem:
            print(f"left out an artifact: {type(problem).__name__}")  # its name and text are a stranger's


def files(folder: Path) -> list[Path]:
    """Return the analysis.json of each artifact.

    The action unpacks one matching artifact into ``path`` itself, several into a folder each (download-artifact v8.0.1,
    src/download-artifact.ts: ``artifacts.length === 1``). Links to folders are not followed.
    """
    single = folder / NAME
    if os.path.lexists(single):
        return [single]
    return sorted(path for path in folder.glob(f"*/{NAME}") if not path.parent.is_symlink())


def ask(method: str, path: str, body: dict[str, str] | None = None) -> Any:
    """Ask GitHub's API."""
    request = urllib.request.Request(  # noqa: S310 - the runner's own address
        os.environ["GITHUB_API_URL"] + path,
        method=method,
        data=json.dumps(body).encode() if body else None,
        headers={"Authorization": f"Bearer {os.environ['TOKEN']}", "Accept": "application/vnd.github+json"},
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - as above
        return json.load(answer)


def _neighbour(name: str) -> Any:
    """Load a file beside this one: Python, run isolated, does not look here."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_body = _neighbour("body")
comment_body, MARKER = _body.comment_body, _body.MARKER

if __name__ == "__main__":
    sys.exit(main())
