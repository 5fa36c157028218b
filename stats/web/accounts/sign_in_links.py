"""Sign-in links: the page that a link of `POST /api/users/<id>/link` opens, and its button."""

from flask import Blueprint, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from stats.accounts import log_in, sign_in_links
from stats.accounts.deletion import close_account
from stats.web.accounts.auth import enter, visit
from stats.web.http.access import public
from stats.web.http.rate_limits import HOUR, by_address, limited
from stats.web.monitoring.audit_log import event
from stats.web.runtime import db, runtime

bp = Blueprint("links", __name__)


@bp.route("/login/link/<token>", methods=["GET", "POST"])
@limited(100, HOUR, by=by_address)
@public
def follow(token: str) -> ResponseReturnValue:
    """Show a button, so that a mail scanner uses nothing up, or log in by the link."""
    if request.method == "POST":
        return _log_in(token) or _dead()
    return (
        render_template("accounts/sign_in_link.html")
        if sign_in_links.read_link(db(), token)
        else _dead()
    )


def _log_in(token: str) -> ResponseReturnValue | None:
    user_id = sign_in_links.use_link(db(), token)
    found = user_id and log_in.log_in_by_link(db(), user_id, **visit())
    if not found:
        event("login.failed", user_id, reason="link")
        return None
    _leave()
    return enter(found, url_for("dashboard.page"), remember=True)


def _leave() -> None:
    """End the session that this browser had, whoever's it was; a sample account goes with it."""
    if not current_user.is_authenticated:
        return
    user_id = current_user.id
    if log_in.log_out(db(), user_id, session["sid"]):
        close_account(db(), runtime().gateway, user_id)
    event("logout", user_id)


def _dead() -> ResponseReturnValue:
    return render_template("accounts/sign_in_link.html", link_invalid=True), 404
