"""What can be wrong with a result: ids that programs can rely on, and one finding of such a kind."""

from typing import NamedTuple

DEVIATIONS = {  # every id, and what it stands for; docs/messages.md repeats it, and a test compares them
    # files and checksums
    "file_odd": "a link, a special file, or one too large, too deep or unreadable lies there; it was not opened",
    "file_not_readable": "a file or folder of the result cannot be read",
    "file_too_long": "a file of samples has more bytes than are read",
    "sums_malformed": "a line of SHA256SUMS is not as a seal writes it",
    "file_not_listed": "SHA256SUMS does not list a file: it was added after the run was sealed",
    "file_missing": "a file that SHA256SUMS or result.json names is not there",
    "file_changed": "a file is not the one that was sealed",
    # result.json
    "result_malformed": "result.json cannot be decoded",
    "name_unsafe": "a name in result.json would lead out of the result folder",
    "plan_changed": "the plan is not the one that its id is the hash over",
    "facts_contradict": "facts of result.json contradict each other",
    "plan_not_met": "what was measured is not what the plan asks for",
    "scenario_differs": "the scenario and the command give another plan",
    "analysis_impossible": "nothing can be derived from the result",
    # samples, captures, recordings
    "samples_malformed": "a row of samples cannot be read",
    "samples_contradict": "rows of samples contradict each other, their trial or result.json",
    "samples_not_planned": "result.json has no such subject of such a trial",
    "capture_not_counted": "a capture cannot be counted again",
    "capture_differs": "result.json says something else than the capture it was counted from",
    "recording_differs": "result.json says something else than the recording of a copy",
    "thinned_wrong": "THINNED.json does not name what was left out",
    # the report, statements, runs of one's own
    "report_missing": "a file of the report is not there",
    "report_foreign": "a file of the report was not rendered from the result",
    "report_differs": "a file of the report is not as it is rendered from the result",
    "attestation_refused": "a signature is refused, or what it signs is no statement of a test result",
    "attestation_differs": "a signed statement is of another result",
    "not_reproduced": "a run of your own differs",
    "more_alike": "there are more deviations of one file than are listed",
}


class Deviation(NamedTuple):
    """What is not as it should be. ``where``: a file, relative to the result folder; ``text``: found and expected."""

    id: str
    where: str
    text: str
