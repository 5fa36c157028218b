"""Two-factor on and off, and its recovery codes.

The secret that is offered waits in the session cookie: looking at a page stores nothing, a reload
shows the same one, and the cookie's owner, who alone can read it, is the one it is shown to.
"""

from typing import Any

import segno
from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import Markup

from stats.accounts import login_history, passwords, two_factor
from stats.accounts.email_address import is_sample
from stats.errors import InvalidInput
from stats.web.accounts.auth import account_name, count_login_attempt
from stats.web.accounts.recent_logins import since_text
from stats.web.monitoring.audit_log import event
from stats.web.runtime import db
from stats.web.templating.translation import _, reason

bp = Blueprint("two_factor", __name__)


@bp.route("/settings/two-factor", methods=["GET", "POST"])
def page() -> ResponseReturnValue:
    """Show how it stands, or switch it on, switch it off or make recovery codes."""
    if is_sample(current_user.email) or not passwords.credentials(db(), current_user.id)[0]:
        abort(404)  # a code stands beside a password
    if request.method != "POST":
        return _page()
    action = request.form.get("action", "")
    act = ACTIONS.get(action) or abort(400)
    attempt = count_login_attempt(account_name(current_user.email), f"code {current_user.id}")
    try:
        answer = act()
    except InvalidInput as error:
        return _page(errors={error.field or "": reason(error)}, action=action), 422
    attempt.forgive(db())
    return answer


def _on() -> ResponseReturnValue:
    codes = two_factor.switch_on(
        db(), current_user.id, secret=_offer(), code=_typed("code"), password=_password()
    )
    del session["offer"]
    event("two_factor.on", current_user.id)
    return _page(codes=codes)


def _codes() -> ResponseReturnValue:
    codes = two_factor.make_codes(db(), current_user.id, code=_typed("code"), password=_password())
    event("two_factor.codes_made", current_user.id)
    return _page(codes=codes)


def _off() -> ResponseReturnValue:
    two_factor.switch_off(db(), current_user.id, code=_typed("code"), password=_password())
    event("two_factor.off", current_user.id)
    flash(_("Two-factor is off. Your password alone logs you in."))
    return redirect(url_for("two_factor.page"), 303)


ACTIONS = {"on": _on, "codes": _codes, "off": _off}


def _typed(name: str) -> str:
    return request.form.get(name, "")


def _password() -> str:
    return _typed("current_password")


def _offer() -> str:
    """Return the secret that this session is offered."""
    offered: str = session.setdefault("offer", two_factor.new_secret())
    return offered


def _page(**shown: Any) -> str:
    log = login_history.read_history(db(), current_user.id)
    state: dict[str, Any] = {"errors": {}, "action": "", "codes": (), "codes_left": log.codes_left}
    if log.two_factor is None:
        secret = _offer()
        groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        address = two_factor.address(secret, current_user.email)
        state |= {
            "enabled_since": "",
            "secret": groups,
            "otpauth_uri": address,
            "qr_code": _qr(address),
        }
    else:
        state["enabled_since"] = since_text(log.two_factor)
    return render_template("accounts/two_factor.html", **(state | shown))


def _qr(address: str) -> Markup:
    """Return the inside of a square drawing: black on white, with the margin that readers need."""
    code = segno.make(address, error="m", micro=False)
    drawn = code.svg_inline(omitsize=True, border=4, dark="#000", light="#fff")
    return Markup(drawn)  # noqa: S704 - paths and numbers, nothing that anybody typed
