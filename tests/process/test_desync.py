"""Requests that two servers could read in two ways, sent as they are to a real process.

Behind each of them waits a second request: whoever reads the first one otherwise would answer it.
Most never reach the application: the server's own HTTP parser answers them, without our headers.
"""

import socket
from collections.abc import Iterator

import pytest

from tests.support.live_server import LiveServer, serve

BODY = '{"score": 5}'
LENGTH = f"Content-Length: {len(BODY)}"
CHUNKED = "Transfer-Encoding: chunked"
LONG = "a" * 600_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The application as a process of its own."""
    running = serve(tmp_path_factory.mktemp("site"))
    yield running
    running.destroy()


def exchange(site: LiveServer, data: str, *, finish: bool = False, seconds: float = 20) -> bytes:
    """Send bytes as they are, if asked hang up behind them, and return all that comes back."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=seconds) as client:
        received = b""
        try:
            client.sendall(data.encode("latin-1"))
            if finish:
                client.shutdown(socket.SHUT_WR)
            while part := client.recv(65536):
                received += part
        except (ConnectionResetError, BrokenPipeError):
            # It was answered before all that we had to say was read.
            pass
        return received


def request_head(
    site: LiveServer, *lines: str, request: str = "PATCH /api/mood?userId=first HTTP/1.1"
) -> str:
    own = (request, f"Host: 127.0.0.1:{site.port}", f"Authorization: Bearer {site.key}")
    return "\r\n".join([*own, "Content-Type: application/json", *lines, "", ""])


def smuggled(site: LiveServer) -> str:
    close = "Connection: close"
    return request_head(
        site, "Content-Length: 0", close, request="POST /api/login?userId=smuggled HTTP/1.1"
    )


def statuses(received: bytes) -> list[int]:
    """Return the status of every answer in what came back."""
    responses = received.split(b"HTTP/1.1 ")[1:]
    return [int(answer[:3]) for answer in responses]


def entitlement_statuses(site: LiveServer) -> list[int]:
    """Return whether the users that the requests are about have come to be."""
    statuses_of_users = []
    for name in ("first", "smuggled"):
        connection = site.connect()
        headers = {"Authorization": f"Bearer {site.key}"}
        connection.request("GET", f"/api/entitlements?userId={name}", headers=headers)
        answer = connection.getresponse()
        answer.read()
        statuses_of_users.append(answer.status)
        connection.close()
    return statuses_of_users


SHAPES = {
    "length and chunked": ([LENGTH, CHUNKED], "0\r\n\r\n"),
    "chunked and length": ([CHUNKED, LENGTH], "0\r\n\r\n"),
    "chunked": ([CHUNKED], f"c\r\n{BODY}\r\n0\r\n\r\n"),
    "chunked after a tab": (["Transfer-Encoding:\tchunked", LENGTH], "0\r\n\r\n"),
    "chunked before a colon": (["Transfer-Encoding : chunked", LENGTH], "0\r\n\r\n"),
    "chunked in capitals": (["TRANSFER-ENCODING: CHUNKED", LENGTH], "0\r\n\r\n"),
    "chunked twice": ([CHUNKED, CHUNKED, LENGTH], "0\r\n\r\n"),
    "chunked and more": (["Transfer-Encoding: chunked, identity", LENGTH], "0\r\n\r\n"),
    "xchunked": (["Transfer-Encoding: xchunked", LENGTH], BODY),
    "xchunked alone": (["Transfer-Encoding: xchunked"], BODY),
    "identity": (["Transfer-Encoding: identity", LENGTH], BODY),
    "two lengths": ([LENGTH, "Content-Length: 5"], BODY),
    "two lengths in one": (["Content-Length: 12, 5"], BODY),
    "a length with a sign": ([f"Content-Length: +{len(BODY)}"], BODY),
    "a length below nothing": (["Content-Length: -1"], BODY),
    "a length in hex": (["Content-Length: 0xc"], BODY),
    "a length with a blank": (["Content-Length: 1 2"], BODY),
    "a length before a blank": ([f"Content-Length : {len(BODY)}"], BODY),
    "a length beyond all": (["Content-Length: " + "9" * 30], BODY),
    "a length that lies": (["Content-Length: 9999999999"], BODY),
    "a length just over": ([f"Content-Length: {256 * 1024 + 1}"], BODY),
    "a folded header": (["X-A: b", " folded", LENGTH], BODY),
    "a folded encoding": (["X-A: b", " Transfer-Encoding: chunked", LENGTH], BODY),
    "an encoding that is folded": (["Transfer-Encoding:", " chunked", LENGTH], "0\r\n\r\n"),
    "NUL in a header": (["X-A: b\0c", LENGTH], BODY),
    "NUL in a name": (["X-\0A: b", LENGTH], BODY),
    "a bare CR": (["X-A: b\rc", LENGTH], BODY),
    "a header without a name": ([": b", LENGTH], BODY),
    "a second host": (["Host: e.example", LENGTH], BODY),
    "a long header": ([f"X-A: {LONG}", LENGTH], BODY),
    "many headers": (["X-A: b"] * 500 + [LENGTH], BODY),
}
LINES = [
    f"PATCH /{LONG} HTTP/1.1",
    "PATCH /api/mood?userId=first x HTTP/1.1",
    "PATCH /api/mood?userId=first",
    "PATCH  /api/mood?userId=first HTTP/1.1",
    "PATCH /api/mood?userId=first HTTP/3.0",
    "PATCH /api/mood\0?userId=first HTTP/1.1",
    "PA\0TCH /api/mood?userId=first HTTP/1.1",
    "CONNECT e.example:80 HTTP/1.1",
    "PATCH * HTTP/1.1",
]


@pytest.mark.parametrize("shape", SHAPES)
def test_it_answers_an_unclear_request_once_and_refuses_it(site: LiveServer, shape: str) -> None:
    lines, body = SHAPES[shape]
    received = exchange(site, request_head(site, *lines) + body + smuggled(site))
    assert [400 <= status < 500 for status in statuses(received)] == [True], received[:200]
    assert entitlement_statuses(site) == [404, 404]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[:30].replace("\0", "NUL"))
def test_it_refuses_a_request_line_that_is_none(site: LiveServer, line: str) -> None:
    received = exchange(site, request_head(site, LENGTH, "Connection: close", request=line) + BODY)
    assert [400 <= status < 500 for status in statuses(received)] == [True], received[:200]
    assert entitlement_statuses(site) == [404, 404]


def test_it_takes_a_whole_address_for_its_path(site: LiveServer) -> None:
    # RFC 9112 section 3.2.2 wants every server to accept this form, though only proxies get it.
    line = "GET http://e.example/api/openapi.json HTTP/1.1"
    received = exchange(site, request_head(site, "Connection: close", request=line))
    assert statuses(received) == [200]
    assert b"e.example" not in received


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_only_old_clients_may_leave_the_host_out(site: LiveServer, version: str) -> None:
    received = exchange(site, f"GET /healthz HTTP/{version}\r\nConnection: close\r\n\r\n")
    assert received[9:12] == (b"200" if version == "1.0" else b"400")


def test_it_does_not_take_what_follows_a_body_for_part_of_it(site: LiveServer) -> None:
    first = request_head(site, LENGTH, request="PATCH /api/mood?userId=pair HTTP/1.1") + BODY
    second = request_head(site, "Connection: close", request="GET /api/mood?userId=pair HTTP/1.1")
    received = exchange(site, first + second)
    assert statuses(received) == [200, 200]


def test_a_body_on_a_get_is_no_second_request(site: LiveServer) -> None:
    hidden = smuggled(site)
    line = "GET /api/openapi.json HTTP/1.1"
    length = f"Content-Length: {len(hidden)}"
    received = exchange(
        site, request_head(site, length, "Connection: close", request=line) + hidden
    )
    assert len(statuses(received)) == 1
    assert entitlement_statuses(site) == [404, 404]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 40_000, "[" * 60_000 + "]" * 60_000])
def test_it_refuses_json_that_is_nested_without_end(site: LiveServer, text: str) -> None:
    received = exchange(
        site, request_head(site, f"Content-Length: {len(text)}", "Connection: close") + text
    )
    assert statuses(received) == [400]
    assert entitlement_statuses(site) == [404, 404]
