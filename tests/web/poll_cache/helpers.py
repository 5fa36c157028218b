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
    def from_cache(self) -> bool:
        return "X-Request-ID" not in self.headers

    def __eq__(self, other: object) -> bool:
        """Whether two answers say the same: ids differ."""
        return isinstance(other, Reply) and self._comparable() == other._comparable()

    def _comparable(self) -> tuple[Any, ...]:
        own = sorted(pair for pair in self.headers if pair[0] != "X-Request-ID")
        return self.status, own, self.body


def ping_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no ping fall into a test: polls ask Redis while one is under way."""
    monkeypatch.setattr(tracking, "PING_EVERY", 5.0)
    monkeypatch.setattr(tracking, "BELIEVED_FOR", 30.0)


def cache_of(app: Flask) -> PollCache:
    cache: PollCache = app.extensions["aira.poll_cache"]
    return cache


def tracking_of(app: Flask) -> Tracking:
    client_tracking: Tracking = cache_of(app)._tracking
    return client_tracking


class PollClient:
    """Sends requests to an app, with the cookie of a browser or with any."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def request(self, who: Browser | str, url: str, **kwargs: Any) -> Reply:
        """Ask as everybody does."""
        return self._answer(self.app.wsgi_app, who, url, **kwargs)

    def route(self, who: Browser | str, url: str, **kwargs: Any) -> Reply:
        """Ask the route that is behind the memory."""
        return self._answer(cache_of(self.app)._wsgi_app, who, url, **kwargs)

    def is_cached(self, who: Browser | str, url: str, **kwargs: Any) -> bool:
        """Whether it comes to answer that from memory; nothing may change meanwhile."""
        return eventually(lambda: self.request(who, url, **kwargs).from_cache)

    def is_in_step(self) -> bool:
        """Whether what is remembered is answered just now."""
        return eventually(tracking_of(self.app).is_in_step)

    def _answer(self, wsgi_app: Any, who: Browser | str, url: str, **kwargs: Any) -> Reply:
        cookie = who if isinstance(who, str) else f"session={who.session}"
        headers = {"Cookie": cookie, **kwargs.pop("headers", {})}
        environ = EnvironBuilder(url, headers=headers, **kwargs).get_environ()
        body, status, response_headers = run_wsgi_app(wsgi_app, environ, buffered=True)
        return Reply(int(status[:3]), Headers(response_headers), b"".join(body))
