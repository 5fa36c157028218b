"""The application behind a real nginx with the shipped configuration."""

import html
import json
import re
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.deploy.helpers import HOST, IPV6, KEY, CurlResponse, Nginx, curl, run_nginx
from tests.support.live_server import LiveServer, eventually
from tests.web.helpers import CSRF_TOKEN_PATTERN, PASSWORD

pytestmark = pytest.mark.browser

SLOW = 16
BEARER = ("--header", f"Authorization: Bearer {KEY}")
JSON = ("--header", "Content-Type: application/json")


def form(nginx: Nginx, jar: Path, path: str, *more: str, **fields: str) -> CurlResponse:
    """Fill in a form as a browser does: with its cookie, its token and where it comes from."""
    cookies = ("--cookie", str(jar), "--cookie-jar", str(jar))
    match = CSRF_TOKEN_PATTERN.search(nginx.curl(path, *cookies).text)
    assert match
    pairs = {"csrf_token": match[1], **fields}.items()
    data = [word for name, value in pairs for word in ("--data-urlencode", f"{name}={value}")]
    return nginx.curl(path, *cookies, "--referer", f"{nginx.url}{path}", *more, *data)


def test_somebody_signs_up_and_polls_over_http_2(nginx: Nginx, tmp_path: Path) -> None:
    jar = tmp_path / "cookies"
    fields = {"name": "Alice", "email": "alice@example.com", "password": PASSWORD}
    entered = form(nginx, jar, "/signup", **fields)
    assert (entered.version, entered.status) == ("HTTP/2", 302)
    cookie = entered.headers["set-cookie"]
    assert cookie.startswith("__Host-session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    page = nginx.curl("/dashboard", "--cookie", str(jar))
    assert page.status == 200
    assert "Alice" in page.text
    address = re.search(r'id="stats"[^>]* hx-get="([^"]+)"', page.text)
    assert address
    poll = nginx.curl(html.unescape(address[1]), "--cookie", str(jar))
    assert (poll.version, poll.status, poll.text) == ("HTTP/2", 204, "")


def test_every_answer_is_dressed_for_https(nginx: Nginx) -> None:
    for path in ("/", "/nowhere", "/static/app.css"):
        assert_dressed(nginx.curl(path), path)


def assert_dressed(answer: CurlResponse, path: str) -> None:
    assert answer.headers["strict-transport-security"].startswith("max-age=63072000"), path
    assert answer.headers["content-security-policy"].startswith("default-src 'none'"), path
    assert "nginx/" not in answer.headers["server"], path


def title(page: CurlResponse) -> str:
    """The heading of a page; it must be HTML."""
    assert page.headers["content-type"].startswith("text/html"), page.text
    match = re.search(r"<h1>([^<]+)</h1>", page.text)
    assert match
    return match[1]


def test_it_serves_ipv6(nginx: Nginx, site: LiveServer) -> None:
    over_ipv6 = nginx.curl("/healthz", "--resolve", f"{HOST}:{nginx.tls}:{IPV6}")
    assert over_ipv6.status == 200


def test_who_asks_too_often_is_told_so_in_our_words(folder: Path, site: LiveServer) -> None:
    with run_nginx(folder / "narrow", site.port, rate="1r/m", burst="3") as front:
        pages = [front.curl("/privacy") for _ in range(6)]
        assert pages[-1].status == 429
        assert title(pages[-1]) == "A little slower, please"
        assert pages[-1].headers["retry-after"] == "1"
        assert front.curl("/static/app.css", "--request", "POST").status == 429
        answers = [front.curl("/api/mood?userId=often", *BEARER) for _ in range(6)]
        assert [answers[0].status, answers[-1].status] == [200, 429], "programs have their own"
        assert json.loads(answers[-1].text)["error"]


def test_plain_http_is_sent_on(nginx: Nginx) -> None:
    plain = f"http://127.0.0.1:{nginx.plain}/login?next=/history"
    answer = curl(plain, "--header", f"Host: {HOST}")
    assert answer.status == 301
    assert answer.headers["location"] == f"https://{HOST}/login?next=/history"


def test_a_name_that_is_not_served_gets_nothing(nginx: Nginx) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", nginx.tls), timeout=20) as connection,
        pytest.raises((ssl.SSLError, OSError)),
    ):
        context.wrap_socket(connection, server_hostname="other.example").close()


def test_nobody_chooses_their_own_address(nginx: Nginx, site: LiveServer, tmp_path: Path) -> None:
    """What a client says of itself is overwritten, and not added to."""
    lies = [
        "X-Forwarded-For: 203.0.113.9",
        "X-Forwarded-Host: evil.example",
        "X-Forwarded-Proto: http",
        "X-Forwarded-Port: 81",
        "X-Forwarded-Prefix: /evil",
        "Forwarded: for=203.0.113.9;host=evil.example;proto=http",
    ]
    options = [word for lie in lies for word in ("--header", lie)]
    strange = nginx.curl("/dashboard", *options)
    assert (strange.status, strange.headers["location"]) == (302, "/login?next=%2Fdashboard")
    assert "strict-transport-security" in strange.headers
    wrong = {"email": "nobody@example.com", "password": "wrong"}
    assert form(nginx, tmp_path / "jar", "/login", *options, **wrong).status == 422
    failed = [
        json.loads(line) for line in site.read_output()[1].splitlines() if "login.failed" in line
    ]
    assert failed[-1]["address"] == "127.0.0.1"
    assert "203.0.113.9" not in site.read_output()[1]


def test_no_log_holds_a_token_or_an_address_of_a_person(nginx: Nginx, site: LiveServer) -> None:
    secret = "TheTokenOfSomebody"
    kinds = ("reset", "confirm", "login/link")
    for kind in kinds:
        nginx.curl(f"/{kind}/{secret}")
    nginx.curl(f"/static/app.css?{secret}", "--referer", f"{nginx.url}/reset/{secret}")
    nginx.curl(f"/api/users?email={secret}@example.com", *BEARER)
    assert eventually(lambda: nginx.read_logs().count("/-") == len(kinds))
    for kind in kinds:
        assert f'"GET /{kind}/-"' in nginx.read_logs()
    assert secret not in nginx.read_logs()
    assert secret not in "".join(site.read_output())


def test_no_log_holds_a_token_when_the_application_is_away(folder: Path) -> None:
    secret = "TheTokenOfSomebody"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    with run_nginx(folder / "alone", port) as front:
        page = front.curl(f"/reset/{secret}", "--referer", f"{front.url}/confirm/{secret}")
        assert (page.status, page.headers["retry-after"]) == (503, "5")
        assert title(page) == "We cannot reach your numbers"
        assert_dressed(page, "/reset")
        answer = front.curl("/api/dashboard")
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert answer.headers["content-type"] == "application/json"
        assert "error" in json.loads(answer.text)
        saved = front.curl("/dashboard/mood", "--data", "score=5")
        assert (saved.status, title(saved)) == (503, "We cannot reach your numbers")
        assert front.curl("/_aira/style.css").headers["content-type"].startswith("text/css")
        assert eventually(lambda: '"GET /reset/-" 503' in front.read_logs())
        assert secret not in front.read_logs()


def test_bodies_end_where_the_application_ends_them(nginx: Nginx, tmp_path: Path) -> None:
    body = tmp_path / "body"
    mood = ("-X", "PATCH", *BEARER, *JSON, "-T", str(body))
    body.write_bytes(b'{"score": 5}'.ljust(256 * 1024))
    assert nginx.curl("/api/mood?userId=large", *mood).status == 200
    body.write_bytes(b'{"score": 5}'.ljust(256 * 1024 + 1))
    answer = nginx.curl("/api/mood?userId=large", *mood)
    assert (answer.status, answer.headers["content-type"]) == (413, "application/json")
    assert json.loads(answer.text)["error"]
    assert "x-request-id" not in answer.headers, "it was passed on"
    page = nginx.curl("/dashboard/mood", "-X", "POST", "-T", str(body))
    assert (page.status, title(page)) == (413, "Too much at once")


def test_an_export_of_many_megabytes_can_be_read_back(nginx: Nginx, tmp_path: Path) -> None:
    jar, file = tmp_path / "cookies", tmp_path / "export.json"
    fields = {"name": "Carol", "email": "carol@example.com", "password": PASSWORD}
    assert form(nginx, jar, "/signup", **fields).status == 302
    cookies = ("--cookie", str(jar), "--cookie-jar", str(jar))
    match = CSRF_TOKEN_PATTERN.search(nginx.curl("/settings", *cookies).text)
    assert match
    sent = (f"csrf_token={match[1]}", f"file=@{file}")
    own = (*cookies, "--referer", f"{nginx.url}/settings", "--header", "Expect:")
    for size, status in ((15 << 20, 422), (514 << 20, 413)):
        with file.open("wb") as export:
            export.truncate(size)
        forms = [word for field in sent for word in ("--form", field)]
        answer = nginx.curl("/settings/import", *own, *forms)
        assert answer.status == status, answer.text


def test_a_chunked_body_comes_with_its_length(nginx: Nginx) -> None:
    """The application takes none in chunks; nginx has all of it before it asks."""
    chunked = ("--http1.1", "--header", "Transfer-Encoding: chunked")
    mood = ("-X", "PATCH", *BEARER, *JSON, "--data", '{"score": 6}')
    answer = nginx.curl("/api/mood?userId=chunks", *chunked, *mood)
    assert answer.status == 200, answer.text


class Slow:
    """Somebody whose body comes byte by byte."""

    BODY = json.dumps({"score": 4, "note": "slowly"}).encode()

    def __init__(self, nginx: Nginx, number: int) -> None:
        context = ssl.create_default_context(cafile=nginx.folder / "fullchain.pem")
        plain = socket.create_connection(("127.0.0.1", nginx.tls), timeout=30)
        self.connection = context.wrap_socket(plain, server_hostname=HOST)
        head = (
            f"PATCH /api/mood?userId=slow{number} HTTP/1.1\r\nHost: {HOST}\r\n"
            f"Authorization: Bearer {KEY}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(self.BODY)}\r\nConnection: close\r\n\r\n"
        )
        self.connection.sendall(head.encode())
        self.left = self.BODY

    def dribble(self) -> None:
        self.connection.sendall(self.left[:1])
        self.left = self.left[1:]

    def finish(self) -> bytes:
        self.connection.sendall(self.left)
        with self.connection, self.connection.makefile("rb") as answer:
            return answer.readline()


def test_sixteen_slow_senders_hold_up_nobody(nginx: Nginx) -> None:
    """Four threads serve, three of which may wait for bodies: here none ever does."""
    slow = [Slow(nginx, number) for number in range(SLOW)]
    mood = ("-X", "PATCH", *BEARER, *JSON, "--data", '{"score": 8}')
    statuses = []
    with ThreadPoolExecutor(4) as pool:
        for _ in range(8):
            for sender in slow:
                sender.dribble()
            futures = [pool.submit(nginx.curl, "/api/mood?userId=quick", *mood) for _ in range(4)]
            statuses += [one.result().status for one in futures]
    assert statuses == [200] * 32
    assert all(sender.left for sender in slow), "they were not slow enough"
    assert [sender.finish().split()[1] for sender in slow] == [b"200"] * SLOW
