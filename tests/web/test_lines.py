"""Lines to standard error: none lost, in their order, whole, and nobody waits for them."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from stats.web import lines
from stats.web.lines import Lines
from tests.browser.serving import eventually

ROOT = Path(__file__).parent.parent.parent
REQUESTS = "some.requests"
# A worker is forked, answers a request and ends as granian's do.
WORKER = """
import multiprocessing, app
def work():
    assert app.app.test_client().get("/healthz").status_code == 200
if __name__ == "__main__":
    worker = multiprocessing.get_context("fork").Process(target=work)
    app.app.test_client().get("/login")
    worker.start()
    worker.join()
"""


class Without:
    """A system that has no standard error."""

    asked = 0

    @property
    def stderr(self) -> None:
        self.asked += 1


class Kept:
    """A standard error that keeps what is written, or fails."""

    def __init__(self) -> None:
        self.writes: list[str] = []
        self.broken = False

    def write(self, text: str) -> int:
        if self.broken:
            raise BrokenPipeError
        self.writes.append(text)
        return len(text)

    @property
    def text(self) -> str:
        return "".join(self.writes)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    """Standard error; what is in no hurry waits for a minute."""
    kept = Kept()
    monkeypatch.setattr(lines, "sys", SimpleNamespace(stderr=kept))
    monkeypatch.setattr(lines, "SOON", 60)
    return kept


@pytest.fixture
def handler(kept: Kept) -> Iterator[Lines]:
    handler = Lines(REQUESTS)
    yield handler
    # Its thread may be late, and would write what still waits into another test.
    handler.flush()
    handler.close()


def say(handler: Lines, text: str, name: str = REQUESTS) -> None:
    assert handler.handle(logging.LogRecord(name, logging.INFO, "", 0, text, (), None))


def test_requests_wait_for_each_other_and_events_for_nothing(handler: Lines, kept: Kept) -> None:
    say(handler, "one")
    say(handler, "two")
    assert kept.text == ""
    say(handler, "login", "some.security")
    assert kept.text == "one\ntwo\nlogin\n"


def test_no_request_waits_long(handler: Lines, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "SOON", 0.01)
    for number in range(3):
        say(handler, f"{number}")
        assert eventually(lambda text=f"{number}\n": text in kept.text)
    assert kept.text == "0\n1\n2\n"


def test_no_more_wait_than_are_counted(
    handler: Lines, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MOST", 3)
    for number in range(4):
        say(handler, f"{number}")
    assert kept.text == "0\n1\n2\n"


def test_a_write_is_whole_lines_that_a_pipe_takes_whole(handler: Lines, kept: Kept) -> None:
    for number in range(200):
        say(handler, f"{number} {'é' * (number % 90)}")
    say(handler, "x" * 5000)
    handler.flush()
    assert [line.split()[0][:9] for line in kept.text.splitlines()] == [
        *map(str, range(200)),
        "x" * 9,
    ]
    assert all(text.endswith("\n") for text in kept.writes)
    sizes = [len(text.encode()) for text in kept.writes]
    assert all(size <= 4096 for size in sizes[:-1])
    assert len(sizes) < 15, "many lines a write"


def test_nobody_notices_that_nobody_reads(
    handler: Lines, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    kept.broken = True
    say(handler, "lost")
    say(handler, "lost", "some.security")
    kept.broken = False
    say(handler, "kept", "some.security")
    assert kept.text == "kept\n"


def test_it_does_without_a_standard_error(
    handler: Lines, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = Without()
    monkeypatch.setattr(lines, "sys", none)
    monkeypatch.setattr(lines, "SOON", 0.01)
    say(handler, "lost")
    assert eventually(lambda: none.asked > 0)
    say(handler, "lost", "some.security")
    monkeypatch.setattr(lines, "sys", SimpleNamespace(stderr=kept))
    say(handler, "kept")
    assert eventually(lambda: "kept" in kept.text)
    assert kept.text == "kept\n", "what was lost is not waited for"


def test_what_waits_is_written_when_a_worker_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORKER], capture_output=True, text=True, cwd=ROOT, check=True
    )
    told = [line.split(" in ")[0].split(" ", 1)[-1] for line in done.stderr.splitlines()]
    assert sorted(told) == ["GET /healthz 200", "GET /login 200"], "each of them once"
