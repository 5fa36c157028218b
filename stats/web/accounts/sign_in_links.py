"""Sign-in links: the page that a link of `POST /api/users/<id>/link` opens."""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from stats.accounts import log_in, sign_in_links
from stats.accounts.profile import set_timezone
from stats.web.accounts.auth import browser_clock, client_info, start_session
from stats.web.accounts.session_end import end_session
from stats.web.http.access import public
from stats.web.http.forms.repeated_forms import repeatable
from stats.web.http.rate_limits import HOUR, by_address, limited
from stats.web.monitoring.audit_log import record_event
from stats.web.runtime import db

bp = Blueprint("links", __name__)


@bp.route("/login/link/<token>", methods=["GET", "POST"])
@limited(100, HOUR, by=by_address)
@public
@repeatable
def follow(token: str) -> ResponseReturnValue:
    """Show a button (mail scanners follow links with GET), or log in with POST."""
    if request.method == "POST":
        return _log_in(token) or _expired()
    return (
        render_template("accounts/sign_in_link.html")
        if sign_in_links.read_link(db(), token)
        else _expired()
    )


def _log_in(token: str) -> ResponseReturnValue | None:
    link = sign_in_links.use_link(db(), token)
    client = client_info()
    login = link and log_in.log_in_by_link(db(), link.user_id, **client, mark=link.payload)
    if not login:
        record_event("login.failed", link.user_id if link else None, reason="link")
        return None
    if current_user.is_authenticated:
        end_session()
    clock = browser_clock(request.form.get("timezone", ""))
    if clock and isinstance(login, log_in.Login):
        set_timezone(db(), login.user_id, clock.timezone, unless_chosen=True)
    return start_session(login, url_for("dashboard.page"), remember=True)


def _expired() -> ResponseReturnValue:
    return render_template("accounts/sign_in_link.html", link_invalid=True), 404
