"""Bodies that are cut short or never end, from a real client to a real process."""

import re
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection

import pytest

from stats.web.http.request_body import SLOTS
from stats.web.worker_processes import THREADS
from tests.process.test_desync import BODY, entitlement_statuses, exchange, request_head, statuses
from tests.support.live_server import LiveServer, eventually, serve
from tests.web.helpers import PASSWORD

PATIENCE = 15
# Far less than what forty half seconds take.
QUICK_TIMEOUT = 6


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The application as a process of its own."""
    running = serve(tmp_path_factory.mktemp("site"))
    yield running
    running.destroy()


def test_it_refuses_json_that_was_cut_short(site: LiveServer) -> None:
    received = exchange(site, request_head(site, "Content-Length: 100") + BODY, finish=True)
    assert statuses(received) == [400]
    assert b'"error"' in received
    assert entitlement_statuses(site) == [404, 404]


def test_it_refuses_a_form_that_was_cut_short(site: LiveServer) -> None:
    page = site.connect()
    page.request("GET", "/signup")
    answer = page.getresponse()
    cookie, text = answer.headers["Set-Cookie"].split(";")[0], answer.read().decode()
    page.close()
    token = re.search(r'name="csrf_token" value="([^"]+)"', text)[1]
    form = (
        f"csrf_token={token}&name=Eve&email=eve%40example.com&password={PASSWORD.replace(' ', '+')}"
    )
    for length, status in ((len(form) + 1, 400), (len(form), 302)):
        lines = [f"Host: 127.0.0.1:{site.port}", f"Cookie: {cookie}", f"Content-Length: {length}"]
        lines = ["POST /signup HTTP/1.1", *lines, "Content-Type: application/x-www-form-urlencoded"]
        received = exchange(
            site,
            "\r\n".join([*lines, "Connection: close", "", ""]) + form,
            finish=length > len(form),
        )
        assert statuses(received) == [status]


def hang(site: LiveServer, line: str = "PATCH /api/mood?userId=first HTTP/1.1") -> socket.socket:
    """Begin a request whose body never comes to its end."""
    client = socket.create_connection(("127.0.0.1", site.port), timeout=PATIENCE)
    client.sendall((request_head(site, "Content-Length: 100", request=line) + BODY).encode())
    return client


def test_clients_that_never_finish_do_not_keep_readers_out(site: LiveServer) -> None:
    hanging = [hang(site) for _ in range(12)]
    for _ in range(3):
        assert site.answers()
    for client in hanging:
        client.close()
    assert eventually(lambda: saves(site))
    assert entitlement_statuses(site) == [404, 404]


def test_forty_of_them_hold_nobody_up(site: LiveServer) -> None:
    """Each would keep the last thread for half a second, one after the other."""
    with ExitStack() as stack:
        hanging = [stack.enter_context(hang(site)) for _ in range(40)]
        answered, _, _ = select.select(hanging, [], [], PATIENCE)
        assert answered, "nobody was turned away: threads are left"
        reader = stack.enter_context(
            closing(HTTPConnection("127.0.0.1", site.port, timeout=QUICK_TIMEOUT))
        )
        reader.request("GET", "/healthz")
        assert reader.getresponse().status == 200
    assert eventually(lambda: saves(site))
    assert entitlement_statuses(site) == [404, 404]


def test_bodies_leave_one_thread_to_requests_without() -> None:
    taken = 0
    while SLOTS.acquire(blocking=False):
        taken += 1
    for _ in range(taken):
        SLOTS.release()
    assert taken == THREADS - 1


def saves(site: LiveServer) -> bool:
    length = f"Content-Length: {len(BODY)}"
    line = "PATCH /api/mood?userId=later HTTP/1.1"
    received = exchange(site, request_head(site, length, "Connection: close", request=line) + BODY)
    return statuses(received) == [200]
