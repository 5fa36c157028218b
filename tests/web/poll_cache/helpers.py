"""Polls as a server gets them: the whole request, and whether the answer came from memory."""

from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from stats.store import tracking
from stats.store.tracking import Tracking
from stats.web.poll_cache import PollCache
from tests.support.live_server import eventually
from tests.web.helpers import Browser


@dataclass(frozen=True)
class Reply:
    """An answer; `id` is its request id, which one from memory has not."""

    status: int
    headers: Headers
    body: bytes

    @property
    def from_memory(self) -> bool:
        return "X-Request-ID" not in self.headers

    def __eq__(self, other: object) -> bool:
        """Whether two answers say the same: ids differ."""
        return isinstance(other, Reply) and self._said() == other._said()

    def _said(self) -> tuple[Any, ...]:
        own = sorted(pair for pair in self.headers if pair[0] != "X-Request-ID")
        return self.status, own, self.body


def ping_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no ping fall into a test: polls ask Redis while one is under way."""
    monkeypatch.setattr(tracking, "PING_EVERY", 5.0)
    monkeypatch.setattr(tracking, "BELIEVED_FOR", 30.0)


def cache_of(app: Flask) -> PollCache:
    found: PollCache = app.extensions["aira.poll_cache"]
    return found


def tracking_of(app: Flask) -> Tracking:
    found: Tracking = cache_of(app)._tracking
    return found


class Asker:
    """Sends requests to an app, with the cookie of a browser or with any."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def ask(self, who: Browser | str, url: str, **how: Any) -> Reply:
        """Ask as everybody does."""
        return self._answer(self.app.wsgi_app, who, url, **how)

    def route(self, who: Browser | str, url: str, **how: Any) -> Reply:
        """Ask the route that is behind the memory."""
        return self._answer(cache_of(self.app)._wsgi_app, who, url, **how)

    def remembers(self, who: Browser | str, url: str, **how: Any) -> bool:
        """Whether it comes to answer that from memory; nothing may change meanwhile."""
        return eventually(lambda: self.ask(who, url, **how).from_memory)

    def is_in_step(self) -> bool:
        """Whether what is remembered is answered just now."""
        return eventually(tracking_of(self.app).is_in_step)

    def _answer(self, wsgi_app: Any, who: Browser | str, url: str, **how: Any) -> Reply:
        cookie = who if isinstance(who, str) else f"session={who.session}"
        headers = {"Cookie": cookie, **how.pop("headers", {})}
        environ = EnvironBuilder(url, headers=headers, **how).get_environ()
        body, status, found = run_wsgi_app(wsgi_app, environ, buffered=True)
        return Reply(int(status[:3]), Headers(found), b"".join(body))
