"""Operations of a service key on a user: count a day, find, make a sign-in link, delete."""

from datetime import UTC, datetime

from flask import jsonify, request
from flask.typing import ResponseReturnValue

from stats.accounts import sign_in_links
from stats.accounts.deletion import close_account
from stats.accounts.log_in import find_user
from stats.activity.streak import day_now, record_login
from stats.errors import NotFound
from stats.lib.messages import N_
from stats.lib.text import check_id
from stats.lib.timestamps import iso
from stats.snapshot import Snapshot
from stats.web.accounts.emails import external_url
from stats.web.api.authorisation import authorise, require_service_key
from stats.web.api.blueprint import bp
from stats.web.api.dashboard import changed_response, read_stats
from stats.web.api.models import examples
from stats.web.api.models.request_models import require_empty_body
from stats.web.api.models.response_models import Changed, Done, FoundUser, SignInLink
from stats.web.api.parameters import EMAIL, USER_ID
from stats.web.http.documented import SERVICE_KEY, documented
from stats.web.monitoring.audit_log import record_event
from stats.web.runtime import current_runtime, db
from stats.web.templating.translation import _

# The name of an account that a sign-in link creates, until the user chooses one.
DEFAULT_NAME = N_("friend")


@bp.post("/login")
@documented(
    "Count today as active",
    description="The user came to Aira; a day counts once.",
    security=SERVICE_KEY,
    parameters=[USER_ID],
    response=Changed,
    response_example=examples.DAY_COUNTED,
)
def login() -> ResponseReturnValue:
    """Count today as an active day of the user."""
    require_service_key()
    subject = authorise()
    require_empty_body()
    snapshot = read_stats(subject)
    day = day_now(snapshot.clock, datetime.now(UTC))
    if snapshot.last_day is None or snapshot.last_day.isoformat() < str(day[0]):
        snapshot = Snapshot.read(record_login(db(), subject.user_id, day)[1])
    return changed_response("The day is counted.", snapshot)


@bp.get("/users")
@documented(
    "Find a user by e-mail",
    security=SERVICE_KEY,
    parameters=[EMAIL],
    response=FoundUser,
    response_example=examples.USER_FOUND,
)
def find() -> ResponseReturnValue:
    """Answer the id of the user with an e-mail address."""
    require_service_key()
    user_id = find_user(db(), request.args.get("email", ""))
    if user_id is None:
        raise NotFound("There is no user with this e-mail address.")
    return jsonify(userId=user_id)


@bp.post("/users/<user_id>/link")
@documented(
    "Make a sign-in link",
    description="The address lets whoever opens it in as this user, once, for ten minutes: "
    "hand it to nobody else and keep it nowhere. An id with stats but no account is given one "
    "without password and address. Two-factor is still asked for.",
    security=SERVICE_KEY,
    response=SignInLink,
    response_example=examples.SIGN_IN_LINK,
)
def make_link(user_id: str) -> ResponseReturnValue:
    """Answer the URL of a single-use sign-in link for this user."""
    require_service_key()
    require_empty_body()
    sign_in_link = sign_in_links.make_link(db(), user_id, _(DEFAULT_NAME))
    record_event("link.made", user_id)
    url = external_url("links.follow", token=sign_in_link.token)
    return jsonify(url=url, expires=iso(sign_in_link.expires))


@bp.delete("/users/<user_id>")
@documented(
    "Delete a user",
    description="Subscriptions to our products are ended at Stripe first, open sessions closed.",
    security=SERVICE_KEY,
    response=Done,
    response_example=examples.USER_DELETED,
)
def delete_user(user_id: str) -> ResponseReturnValue:
    """Delete a user and end their subscriptions."""
    require_service_key()
    require_empty_body()
    runtime = current_runtime()
    close_account(db(), runtime.gateway, check_id(user_id), runtime.settings.secret_keys)
    record_event("account.deleted", user_id, by="service key")
    return jsonify(success=True, message="All that was stored about the user is gone.")
