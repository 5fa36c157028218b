"""A server that is told to stop finishes what it was asked before, and takes nothing new."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest

from tests.support.live_server import (
    ROOT,
    LiveServer,
    environment,
    eventually,
    free_port,
    process_pids,
    serve,
    start_process,
)
from tests.support.marks import reads_proc

# Marked like the browser tests because those run one at a time: a stop has seven seconds in all.
pytestmark = [pytest.mark.browser, reads_proc]

Stop = Callable[[LiveServer], None]
BODY = json.dumps({"chatId": "last", "messages": [{"role": "user", "content": "Hello" * 9000}]})


def terminate(site: LiveServer) -> None:
    """Stop the server as systemd and container platforms do."""
    os.kill(site.process.pid, signal.SIGTERM)


def press_ctrl_c(site: LiveServer) -> None:
    """Stop the server as a terminal does, which tells the whole group."""
    os.killpg(site.process.pid, signal.SIGINT)


def terminate_all(site: LiveServer) -> None:
    """Stop the server as supervisors do that tell each process of the group."""
    os.killpg(site.process.pid, signal.SIGTERM)


@pytest.fixture(params=["1", "2"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LiveServer]:
    """A server with as many workers."""
    running = serve(tmp_path / "data", WORKERS=request.param)
    yield running
    running.destroy()


def begin(site: LiveServer) -> socket.socket:
    """Return the line of a request that is under way: the application waits for its body."""
    connection = socket.create_connection(("127.0.0.1", site.port), timeout=20)
    head = (
        "POST /api/chat/save?userId=u HTTP/1.1",
        f"Host: 127.0.0.1:{site.port}",
        f"Authorization: Bearer {site.key}",
        "Content-Type: application/json",
        f"Content-Length: {len(BODY)}",
        "Expect: 100-continue",
    )
    connection.sendall("\r\n".join((*head, "", "")).encode())
    # The server says so when the application begins to read.
    assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
    return connection


def finish(connection: socket.socket) -> tuple[int, bytes]:
    """Send the rest of a request; return the status and the whole body of its answer."""
    connection.sendall(BODY.encode())
    answer = HTTPResponse(connection)
    answer.begin()
    return answer.status, answer.read()


def refuses(site: LiveServer) -> bool:
    """Whether nobody listens any more; who is in a queue as it closes is thrown out of it."""
    try:
        socket.create_connection(("127.0.0.1", site.port), timeout=20).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        pass
    return False


@pytest.mark.parametrize("stop", [terminate, terminate_all, press_ctrl_c])
def test_it_ends_the_requests_that_are_under_way(
    site: LiveServer, stop: Stop, tmp_path: Path
) -> None:
    with begin(site) as one, begin(site) as other:
        stop(site)
        assert eventually(lambda: refuses(site), 6), "it takes new connections"
        for line in (one, other):
            status, body = finish(line)
            assert status == 200, body
            assert json.loads(body)["chatId"] == "last"
    code = site.process.wait(20)
    # Told together with its workers, the parent may see one end before it knows why.
    assert code == 0 or (code == 1 and stop is terminate_all)
    assert site.leftover_pids() == set()
    assert site.errors.read_text().count("POST /api/chat/save 200") == 2, "its last lines"
    again = serve(tmp_path / "data")
    try:
        kept = again.api("GET", "/api/chat/last?userId=u")
        assert len(kept["messages"][0]["content"]) == 45_000, "what it answered is stored"
    finally:
        again.destroy()


@pytest.mark.parametrize("stop", [terminate, press_ctrl_c])
def test_a_line_that_is_kept_open_holds_nothing_up(site: LiveServer, stop: Stop) -> None:
    idle = site.connect()
    site.call(idle, "GET", "/api/dashboard?userId=u")
    with idle.sock, socket.create_connection(("127.0.0.1", site.port)):
        stop(site)
        assert site.process.wait(5) == 0
        assert site.leftover_pids() == set()


def test_a_request_that_never_ends_is_given_up(site: LiveServer) -> None:
    with begin(site):
        terminate(site)
        assert site.process.wait(20) == 0
        assert site.leftover_pids() == set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_can_be_stopped_as_soon_as_it_has_begun(tmp_path: Path, number: signal.Signals) -> None:
    env = environment(tmp_path / "data", free_port(), WORKERS="2", TMPDIR=str(tmp_path))
    process = start_process(env)
    assert process.stdout
    assert "Aira Stats is at" in process.stdout.readline()
    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert eventually(lambda: not process_pids(process.pid, tmp_path / "data"), 5)
    assert list(tmp_path.glob("aira-metrics-*")) == []


# The parent takes signals as a server does, and its worker has not got as far as that.
EARLY = """
import multiprocessing, signal, time
from stats.web.worker_processes import reset_signals_after_fork

for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: None)
reset_signals_after_fork()
began = multiprocessing.Event()

def work():
    began.set()
    time.sleep(15)

worker = multiprocessing.get_context("fork").Process(target=work)
worker.start()
began.wait()
worker.terminate()
worker.join()
print(worker.exitcode)
"""


def test_a_worker_that_still_begins_ends_at_once() -> None:
    command = [sys.executable, "-c", EARLY]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert (done.stdout, done.stderr) == (f"{-signal.SIGTERM}\n", "")


# A server whose one worker is told to end, twice, just before or just after it serves.
TOLD = """
import os, signal, sys
import granian.server.mp as server
from stats.web.worker_processes import stop_server_on_sigterm

def tell(moment):
    if moment == sys.argv[1]:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)

class Worker:
    def __init__(self, *given):
        self.real = real(*given)

    def serve_mtr(self, *given):
        tell("before")
        self.real.serve_mtr(*given)
        tell("after")

def load():
    stop_server_on_sigterm()
    return lambda environ, start: []

real, server.WSGIWorker = server.WSGIWorker, Worker
port = int(sys.argv[2])
server.MPServer("", port=port, interface="wsgi", websockets=False, log_enabled=False).serve(
    target_loader=load, wrap_loader=False)
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_that_is_told_as_it_begins_to_serve_ends(moment: str) -> None:
    command = [sys.executable, "-c", TOLD, moment, str(free_port())]
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True) as process:
        try:
            # The parent says so when a worker ends that it did not tell.
            assert process.wait(10) == 1
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
