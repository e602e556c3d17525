"""One decoder under atheris, as a process of its own: ``python guided.py TARGET INPUTS SECONDS SEED CORPUS FOLDER``.

Inputs are chosen by what they reach in ``harness``. The corpus in the repository is read and not written to. The last
line on standard output is JSON: how many inputs were tried, and what was found. It is a process because libFuzzer ends
the one that it runs in, and because what is looked for may end it too.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

try:
    import atheris
except ImportError:
    atheris: Any = None  # type: ignore[no-redef]

sys.path.append(str(Path(__file__).parent))  # the tests are no package
if atheris is None:
    sys.exit("atheris is not installed")
with atheris.instrument_imports(include=["harness"]):
    if TYPE_CHECKING:
        from tests.fuzz.crashes import Crashes
        from tests.fuzz.targets import MOST_INPUT, TARGETS
    else:
        from crashes import Crashes
        from targets import MOST_INPUT, TARGETS


def main(name: str, inputs: str, seconds: str, seed: str, corpus: str, folder: str) -> None:  # noqa: PLR0913, PLR0917 - as typed
    """Let libFuzzer choose inputs until there were as many, or so many seconds have passed."""
    target = TARGETS[name]
    crashes = Crashes(Path(folder))
    told = Path(folder) / "told.json"
    grown = Path(folder) / "corpus"
    grown.mkdir()

    def one(data: bytes) -> None:
        crashes.attempt(name, data, target.decode, target.may_raise)
        if crashes.tried % 1000 == 0 or crashes.tried == int(inputs):
            told.write_text(json.dumps({"tried": crashes.tried, "found": crashes.found}))

    options = [f"-runs={inputs}", f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={MOST_INPUT}"]
    limits = ["-timeout=60", "-rss_limit_mb=4096", "-verbosity=0", f"-artifact_prefix={folder}/"]
    atheris.Setup([sys.argv[0], *options, *limits, str(grown), corpus], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
