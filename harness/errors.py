"""One base error: its id, what went wrong, what to do about it, and the exit status that it earns.

Loaded by every call of the command line, so it loads nothing itself.
"""

ERRORS = {  # every id, and what it stands for; docs/messages.md repeats it, and a test compares them
    # the command line
    "usage": "the command, an option or an argument is unknown or incomplete",
    "bad_option_value": "the value of an option cannot be read",
    "bad_name": "a name has characters that it may not have, or is taken",
    "bad_claim": "a claim cannot be read",
    "out_of_range": "a number or a count is too small or too large",
    "option_conflict": "two options, or an option and the scenario, exclude one another",
    "option_missing": "something must be named that is not",
    "unknown_format": "no output format has this name or file ending",
    # scenarios, subjects, builds
    "unknown_scenario": "no scenario has this name, or there is no such file",
    "bad_scenario": "a scenario file cannot be loaded, or defines no valid scenario",
    "unknown_subject": "no subject has this name, or it does not do what is asked",
    "program_not_found": "a program to start is not on PATH",
    "process_not_observable": "a process to observe does not exist, has no memory, or may not be read",
    "no_repository": "the folder is in no git repository, or in one that git refuses to read",
    "unknown_commit": "a reference names no commit",
    "uncommitted_changes": "the working tree has changes that the commit to build does not have",
    "checkout_failed": "git cannot check a commit out",
    "build_failed": "a build failed, or made nothing",
    "no_go": "no Go toolchain that builds the Go subjects was found",
    "cache_unusable": "the cache folder cannot be made or used",
    "cache_unsafe": "the cache folder belongs to another user, or others may write to it",
    # the machine
    "tool_missing": "a program that netchurn needs is not installed",
    "no_namespace": "the kernel does not allow a private namespace",
    "kernel_too_old": "the kernel lacks what netchurn needs",
    "caller_cannot_run": "the user who called sudo cannot run this Python or netchurn",
    "no_space": "a disk has too little space",
    "too_busy": "the machine did not become as quiet as was asked for",
    "folder_not_writable": "a folder cannot be written to",
    "folder_unsafe": "others may change a folder that would be written to",
    "temporary_unusable": "the temporary folder cannot be used",
    "system_error": "the operating system refused something",
    "defect": "netchurn failed where it should not: please report it",
    # the lab
    "lab_ended": "the agent of the private namespace ended",
    "no_lab": "the scenario has no private namespace",
    "no_link_kind": "the kernel makes no kind of link that could be watched",
    "ip_refused": "`ip` refused a command in the private namespace",
    "calibration_failed": "the calibration of the lab failed",
    "subscriber_stalled": "a process stopped reading its netlink socket",
    "host_namespace": "a change of the host's network namespace was prevented",
    # the run
    "subject_died": "a measured process ended, or did not start",
    "subject_silent": "a measured process did not answer",
    "subject_too_slow": "a measured process did not do enough work in the time it has",
    "process_restarted": "a process was restarted between two readings",
    "result_moved": "the result folder was replaced during the run",
    "not_detached": "the run was not started with --detach",
    "run_lost": "the run ended without recording how",
    "run_not_signalled": "the process of a run cannot be asked to end",
    # files
    "file_unreadable": "a file or folder cannot be read",
    "file_damaged": "a file is cut off or damaged",
    "file_too_large": "a file has more than is read",
    "not_a_series": "a file holds no series over time",
    "which_column": "it must be said which column holds the time or the memory",
    "not_a_profile": "a file holds no profile that can be used",
    "not_a_memory_profile": "a file holds a profile of something other than memory",
    "no_profile": "a folder or result has no profile that fits",
    "unknown_sample_type": "a profile has no sample type of this name",
    "profiles_differ": "two profiles cannot be subtracted or compared",
    "profiles_reversed": "the later profile was named first",
    # results
    "no_result": "there is no result",
    "not_a_result": "a result's file does not hold what a result holds",
    "other_schema": "a result was written by another version",
    "not_derivable": "nothing can be derived from a result",
    "not_comparable": "results are not of one kind, or share no subject",
    "no_report": "there is no report",
    "not_thinnable": "a result is incomplete, or was thinned before",
    "not_attestable": "a result is incomplete or deviates from its files, so that nothing attests it",
    "result_changed": "a result changed after it was sealed",
    "already_there": "the target exists",
}


class NetchurnError(Exception):
    """Something a user can cause or repair.

    ``id`` is one of ``ERRORS`` and never changes its meaning; ``message`` says what, where, found and expected, on one
    line, and may change; ``hint`` is the next thing to do or type. The command line prints all three and exits with
    ``exit_code`` (2, not measured, unless a child says otherwise).
    """

    exit_code = 2

    def __init__(self, id: str, message: str, hint: str) -> None:  # noqa: A002 - the field's name
        """Keep all three; none may be empty. ValueError for an id that is not in ``ERRORS``."""
        if id not in ERRORS:
            raise ValueError(f"no error has the id {id!r}")
        super().__init__(message)
        self.id = id
        self.message = message
        self.hint = hint


class UsageFault(NetchurnError):
    """What was asked for does not exist or makes no sense: a scenario, a number, a folder."""


class LabFault(NetchurnError):
    """The private namespace could not be made, or something in it was refused."""


class SubjectFault(NetchurnError):
    """A measured process died or kept silent where it must not: the run is invalid."""

    exit_code = 4


class ResultFault(NetchurnError):
    """A result folder cannot be read: absent, cut off, or written by another schema."""
