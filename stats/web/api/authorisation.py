"""Authorisation of the JSON API: a session for its own user, a service key for any user."""

from dataclasses import dataclass

from flask import abort, request, session
from flask_login import current_user

from stats.errors import InvalidInput
from stats.lib.text import check_id
from stats.user_stats import first_day
from stats.web.http.access import has_csrf_token, has_session_cookie
from stats.web.http.service_key import has_service_key

CREDENTIALS_REQUIRED = "Log in or send a service key."


@dataclass(frozen=True, slots=True)
class Subject:
    """The user whose data a request is about, and whether it came with a service key."""

    user_id: str
    service: bool

    @property
    def session_id(self) -> str | None:
        """The id of the login session, None for a service key."""
        return None if self.service else session["sid"]

    @property
    def create_day(self) -> str:
        """The first day of a user to be created, "" where none may be created."""
        return first_day() if self.service and request.method != "HEAD" else ""


def check_credentials() -> bool:
    """Return True for a service key and False for a session; aborts with 401 for neither."""
    if not (service := has_service_key()) and not current_user.is_authenticated:
        abort(401, CREDENTIALS_REQUIRED)
    return service


def authorise(in_body: str | None = None) -> Subject:
    """Return the subject of the request; `in_body` is the `userId` of its body.

    Aborts with 401 or 403; raises InvalidInput for a bad id or two different ones.
    """
    user_id = request.args.get("userId", in_body)
    if in_body is not None and user_id != in_body:
        raise InvalidInput("userId differs between address and body.", "userId")
    if check_credentials():
        return Subject(check_id(user_id), True)
    return _own(current_user.id, user_id)


def authorise_action() -> Subject:
    """As `authorise`, for a view that is `session_checked_by_script`."""
    user_id = request.args.get("userId")
    if has_service_key():
        return Subject(check_id(user_id), True)
    if not has_session_cookie():
        abort(401, CREDENTIALS_REQUIRED)
    return _own(session["_user_id"], user_id)


def _own(own_id: str, user_id: str | None) -> Subject:
    if user_id is not None and user_id != own_id:
        if not current_user.is_authenticated:
            abort(401, CREDENTIALS_REQUIRED)
        abort(403, "This is another user's data.")
    if not has_csrf_token():
        abort(401, CREDENTIALS_REQUIRED)
    return Subject(own_id, False)


def require_service_key() -> None:
    """Abort with 401, or 403 for a session, unless the request has a service key."""
    if not has_service_key():
        abort(403 if current_user.is_authenticated else 401, "This needs a service key.")
