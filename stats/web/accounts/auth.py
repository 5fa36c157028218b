"""Log-in with one or two factors, log-out."""

import time
from dataclasses import astuple

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from wtforms import BooleanField, HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired

from stats.accounts import log_in, login_history
from stats.accounts.email_address import canonical_email
from stats.accounts.second_factor import two_factor
from stats.accounts.second_factor.code_lockout import claim_lock_notice
from stats.activity.clock import Clock, check_clock, time_zones
from stats.errors import InvalidInput
from stats.lib.messages import N_
from stats.rate_limit import Attempt
from stats.web.accounts import emails
from stats.web.accounts.session_end import end_session, is_member, leave_sample
from stats.web.http.access import public
from stats.web.http.current_user import begin_session
from stats.web.http.forms.base_form import Form
from stats.web.http.forms.repeated_forms import repeatable
from stats.web.http.forms.stale_forms import takes_stale_token
from stats.web.http.login_redirect import local_path
from stats.web.http.rate_limits import by_address, count_attempt
from stats.web.monitoring.audit_log import record_event
from stats.web.runtime import db
from stats.web.templating.translation import _, error_message, ngettext

bp = Blueprint("auth", __name__)

WRONG_CREDENTIALS = N_("The e-mail address and the password do not fit together.")
WRONG_RECOVERY = N_("This recovery code does not fit. Each works once.")
CODE_EXPIRED = N_("Enter your password once more, and then a new code.")
# How long a verified password waits for the second factor (s).
CODE_TIMEOUT = 5 * 60
# A longer redirect target would not fit into the session cookie.
MAX_TARGET_LENGTH = 1000


class LogInForm(Form):
    """The log-in form."""

    email = StringField(validators=[DataRequired(N_("Enter your e-mail address."))])
    password = PasswordField(validators=[DataRequired(N_("Enter your password."))])
    remember = BooleanField(default=True)
    next = HiddenField()


class CodeForm(Form):
    """The form for the second factor: a TOTP code or a recovery code."""

    code = StringField(validators=[DataRequired(N_("Enter the code."))])


def browser_clock(timezone: str) -> Clock | None:
    """Return the clock of the time zone that the browser sent, None if there is no such zone."""
    # The field is hidden, so an error could not be corrected.
    return check_clock(timezone) if timezone in time_zones() else None


def add_error(form: Form, error: InvalidInput) -> None:
    """Add the message of an error to its field, or to the form."""
    field = form._fields.get(error.field or "")
    if field is None:
        form.form_errors.append(error_message(error))
    else:
        field.errors = [error_message(error)]


@bp.route("/login", methods=["GET", "POST"])
@public
@takes_stale_token
@repeatable
def login() -> ResponseReturnValue:
    """Show the form, or log in and redirect to `next`."""
    target = local_path(request.values.get("next"))
    if is_member():
        return redirect(target)
    form = LogInForm(request.form if request.method == "POST" else None, next=target)
    if form.validate_on_submit():
        attempt = count_login_attempt(account_name(form.email.data))
        login = log_in.log_in(db(), form.email.data, form.password.data, **client_info())
        if login:
            attempt.forgive(db())
            return start_session(login, target, remember=form.remember.data)
        record_event("login.failed", log_in.lookup(db(), form.email.data), reason="password")
        form.form_errors.append(_(WRONG_CREDENTIALS))
    return render_template("accounts/login.html", form=form), form.status


def client_info() -> dict[str, str]:
    """Return the user agent and the address of the client, for the log-in history."""
    return {"agent": request.user_agent.string, "address": request.remote_addr or ""}


def account_name(email: str) -> str:
    """Return the rate-limit key of the log-in attempts on an account."""
    return f"account {canonical_email(email)}"


def count_login_attempt(*names: str) -> Attempt:
    """Count a log-in attempt for `names` and the client's address; raises TooManyTries."""
    return count_attempt(by_address(), *names)


def start_session(
    login: log_in.Login | log_in.Halfway, target: str, *, remember: bool
) -> ResponseReturnValue:
    """Begin a login session and redirect to `target`; ask for the second factor first if needed.

    Sample data that was looked at until now is left behind.
    """
    leave_sample()
    if isinstance(login, log_in.Login):
        begin_session(login, remember=remember)
        record_event("login", login.user_id, how=login.method)
        return redirect(target)
    session.clear()
    saved_target = target if len(target) <= MAX_TARGET_LENGTH else local_path(None)
    session["halfway"] = (*astuple(login), int(time.time()), saved_target, remember)
    return redirect(url_for("auth.login_code"))


@bp.route("/login/code", methods=["GET", "POST"])
@public
@repeatable
def login_code() -> ResponseReturnValue:
    """Show the form for the second factor, or verify it and log in."""
    if current_user.is_authenticated or "halfway" not in session:
        return redirect(url_for("auth.login"))
    user_id, fingerprint, since, target, remember = session["halfway"]
    halfway = log_in.Halfway(user_id, fingerprint)
    if time.time() - since > CODE_TIMEOUT:
        return _start_over(target)
    form = CodeForm()
    if form.validate_on_submit():
        attempt = count_login_attempt(f"code {user_id}")
        login = two_factor.finish(db(), halfway, form.code.data, **client_info())
        if login:
            attempt.forgive(db())
            return _finish(login, target, remember)
        record_event("login.failed", user_id, reason="code")
        tell_of_lock(user_id)
        if two_factor.is_void(db(), halfway):
            return _start_over(target)
        recovering = "recovering" in request.form
        form.code.errors = [_(WRONG_RECOVERY if recovering else two_factor.WRONG_CODE)]
    return render_template(
        "accounts/login_code.html", form=form
    ), 422 if form.is_submitted() else 200


def tell_of_lock(user_id: str) -> None:
    """Record it and send a mail, once, if wrong codes have locked a user's second factor."""
    address = claim_lock_notice(db(), user_id)
    if address is None:
        return
    record_event("two_factor.locked", user_id)
    if address and emails.offers_mail():
        emails.send_later(emails.codes_locked(address))


def _start_over(target: str) -> ResponseReturnValue:
    session.clear()
    flash(_(CODE_EXPIRED))
    return redirect(url_for("auth.login", next=target))


def _finish(login: log_in.Login, target: str, remember: bool) -> ResponseReturnValue:
    response = start_session(login, target, remember=remember)
    if login.method == login_history.LoginMethod.RECOVERY:
        left = login_history.read_history(db(), login.user_id).codes_left
        flash(ngettext("%(num)s recovery code is left.", "%(num)s recovery codes are left.", left))
    return response


@bp.post("/logout")
@takes_stale_token
@repeatable
def logout() -> ResponseReturnValue:
    """End this session only; deletes a sample account. A page of an older session will do."""
    end_session()
    return redirect(url_for("pages.landing"))
