"""Who calls the JSON API, and about whom: a login session about itself, a service key about any."""

import hmac
from dataclasses import dataclass

from flask import abort, request, session
from flask_login import current_user

from stats import service_keys
from stats.errors import InvalidInput
from stats.text import check_id, clean
from stats.user_stats import first_day
from stats.web.runtime import db, runtime
from stats.web.security import has_token, names_session

KEY_LENGTH = 255
NOBODY = "Log in or send a service key."


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose data a request is about, and whether a service key asks."""

    user_id: str
    service: bool

    @property
    def session_id(self) -> str | None:
        """The login session that asks, None for a service key."""
        return None if self.service else session["sid"]

    @property
    def create_day(self) -> str:
        """The first day for a user not seen before, "" where none may be made."""
        return first_day() if self.service and request.method != "HEAD" else ""


def is_service() -> bool:
    """Return whether the request carries a valid service key; 401 for a wrong one."""
    scheme, _, key = request.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if not scheme:
        return False
    if scheme.lower() != "bearer" or not _opens(key.strip()):
        abort(401, "The service key is not valid.")
    return True


def _opens(key: str) -> bool:
    """Return whether a key stands in the settings, or else was made by `flask keys`."""
    given, keys = key.encode(), runtime().settings.api_keys
    # Every key is compared, so that the time taken tells nothing about them.
    configured = sum(hmac.compare_digest(given, one.encode()) for one in keys)
    # A generated key's file may be empty, and an empty key opens nothing.
    return bool(key) and (bool(configured) or service_keys.check(db(), key) is not None)


def credentials() -> bool:
    """Return whether a service key asks, and not a login session; 401 for neither."""
    if not (service := is_service()) and not current_user.is_authenticated:
        abort(401, NOBODY)
    return service


def subject(in_body: str | None = None) -> Subject:
    """Return whose data is asked for; 401, 403 or 400 where that must not be answered."""
    user_id = request.args.get("userId", in_body)
    if in_body is not None and user_id != in_body:
        raise InvalidInput("userId differs between address and body.", "userId")
    if credentials():
        return Subject(check_id(user_id), True)
    return _own(current_user.id, user_id)


def actor() -> Subject:
    """As `subject`, for an act by a script that does nothing without a live session, and tells."""
    user_id = request.args.get("userId")
    if is_service():
        return Subject(check_id(user_id), True)
    if not names_session():
        abort(401, NOBODY)
    return _own(session["_user_id"], user_id)


def _own(own_id: str, user_id: str | None) -> Subject:
    if user_id is not None and user_id != own_id:
        if not current_user.is_authenticated:
            abort(401, NOBODY)
        abort(403, "This is another user's data.")
    if not has_token():
        abort(401, NOBODY)
    return Subject(own_id, False)


def service_only() -> None:
    """Refuse everybody without a service key."""
    if not is_service():
        abort(403 if current_user.is_authenticated else 401, "This needs a service key.")


def idempotency_key() -> str:
    """Return the header's key, "" without one."""
    return clean(request.headers.get("Idempotency-Key", ""), "Idempotency-Key", most=KEY_LENGTH)
