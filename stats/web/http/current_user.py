"""Who is asking: the logged-in member, loaded with the dashboard in one round trip."""

import time
from datetime import timedelta
from typing import Any

from flask import Flask, current_app, g, request, session
from flask_login import AnonymousUserMixin, LoginManager, UserMixin, current_user, login_user

from stats.accounts.sessions import Login, touch_session
from stats.dashboard import PAGE_SPAN, WEEK_SPAN, Dashboard, Unchanged, get_dashboard
from stats.errors import UserNotFound
from stats.snapshot import NO_STATS
from stats.web.http.login_redirect import unauthorised
from stats.web.poll_cache import PollCache, Question
from stats.web.runtime import db

# How many days of moods an endpoint shows; all others show none.
SPANS = {"dashboard.page": PAGE_SPAN, "dashboard.charts": PAGE_SPAN}
manager = LoginManager()


class Member(UserMixin):  # type: ignore[misc]
    """A user with a live session. `board` is the dashboard as it was read for this request."""

    def __init__(self, board: Dashboard) -> None:
        self.id, self.name, self.email = board.user_id, board.name, board.email
        self.theme, self.live = board.theme, board.live
        self.timezone = board.clock.timezone
        self.board = board


class UnchangedUser(UserMixin):  # type: ignore[misc]
    """A user with a live session whose page shows what stands: nothing more was read.

    `question` and `until` are what the poll cache is to remember.
    """

    def __init__(self, user_id: str, question: Question, until: float) -> None:
        self.id, self.question, self.until = user_id, question, until


class Stranger(AnonymousUserMixin):  # type: ignore[misc]
    """Somebody without a live session."""


def init_app(app: Flask) -> None:
    """Load members from the session cookie; sessions are checked in Redis, not by Flask-Login."""
    manager.session_protection = None
    manager.anonymous_user = Stranger
    manager.user_loader(load)
    manager.unauthorized_handler(unauthorised)
    # Sessions are told apart by their ids; a hash of the browser's name is not needed.
    manager._session_identifier_generator = lambda: ""
    # All that its init_app would add looks after a cookie that is not used here.
    app.login_manager = manager  # type: ignore[attr-defined]
    app.jinja_env.globals["current_user"] = current_user


def load(user_id: str) -> Member | UnchangedUser | None:
    """Return the member if this session of theirs is live."""
    if request.endpoint == "dashboard.stats":
        return _load_for_poll(user_id)
    span = SPANS.get(request.endpoint or "", timedelta(0))
    result = get_dashboard(db(), user_id, session.get("sid", ""), span=span)
    if not isinstance(result, Dashboard):
        return None
    _touch(result, session["sid"])
    return _member(result)


def _load_for_poll(user_id: str) -> Member | UnchangedUser | None:
    question, shown = poll_cache().ask(user_id), request.args.get("v", "")
    session_id = session.get("sid", "")
    result = get_dashboard(db(), user_id, session_id, span=WEEK_SPAN, shown=shown)
    if isinstance(result, Unchanged):
        g.user_id = user_id
        return UnchangedUser(user_id, question, result.until)
    return None if result is None else _member(result)


def _member(board: Dashboard) -> Member:
    g.user_id = board.user_id
    return Member(board)


def poll_cache() -> PollCache:
    """Return the current app's memory of polls."""
    cache: PollCache = current_app.extensions["aira.poll_cache"]
    return cache


def _touch(board: Dashboard, session_id: str) -> None:
    # What a page asks for by itself must not keep a session alive, and HEAD must not write.
    if request.endpoint == "dashboard.charts" or request.method == "HEAD":
        return
    if board.session.is_to_be_touched(time.time()):
        touch_session(db(), board.user_id, session_id, board.session)


def begin_session(login: Login, *, remember: bool) -> None:
    """Give the browser a cookie for a session that was just begun; the old one's content goes."""
    session.clear()
    session["sid"] = login.session_id
    session.permanent = remember
    board = get_dashboard(db(), login.user_id, login.session_id)
    if isinstance(board, Dashboard):
        login_user(_member(board))


def read_again() -> Dashboard:
    """Return the member's dashboard as it stands now, for a page that has just changed it.

    What a version stands for must be read in one go: parts read before and after a change do not
    belong together.
    """
    found = get_dashboard(db(), current_user.id, session["sid"], span=PAGE_SPAN)
    if not isinstance(found, Dashboard):
        raise UserNotFound(NO_STATS)
    return found


def board() -> Dashboard:
    """Return the dashboard of the member who asks."""
    found: Any = current_user.board
    return found  # type: ignore[no-any-return]
