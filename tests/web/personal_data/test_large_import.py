"""Large files, from real clients to a real process: what they cost, and whom they keep waiting."""

import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException, HTTPResponse
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.live_server import LiveServer, eventually, is_valkey_server, serve
from tests.web.helpers import CSRF_TOKEN_PATTERN, PASSWORD

MEGABYTE = 1 << 20
NUMBERS = count()
BOUNDARY = "0123456789abcdef"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The application as a process of its own."""
    running = serve(tmp_path_factory.mktemp("site"))
    yield running
    running.destroy()


class Member:
    """Somebody who has signed up, with their cookie and their token."""

    def __init__(self, site: LiveServer) -> None:
        self.site, self.cookie = site, ""
        form = {"name": "Eve", "email": f"eve{next(NUMBERS)}@example.com", "password": PASSWORD}
        self.token = self.read_token("/signup")
        body = urlencode({**form, "csrf_token": self.token})
        assert self.ask("POST", "/signup", body, "application/x-www-form-urlencoded")[0] == 302
        self.token = self.read_token("/settings")

    def ask(
        self, method: str, path: str, body: Any = None, kind: str = "application/json"
    ) -> tuple[int, bytes]:
        """Return the status and the body of an answer."""
        connection = self.site.connect()
        connection.request(method, path, body, self.headers(kind))
        answer = connection.getresponse()
        self.keep_cookie(answer)
        data = answer.read()
        connection.close()
        return answer.status, data

    def headers(self, kind: str) -> dict[str, str]:
        own = {"Content-Type": kind, "Accept-Encoding": "identity"}
        return own | ({"Cookie": self.cookie} if self.cookie else {})

    def keep_cookie(self, answer: HTTPResponse) -> None:
        if cookie := answer.headers["Set-Cookie"]:
            self.cookie = cookie.split(";")[0]

    def read_token(self, path: str) -> str:
        found = CSRF_TOKEN_PATTERN.search(self.ask("GET", path)[1].decode())
        assert found
        return found[1]

    def form(self, data: bytes) -> bytes:
        """The form that brings a file back."""
        lines = [
            f"--{BOUNDARY}",
            'Content-Disposition: form-data; name="csrf_token"',
            "",
            self.token,
        ]
        lines += [f"--{BOUNDARY}", 'Content-Disposition: form-data; name="file"; filename="a.json"']
        return "\r\n".join([*lines, "", ""]).encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()

    def bring(self, data: bytes) -> tuple[int, str]:
        """Bring a file back; return the status and the sentence that says what is wrong with it."""
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        status, page = self.ask("POST", "/settings/import", self.form(data), kind)
        found = re.search(r'id="file-error">([^<]+)<', page.decode())
        return status, found[1] if found else ""

    def begin(self, length: int) -> HTTPConnection:
        """Begin to bring a file back, and send no more than its first bytes."""
        connection = self.site.connect()
        connection.putrequest("POST", "/settings/import")
        for name, value in self.headers(f"multipart/form-data; boundary={BOUNDARY}").items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(length))
        connection.endheaders(self.form(b"")[:300])
        return connection

    def export(self) -> dict[str, Any]:
        return dict(json.loads(self.ask("GET", "/settings/export.json")[1]))


def conversations(number: int, length: int) -> list[dict[str, Any]]:
    return [
        {
            "chatId": f"c{place}",
            "title": "Talk",
            "summary": "Talk",
            "savedAt": "2026-01-01T00:00:00Z",
            "messages": [{"role": "user", "content": "x" * length}],
        }
        for place in range(number)
    ]


def memory(site: LiveServer) -> int:
    """The most memory (bytes) that the application's processes have had since they began."""
    pids = [pid for pid in site.process_pids() if not is_valkey_server(pid)]
    texts = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    peaks = (re.search(r"VmHWM:\s+(\d+) kB", text) for text in texts)
    return sum(int(peak[1]) * 1024 for peak in peaks if peak)


def test_a_full_account_comes_back_and_costs_no_memory(site: LiveServer) -> None:
    member = Member(site)
    exported = member.export()
    exported["conversations"] = conversations(1000, 64_000)
    data = json.dumps(exported).encode()
    before = memory(site)
    assert member.bring(data) == (303, "")
    assert memory(site) - before < len(data)
    assert "Taken: 1,000 conversations." in member.ask("GET", "/settings")[1].decode()
    assert memory(site) - before < len(data)
    assert len(member.export()["conversations"]) == 1000


# How hostile files begin, and what follows without end.
HOSTILE = (
    (b"", b"["),
    (b"", b"[],"),
    (b'{"conversations":[', b"[],"),
    (b'{"conversations":[{"messages":[', b"[],"),
)


def test_what_is_no_export_costs_nobody_anything(site: LiveServer) -> None:
    members = [Member(site) for _ in HOSTILE]
    files = [start + (rest * 16 * MEGABYTE)[: 16 * MEGABYTE] for start, rest in HOSTILE]
    before = memory(site)
    with ThreadPoolExecutor(len(files)) as pool:
        answers = list(pool.map(lambda member, file: member.bring(file), members, files))
    for status, sentence in answers:
        assert status == 503 or (status == 422 and sentence.startswith("The file "))
    assert 422 in [status for status, _ in answers]
    assert memory(site) - before < 64 * MEGABYTE


def test_one_at_a_time_and_the_others_are_told(site: LiveServer) -> None:
    slow, other = Member(site), Member(site)
    data = json.dumps(other.export() | {"note": "x" * MEGABYTE}).encode()
    connection = slow.begin(2 * MEGABYTE)
    assert eventually(lambda: other.bring(data)[0] == 503)
    _, page = other.ask(
        "POST", "/settings/import", other.form(data), f"multipart/form-data; boundary={BOUNDARY}"
    )
    assert b"Another large file is being read just now." in page
    small = json.dumps(other.export()).encode()
    assert other.bring(small)[0] == 303
    assert other.ask("GET", "/dashboard")[0] == 200
    connection.close()
    assert eventually(lambda: other.bring(data)[0] == 303)


def test_an_upload_that_is_cut_short_is_refused_and_keeps_nobody_out(site: LiveServer) -> None:
    member = Member(site)
    data = json.dumps(member.export() | {"note": "x" * MEGABYTE}).encode()
    before = member.export()["stats"]
    connection = member.begin(2 * MEGABYTE)
    connection.sock.shutdown(socket.SHUT_WR)
    answer = connection.getresponse()
    assert (answer.status, answer.read() != b"") == (400, True)
    answer.close()
    connection.close()
    assert member.export()["stats"] == before
    assert eventually(lambda: member.bring(data)[0] == 303)


def test_an_export_that_breaks_off_does_not_look_whole(tmp_path: Path) -> None:
    site = serve(tmp_path / "site")
    try:
        member = Member(site)
        exported = member.export() | {"conversations": conversations(400, 200_000)}
        assert member.bring(json.dumps(exported).encode())[0] == 303
        connection = site.connect()
        connection.request("GET", "/settings/export.json", headers=member.headers("text/plain"))
        answer = connection.getresponse()
        assert len(answer.read(100_000)) == 100_000
        os.kill(site.server, signal.SIGKILL)
        with pytest.raises(HTTPException):
            answer.read()
        answer.close()
        connection.close()
    finally:
        site.destroy()
