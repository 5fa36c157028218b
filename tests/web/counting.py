"""What the tests of `/metrics` share: the counts of users that run beside them."""

import threading

from stats.web.headcount import THREAD


def counts_under_way() -> list[threading.Thread]:
    """The counts that this process has begun and not ended."""
    return [thread for thread in threading.enumerate() if thread.name == THREAD]


def finish_counts() -> None:
    """Wait until none is under way: it would write into the next test's store."""
    for thread in counts_under_way():
        thread.join()
