"""A mixed load with one fault after the other: cut connections, a hang, kill -9, a full store, a
restart. What is acknowledged is kept, nothing is a 500. `FAULT_EVERY=60` is the long form."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.client import HTTPException
from threading import Event

import pytest

from tests.badday import faults
from tests.badday.helpers import KEY, Person, Rig, read_requests, send
from tests.badday.writers import Writer, count_kept
from tests.support.live_server import eventually

FAULT_EVERY = float(os.environ.get("FAULT_EVERY", "2"))
# How long a fault lasts that does not end by itself.
FAULT_SECONDS = max(1.0, FAULT_EVERY / 6)
WRITERS, READERS = 4, 3
FAULTS = ("cut", "hang", "kill", "full", "restart")


class Reader:
    """Opens all pages in turn; `longest` is how long (s) it did without a page at most."""

    def __init__(self, person: Person) -> None:
        self.person, self.statuses, self.longest = person, Counter[int](), 0.0
        # Made out before anything goes wrong: it asks for a page.
        self.requests = [one for one in read_requests(person) if one.name != "poll"]

    def run(self, over: Event) -> None:
        shown = time.monotonic()
        while not over.is_set():
            for request in self.requests:
                with suppress(OSError, HTTPException):
                    status = send(self.person.port, request, self.person.cookie).status
                    self.statuses[status] += 1
                    if status == request.status:
                        self.longest = max(self.longest, time.monotonic() - shown)
                        shown = time.monotonic()


@contextmanager
def fault(rig: Rig, name: str) -> Iterator[None]:
    """Bring the fault, and end it at the end of the block."""
    if name == "cut":
        rig.valkey.admin.client_kill_filter(_type="normal", skipme=True)
        yield
    elif name == "hang":
        rig.proxy.mode = "hang"
        yield
        rig.proxy.mode = "pass"
    elif name == "full":
        with faults.full(rig.valkey):
            yield
    elif name == "kill":
        rig.valkey.send_signal(signal.SIGKILL)
        rig.valkey.process.wait()
        yield
        rig.valkey.start()
    else:
        assert name == "restart"
        rig.site.process.terminate()
        assert rig.site.process.wait(30) == 0
        rig.serve(port=rig.site.port)
        yield


@pytest.mark.timeout(120 + 8 * FAULT_EVERY)
def test_what_is_acknowledged_is_kept_and_nothing_is_a_500(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    over = Event()
    people = [rig.person() for _ in range(WRITERS // 2)]
    writers = [
        Writer(number, rig.site.port, KEY, over, people[number // 2] if number % 2 else None)
        for number in range(WRITERS)
    ]
    readers = [Reader(rig.person()) for _ in range(READERS)]
    with ThreadPoolExecutor(WRITERS + READERS) as pool:
        lives = [pool.submit(writer.run) for writer in writers]
        lives += [pool.submit(reader.run, over) for reader in readers]
        try:
            for name in FAULTS:
                with fault(rig, name):
                    time.sleep(FAULT_SECONDS)
                time.sleep(FAULT_EVERY - FAULT_SECONDS)
                ended = [life for life in lives if life.done()]
                assert not ended, (name, [life.exception() for life in ended])
        finally:
            over.set()
    for life in lives:
        life.result()
    assert eventually(rig.site.answers)
    kept = count_kept(rig.site.port, KEY, writers)
    statuses = sum((reader.statuses for reader in readers), Counter[int]())
    with capsys.disabled():
        print(
            f"\n{len(FAULTS) * FAULT_EVERY:g} s, {FAULT_SECONDS:g} s of each fault: {kept} kept, "
            f"answers to readers {dict(statuses)}; longest without a page "
            f"{max(reader.longest for reader in readers):.2f} s, "
            f"without a write {max(writer.longest for writer in writers):.2f} s"
        )
    assert kept == sum(len(writer.chats) + writer.moods for writer in writers)
    assert set(statuses) == {200, 503}
