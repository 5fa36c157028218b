"""What the tests of the surfaces share: browsers, forms and what stands on a page."""

import html
import re
import threading
from collections.abc import Iterator
from typing import Any

import redis
from flask import Flask
from flask.testing import FlaskClient
from redis.connection import AbstractConnection
from werkzeug.test import TestResponse

PASSWORD = "a sentence nobody knows"
HTMX_HEADERS = {"HX-Request": "true"}
CSRF_TOKEN_PATTERN = re.compile(r'name="csrf_token" value="([^"]+)"')
STAT_PATTERN = re.compile(r'data-stat="(\w+)"[^>]*>\s*([^<\s]+)')


class Client(FlaskClient):
    """A test client that reads every answer to its end, so that no file stays open."""

    def open(self, *args: Any, buffered: bool = True, **kwargs: Any) -> TestResponse:
        return super().open(*args, buffered=buffered, **kwargs)


class Browser:
    """A browser. Its `post` and `api` send the token of the session that it has."""

    def __init__(self, app: Flask, session: str = "") -> None:
        self.client = Client(app, TestResponse, use_cookies=True)
        self.get, self.head = self.client.get, self.client.head
        self.user_id = self._token = ""
        if session:
            self.client.set_cookie("session", session)

    @property
    def session(self) -> str:
        """The session cookie's value, "" without one."""
        cookie = self.client.get_cookie("session")
        return "" if cookie is None else cookie.value

    @property
    def token(self) -> str:
        """A CSRF token of this session: from the log-in form, else from the log-out button."""
        if not self._token:
            self._token = form_token(self.get("/login")) or form_token(self.get("/privacy"))
        return self._token

    def forget_token(self) -> None:
        """Forget the token: the session is another one now."""
        self._token = ""

    def post(self, url: str, data: Any = None, **kwargs: Any) -> TestResponse:
        """Send a form."""
        return self.client.post(url, data={"csrf_token": self.token, **(data or {})}, **kwargs)

    def api(self, method: str, url: str, **kwargs: Any) -> TestResponse:
        """Call the JSON API as a script on the page does."""
        return self.client.open(url, method=method, headers={"X-CSRFToken": self.token}, **kwargs)

    def stats(self) -> dict[str, Any]:
        """The stats that the API answers."""
        stats: dict[str, Any] = self.get("/api/dashboard").json["data"]
        return stats

    def moods(self) -> list[dict[str, Any]]:
        """The mood history that the API answers."""
        history: list[dict[str, Any]] = self.get("/api/mood").json["history"]
        return history

    def key(self, kind: str) -> str:
        """The Redis key of one kind of this user's data."""
        return f"user:{{{self.user_id}}}:{kind}"


def sign_up(app: Flask, name: str, **fields: str) -> Browser:
    """Return a browser in which somebody has just signed up."""
    browser = Browser(app)
    data = {"name": name, "email": f"{name.lower()}@example.com", "password": PASSWORD, **fields}
    assert browser.post("/signup", data).status_code == 302
    browser.forget_token()
    key = app.extensions["aira"].settings.api_keys[0]
    kwargs = {
        "query_string": {"email": data["email"]},
        "headers": {"Authorization": f"Bearer {key}"},
    }
    browser.user_id = app.test_client().get("/api/users", **kwargs).json["userId"]
    return browser


def log_in(app: Flask, name: str, **fields: str) -> Browser:
    """Return another browser in which a member has just logged in."""
    browser = Browser(app)
    data = {"email": f"{name.lower()}@example.com", "password": PASSWORD, **fields}
    assert browser.post("/login", data).status_code == 302
    browser.forget_token()
    return browser


def fill_account(browser: Browser) -> None:
    """Fill an account: moods with and without notes, conversations, a zone, a theme."""
    zone = {
        "name": "Ada \u202eL. 👩‍🚀",
        "timezone": "Asia/Tokyo",
        "day_start": "4",
        "theme": "dark",
    }
    browser.post("/settings", zone)
    tags = {"01": ["walk", "Böse"], "03": ["+1"]}
    for score, day, note in ((8.5, "01", "Böse <b>"), (3, "02", ""), (0, "03", "=1+1")):
        at = f"2026-03-{day}T19:30:00.123+01:00"
        mood = {"score": score, "note": note, "at": at, "tags": tags.get(day, [])}
        assert browser.api("PATCH", "/api/mood", json=mood).status_code == 200
    for number in range(5):
        chat = {
            "title": f"Talk {number}",
            "tags": ["night"],
            "messages": [{"role": "user", "content": "Hi\n👋", "at": [1, None]}] * (number + 1),
        }
        assert browser.api("POST", "/api/chat/save", json=chat).status_code == 200
    deleted = browser.get("/api/chat").json["chats"][1]["chatId"]
    assert browser.api("DELETE", f"/api/chat/{deleted}").status_code == 200


def form_token(response: TestResponse) -> str:
    """Return the CSRF token of a page's first form, "" without one."""
    match = CSRF_TOKEN_PATTERN.search(response.text)
    return match[1] if match else ""


def displayed_stats(response: TestResponse) -> dict[str, str]:
    """Return the values of a page's `data-stat` elements."""
    return dict(STAT_PATTERN.findall(response.text))


def poll_url(response: TestResponse) -> str:
    """Return the address, version included, that the fragment polls."""
    return html.unescape(re.search(r'id="stats"[^>]* hx-get="([^"]+)"', response.text)[1])


def field_error(response: TestResponse, field: str) -> str:
    """Return the sentence beside a field, "" where there is none."""
    match = re.search(rf'id="{field}-error">([^<]+)<', response.text)
    return html.unescape(match[1]) if match else ""


def routes(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Yield the method, address and endpoint of everything the route map knows."""
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield method, re.sub(r"<[^>]+>", "1", rule.rule), rule.endpoint


def remaining_keys(db: redis.Redis) -> list[str]:
    """Return the keys that are stored; what goes by itself does not count."""
    return [key for key in db.scan_iter() if not key.startswith(("throttle:", "token:", "result:"))]


def dump_all(db: redis.Redis) -> dict[str, bytes]:
    """Return all that is stored but how often somebody tried, to be compared."""
    return {key: db.dump(key) for key in db.scan_iter() if not key.startswith("throttle:")}


class RoundTrips:
    """Counts what is sent to Redis while it is patched in."""

    def __init__(self, monkeypatch: Any) -> None:
        self.count = 0
        send = AbstractConnection.send_packed_command

        def counted(connection: Any, *args: Any, **kwargs: Any) -> Any:
            # Beside the requests a thread listens to Redis, and pings.
            self.count += threading.current_thread().name != "tracking"
            return send(connection, *args, **kwargs)

        monkeypatch.setattr(AbstractConnection, "send_packed_command", counted)
