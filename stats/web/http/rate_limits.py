"""How often somebody may ask: far more than any honest person does, and no more than that.

What writes, mails or costs is counted in Redis, before it is done, by the same script as the tries
to log in: exactly, and for all workers together. The JSON API is counted in the memory of each
worker, where it costs no round trip. Flask-Limiter would take 37 µs of every request, polls
included, where a look into these tables takes less than one.

Never counted are polls, the dashboard, health and files, which are cheap and asked for all day, and
the webhook: its signature is checked before anything else, and a refusal would only delay a plan.
"""

import hashlib
import ipaddress
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from flask import Flask, request, session
from flask_login import current_user

from stats.accounts.email_address import one_spelling
from stats.errors import TooManyTries
from stats.lib.timestamps import now_ms
from stats.store.client import Db
from stats.store.keys import throttle_key
from stats.store.scripts import run
from stats.web.http.service_key import is_service
from stats.web.monitoring.audit_log import event
from stats.web.runtime import db, runtime

MINUTE, HOUR = 60, 3600


def by_address() -> str:
    """Return who asks, by address; a network of IPv6 is given to one customer as a whole.

    https://www.rfc-editor.org/rfc/rfc6177#section-2
    """
    asked_from = _parse(request.remote_addr or "")
    if asked_from is None:
        return f"address {request.remote_addr}"
    if isinstance(asked_from, ipaddress.IPv4Address):
        return f"address {asked_from}"
    plain = asked_from.ipv4_mapped
    return f"address {plain or ipaddress.ip_network((int(asked_from), 64), strict=False)}"


def _parse(forwarded: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    # Some proxies forward an address together with its port, which is another one each time.
    host = forwarded.rpartition(":")[0].strip("[]")
    for text in (forwarded, host):
        with suppress(ValueError):
            return ipaddress.ip_address(text)
    return None


def by_email() -> str:
    """Return whom a form is about, by the e-mail address typed."""
    return f"email {one_spelling(request.form.get('email', ''))}"


def by_user() -> str:
    """Return who asks, by user id."""
    return f"user {current_user.id}"


class Limit(NamedTuple):
    """At most `most` times in `seconds`, for each of `whom`."""

    most: int
    seconds: int
    whom: Callable[[], str]


# Method and endpoint → limits. Offices share an address, hence the hundred.
LIMITS = {
    ("POST", "auth.signup"): (Limit(100, HOUR, by_address),),
    ("POST", "pages.sample"): (Limit(60, HOUR, by_address),),
    ("POST", "links.follow"): (Limit(100, HOUR, by_address),),
    ("POST", "recovery.reset"): (Limit(60, HOUR, by_address), Limit(20, HOUR, by_email)),
    ("POST", "recovery.reset_password"): (Limit(60, HOUR, by_address),),
    ("POST", "recovery.send_again"): (Limit(5, HOUR, by_user),),
    ("POST", "account.password"): (Limit(20, HOUR, by_user),),
    ("POST", "account.import_"): (Limit(20, HOUR, by_user),),
    ("GET", "account.export_json"): (Limit(60, HOUR, by_user),),
    ("GET", "account.export_csv"): (Limit(60, HOUR, by_user),),
}
# A minute, in each worker.
A_SERVICE_KEY, A_SESSION = 6_000, 300
NOBODYS = ("api.openapi", "api.docs")


def init_app(app: Flask) -> None:
    """Count from now on. Doors come first: who may not ask at all is not counted."""
    app.extensions["aira.minute"] = Minute()
    app.before_request(lambda: check(app.extensions["aira.minute"]))


def check(minute: "Minute") -> None:
    """Count the request where it is limited; raises TooManyTries."""
    method, endpoint = "GET" if request.method == "HEAD" else request.method, request.endpoint or ""
    limits = LIMITS.get((method, endpoint), ())
    of_api = endpoint.startswith("api.") and endpoint not in NOBODYS
    if not (limits or of_api) or not runtime().given.ratelimit_enabled:
        return
    wait = _api(minute) if of_api else 0
    for limit in limits:
        wait = wait or hit(db(), f"{endpoint} {limit.whom()}", limit.most, limit.seconds)
    if wait:
        event("limit.reached", route=endpoint)
        raise TooManyTries(wait)


def _api(minute: "Minute") -> int:
    if is_service():
        return minute.hit(_digest(request.headers["Authorization"]), A_SERVICE_KEY)
    # The cookie is signed, so that this is a session that was begun here, if perhaps a dead one.
    session_id = session.get("sid")
    return minute.of_session(session_id) if session_id else 0


def hit(db: Db, name: str, most: int, seconds: int) -> int:
    """Write one time down for `name`; return 0, or the seconds to wait where it is refused."""
    key, token = throttle_key(_digest(name)), secrets.token_hex(8)
    wait = run(db, "rate_limit/hit", [key], now_ms(), seconds * 1000, most, token)
    return -(-int(wait) // 1000)


def _digest(name: str) -> str:
    # Hashed, so that nobody's address and no key stands in Redis or in memory.
    return hashlib.blake2s(name.encode("utf-8", "replace"), digest_size=16).hexdigest()


class Minute:
    """Counts for this process and the minute that runs. Around its turn twice as many may pass."""

    def __init__(self) -> None:
        self._lock, self._minute = threading.Lock(), 0
        self._counts: dict[str, int] = {}

    def of_session(self, session_id: str) -> int:
        """Count a call of the API by a login session, as `hit` does."""
        return self.hit(_digest(session_id), A_SESSION)

    def hit(self, name: str, most: int) -> int:
        """Count one for `name`; return 0, or the seconds to wait if there were too many."""
        minute, into = divmod(time.monotonic(), MINUTE)
        with self._lock:
            if minute != self._minute:
                self._minute, self._counts = int(minute), {}
            count = self._counts[name] = self._counts.get(name, 0) + 1
        return 0 if count <= most else int(MINUTE - into) + 1
