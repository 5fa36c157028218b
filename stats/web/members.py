"""Who is asking: the logged-in member, loaded with the dashboard in one round trip."""

import time
from datetime import timedelta
from typing import Any

from flask import Flask, request, session
from flask_login import AnonymousUserMixin, LoginManager, UserMixin, current_user, login_user

from stats.accounts import Login, touch_session
from stats.dashboard import PAGE_SPAN, Dashboard, Unchanged, get_dashboard
from stats.errors import UserNotFound
from stats.snapshot import NO_STATS
from stats.web.runtime import db
from stats.web.security import unauthorised

TOUCHED_EVERY = 3600
# Where the lane leaves what it read: (user id, session id, what was found).
FOUND = "aira.found"
manager = LoginManager()


class Member(UserMixin):  # type: ignore[misc]
    """A user with a live session. `board` is the dashboard as it was read for this request."""

    def __init__(self, board: Dashboard) -> None:
        self.id, self.name, self.email = board.user_id, board.name, board.email
        self.theme, self.live = board.theme, board.live
        self.timezone = board.clock.timezone
        self.board = board


class Watcher(UserMixin):  # type: ignore[misc]
    """A user with a live session whose page shows what stands: nothing more was read."""

    def __init__(self, user_id: str) -> None:
        self.id = user_id


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
    manager.init_app(app, add_context_processor=False)
    app.jinja_env.globals["current_user"] = current_user


def load(user_id: str) -> Member | Watcher | None:
    """Return the member if this session of theirs is live."""
    session_id: str = session.get("sid", "")
    found = _look(user_id, session_id)
    if isinstance(found, Unchanged):
        return Watcher(user_id)
    if found is None:
        return None
    _touch(found, session_id)
    return Member(found)


def _look(user_id: str, session_id: str) -> Dashboard | Unchanged | None:
    asked = request.environ.get(FOUND)
    if asked and asked[:2] == (user_id, session_id):
        found: Dashboard | Unchanged | None = asked[2]
        return found
    polls = request.endpoint == "dashboard.stats"
    return get_dashboard(
        db(),
        user_id,
        session_id,
        span=PAGE_SPAN if polls or request.endpoint == "dashboard.page" else timedelta(0),
        shown=request.args.get("v", "") if polls else "",
        charts=request.args.get("charts", "") if polls else "",
    )


def _touch(board: Dashboard, session_id: str) -> None:
    # A poll must not keep a session alive, and HEAD must not write.
    if request.endpoint == "dashboard.stats" or request.method == "HEAD":
        return
    if time.time() - board.session.seen >= TOUCHED_EVERY:
        touch_session(db(), board.user_id, session_id, board.session)


def begin_session(login: Login, *, remember: bool) -> None:
    """Give the browser a cookie for a session that was just begun; the old one's content goes."""
    session.clear()
    session["sid"] = login.session_id
    session.permanent = remember
    board = get_dashboard(db(), login.user_id, login.session_id)
    if isinstance(board, Dashboard):
        login_user(Member(board))


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
