"""Two-factor authentication: switching it on and off, and its recovery codes.

A new secret stays in the session cookie until it is confirmed: showing the page writes nothing, a
reload shows the same secret, and only its user can read the cookie.
"""

from typing import Any

import segno
from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import Markup

from stats.accounts import login_history, passwords
from stats.accounts.email_address import is_sample
from stats.accounts.second_factor import two_factor
from stats.errors import InvalidInput
from stats.web.accounts.auth import account_name, count_login_attempt, tell_of_lock
from stats.web.accounts.recent_logins import since_text
from stats.web.http.forms.repeated_forms import repeatable
from stats.web.monitoring.audit_log import record_event
from stats.web.runtime import db
from stats.web.templating.translation import _, error_message

bp = Blueprint("two_factor", __name__)


@bp.route("/settings/two-factor", methods=["GET", "POST"])
@repeatable
def page() -> ResponseReturnValue:
    """Show the state, or switch it on, switch it off or make new recovery codes."""
    if is_sample(current_user.email) or not passwords.credentials(db(), current_user.id)[0]:
        abort(404)  # a second factor needs a first one
    if request.method != "POST":
        return _page()
    action = request.form.get("action", "")
    handler = ACTIONS.get(action) or abort(400)
    attempt = count_login_attempt(account_name(current_user.email), f"code {current_user.id}")
    try:
        response = handler()
    except InvalidInput as error:
        tell_of_lock(current_user.id)
        return _page(errors={error.field or "": error_message(error)}, action=action), 422
    attempt.forgive(db())
    return response


def _on() -> ResponseReturnValue:
    result = two_factor.switch_on(
        db(),
        current_user.id,
        secret=_offered_secret(),
        code=_form_value("code"),
        password=_password(),
        session_id=session["sid"],
    )
    session["sid"] = result.session_id
    del session["offer"]
    record_event("two_factor.on", current_user.id)
    return _page(codes=result.codes)


def _codes() -> ResponseReturnValue:
    codes = two_factor.make_codes(
        db(), current_user.id, code=_form_value("code"), password=_password()
    )
    record_event("two_factor.codes_made", current_user.id)
    return _page(codes=codes)


def _off() -> ResponseReturnValue:
    two_factor.switch_off(db(), current_user.id, code=_form_value("code"), password=_password())
    record_event("two_factor.off", current_user.id)
    flash(_("Two-factor is off. Your password alone logs you in."))
    return redirect(url_for("two_factor.page"), 303)


ACTIONS = {"on": _on, "codes": _codes, "off": _off}


def _form_value(name: str) -> str:
    return request.form.get(name, "")


def _password() -> str:
    return _form_value("current_password")


def _offered_secret() -> str:
    """Return the secret offered to this session; makes one the first time."""
    secret: str = session.setdefault("offer", two_factor.new_secret())
    return secret


def _page(**context: Any) -> str:
    log = login_history.read_history(db(), current_user.id)
    state: dict[str, Any] = {"errors": {}, "action": "", "codes": (), "codes_left": log.codes_left}
    if log.two_factor is None:
        secret = _offered_secret()
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
    return render_template("accounts/two_factor.html", **(state | context))


def _qr(address: str) -> Markup:
    """Return an SVG QR code, black on white, with the quiet zone that readers need."""
    code = segno.make(address, error="m", micro=False)
    svg = code.svg_inline(omitsize=True, border=4, dark="#000", light="#fff")
    return Markup(svg)  # noqa: S704 - paths and numbers only
