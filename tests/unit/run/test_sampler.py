"""What reads all processes of a run."""

import resource

from harness.run.sampler import Sampler


def test_it_may_open_as_many_files_as_the_system_lets_it_and_only_as_long_as_it_reads() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    low = min(256, soft)
    resource.setrlimit(resource.RLIMIT_NOFILE, (low, hard))
    try:
        sampler = Sampler([], 0.5, lambda *_: None)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
        sampler.close()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (low, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
