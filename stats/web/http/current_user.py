"""The user loader of Flask-Login: user, session and dashboard in one round trip to Redis."""

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, current_app, g, request, session
from flask_login import AnonymousUserMixin, LoginManager, UserMixin, current_user, login_user

from stats.accounts.email_address import is_sample
from stats.accounts.sessions import Login, touch_session
from stats.dashboard import PAGE_SPAN, WEEK_SPAN, Dashboard, Unchanged, get_dashboard
from stats.errors import UserNotFound, WritesRefused
from stats.snapshot import NO_STATS
from stats.web.http.login_redirect import unauthorised
from stats.web.poll_cache import PollCache, ReadStamp
from stats.web.runtime import db
from stats.web.templating.formatting import user_fingerprint

# The span of moods that an endpoint shows; all others show none.
SPANS = {"dashboard.page": PAGE_SPAN, "dashboard.charts": PAGE_SPAN}
# The endpoints that show check-ins as they were written, and the tags to choose from; the two days
# of a page lie within this span, by whichever clock.
WITH_ENTRIES = ("dashboard.page", "dashboard.entries", "history.day", "history.add", "history.edit")
TWO_DAYS = timedelta(days=4)
manager = LoginManager()


class SessionUser(UserMixin):  # type: ignore[misc]
    """A user with a live session, and the dashboard as it was read for this request."""

    def __init__(self, dashboard: Dashboard) -> None:
        self.id, self.name, self.email = dashboard.user_id, dashboard.name, dashboard.email
        self.theme, self.live = dashboard.theme, dashboard.live
        self.timezone = dashboard.clock.timezone
        self.is_sample = is_sample(dashboard.email)
        self.dashboard = dashboard


class UnchangedUser(UserMixin):  # type: ignore[misc]
    """A user with a live session whose page is up to date, so that no dashboard was read.

    `read_stamp` and `until` are for the poll cache.
    """

    def __init__(self, user_id: str, read_stamp: ReadStamp, until: float) -> None:
        self.id, self.read_stamp, self.until = user_id, read_stamp, until


class AnonymousUser(AnonymousUserMixin):  # type: ignore[misc]
    """A visitor without a live session."""


def init_app(app: Flask) -> None:
    """Register the user loader; sessions are checked in Redis, not by Flask-Login."""
    manager.session_protection = None
    manager.anonymous_user = AnonymousUser
    manager.user_loader(load_user)
    manager.unauthorized_handler(unauthorised)
    # Session ids suffice: Flask-Login's hash of address and user agent is not used.
    manager._session_identifier_generator = lambda: ""
    # Names no cookie: the header is split there. Flask-Login's remember-me cookie is not used.
    app.config["REMEMBER_COOKIE_NAME"] = ";"
    # Its init_app would only add the handling of the remember-me cookie, which is not used.
    app.login_manager = manager  # type: ignore[attr-defined]
    app.jinja_env.globals["current_user"] = current_user
    app.jinja_env.globals["user_fingerprint"] = user_fingerprint


def load_user(user_id: str) -> SessionUser | UnchangedUser | None:
    """Return the user if this session of theirs is live."""
    if request.endpoint == "dashboard.stats":
        return _load_for_poll(user_id)
    span = SPANS.get(request.endpoint or "", timedelta(0))
    since = datetime.now(UTC) - TWO_DAYS if request.endpoint in WITH_ENTRIES else None
    result = get_dashboard(db(), user_id, session.get("sid", ""), span=span, entries_since=since)
    if not isinstance(result, Dashboard):
        return None
    _touch_session(result, session["sid"])
    return _session_user(result)


def _load_for_poll(user_id: str) -> SessionUser | UnchangedUser | None:
    read_stamp, shown = poll_cache().before_read(user_id), request.args.get("v", "")
    session_id = session.get("sid", "")
    result = get_dashboard(db(), user_id, session_id, span=WEEK_SPAN, shown=shown)
    if isinstance(result, Unchanged):
        g.user_id = user_id
        return UnchangedUser(user_id, read_stamp, result.until)
    return None if result is None else _session_user(result)


def _session_user(dashboard: Dashboard) -> SessionUser:
    g.user_id = dashboard.user_id
    return SessionUser(dashboard)


def poll_cache() -> PollCache:
    """Return the poll cache of the current app."""
    cache: PollCache = current_app.extensions["aira.poll_cache"]
    return cache


def _touch_session(dashboard: Dashboard, session_id: str) -> None:
    # The page's own requests must not keep a session alive, and HEAD must not write.
    if request.endpoint in ("dashboard.charts", "dashboard.entries") or request.method == "HEAD":
        return
    if dashboard.session.is_to_be_touched(time.time()):
        # What reads is answered while Redis takes no writes; a later request notes the use.
        with suppress(WritesRefused):
            touch_session(db(), dashboard.user_id, session_id, dashboard.session)


def begin_session(login: Login, *, remember: bool) -> None:
    """Set the session cookie for a new login session; what the old cookie held is dropped."""
    session.clear()
    session["sid"] = login.session_id
    session.permanent = remember
    dashboard = get_dashboard(db(), login.user_id, login.session_id)
    if isinstance(dashboard, Dashboard):
        login_user(_session_user(dashboard))


def reload_dashboard(entries_since: datetime | None = None) -> Dashboard:
    """Return the user's dashboard read again, for a view that has just changed it.

    It is read as a whole, so that its version fits all parts, with the entries of the last two
    days or from another moment on. Raises UserNotFound.
    """
    since = entries_since or datetime.now(UTC) - TWO_DAYS
    dashboard = get_dashboard(
        db(), current_user.id, session["sid"], span=PAGE_SPAN, entries_since=since
    )
    if not isinstance(dashboard, Dashboard):
        raise UserNotFound(NO_STATS)
    return dashboard


def current_dashboard() -> Dashboard:
    """Return the dashboard that was loaded with the current user."""
    dashboard: Any = current_user.dashboard
    return dashboard  # type: ignore[no-any-return]
