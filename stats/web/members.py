"""Who is asking: the logged-in member, loaded with the dashboard in one round trip."""

import time
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, g, request, session
from flask_login import AnonymousUserMixin, LoginManager, UserMixin, current_user, login_user

from stats import moods
from stats.accounts import Login, touch_session
from stats.dashboard import PAGE_SPAN, Dashboard, Unchanged, get_dashboard
from stats.errors import UserNotFound
from stats.snapshot import NO_STATS, Snapshot
from stats.web.runtime import asked, db
from stats.web.security import unauthorised

# Where the lane leaves what it read: (user id, session id, what was found),
FOUND = "aira.found"
# and what came of a mood that it recorded: the snapshot, None without a session, or the exception.
RECORDED = "aira.recorded"
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
    # All that its init_app would add looks after a cookie that is not used here.
    app.login_manager = manager  # type: ignore[attr-defined]
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
    looked = asked().environ.get(FOUND)
    if looked and looked[:2] == (user_id, session_id):
        found: Dashboard | Unchanged | None = looked[2]
        return found
    endpoint = asked().endpoint
    if endpoint == "dashboard.stats":
        how = {"shown": request.args.get("v", ""), "charts": request.args.get("charts", "")}
        return get_dashboard(db(), user_id, session_id, span=PAGE_SPAN, **how)
    span = PAGE_SPAN if endpoint == "dashboard.page" else timedelta(0)
    return get_dashboard(db(), user_id, session_id, span=span)


def _touch(board: Dashboard, session_id: str) -> None:
    # A poll must not keep a session alive, and HEAD must not write.
    if request.endpoint == "dashboard.stats" or request.method == "HEAD":
        return
    if board.session.is_to_be_touched(time.time()):
        touch_session(db(), board.user_id, session_id, board.session)


def record_own_mood(score: float, *, note: str, at: datetime | None, op: str) -> Snapshot | None:
    """Record a mood of whoever the cookie names; None, and nothing done, without a live session."""
    user_id, environ = session["_user_id"], asked().environ
    if RECORDED not in environ:
        how: dict[str, Any] = {"note": note, "at": at, "op": op}
        environ[RECORDED] = moods.record_own_mood(db(), user_id, session["sid"], score, **how)
    found: Snapshot | Exception | None = environ[RECORDED]
    if isinstance(found, Exception):
        raise found
    if found is not None:
        # Whoever asks later in this request need not look again.
        g._login_user = Watcher(user_id)
    return found


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
