"""Sign-up, log-in with one factor or two, log-out."""

import time
from dataclasses import astuple

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user
from wtforms import BooleanField, HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired

from stats.accounts import log_in, login_history, sign_up, two_factor
from stats.accounts.deletion import close_account
from stats.accounts.email_address import canonical_email
from stats.activity.clock import Clock, check_clock, time_zones
from stats.errors import EmailTaken, InvalidInput
from stats.lib.messages import N_
from stats.rate_limit import Attempt
from stats.web.accounts.email_address import send_confirmation
from stats.web.http.access import public
from stats.web.http.current_user import begin_session
from stats.web.http.forms import Form
from stats.web.http.login_redirect import local_path
from stats.web.http.rate_limits import HOUR, by_address, count_attempt, limited
from stats.web.monitoring.audit_log import record_event
from stats.web.runtime import current_runtime, db
from stats.web.templating.translation import _, error_message, ngettext

bp = Blueprint("auth", __name__)

WRONG = N_("The e-mail address and the password do not fit together.")
WRONG_RECOVERY = N_("This recovery code does not fit. Each works once.")
TOO_SLOW = N_("Enter your password once more, and then a new code.")
# How long a right password stands without its code (s).
HALFWAY = 5 * 60
# A longer address to go to would not fit into the cookie.
LONGEST_TARGET = 1000


class SignUpForm(Form):
    """What a new member fills in; the browser adds the time zone."""

    name = StringField(validators=[DataRequired(N_("Tell us what to call you."))])
    email = StringField(validators=[DataRequired(N_("Enter your e-mail address."))])
    password = PasswordField(validators=[DataRequired(N_("Choose a password."))])
    timezone = HiddenField()


class LogInForm(Form):
    """What a member fills in to come back."""

    email = StringField(validators=[DataRequired(N_("Enter your e-mail address."))])
    password = PasswordField(validators=[DataRequired(N_("Enter your password."))])
    remember = BooleanField(default=True)
    next = HiddenField()


class CodeForm(Form):
    """The second factor."""

    code = StringField(validators=[DataRequired(N_("Enter the code."))])


@bp.route("/signup", methods=["GET", "POST"])
@limited(100, HOUR, by=by_address)  # offices share an address
@public
def signup() -> ResponseReturnValue:
    """Show the form, or make an account and log in."""
    if current_user.is_authenticated:
        return redirect(url_for("dashboard.page"))
    form = SignUpForm()
    if form.validate_on_submit() and (login := _sign_up(form)):
        begin_session(login, remember=True)
        record_event("signup", login.user_id)
        send_confirmation(login.user_id, form.email.data)
        return redirect(url_for("dashboard.page"))
    return render_template("accounts/signup.html", form=form), 422 if form.is_submitted() else 200


def _sign_up(form: SignUpForm) -> log_in.Login | None:
    try:
        return sign_up.sign_up(
            db(),
            name=form.name.data,
            email=form.email.data,
            password=form.password.data,
            clock=clock_of(form.timezone.data),
            **visit(),
        )
    except EmailTaken as error:
        form.email.errors = [error_message(error)]
    except InvalidInput as error:
        add_error(form, error)
    return None


def clock_of(timezone: str) -> Clock:
    """Return the clock for the zone that a browser told, or UTC."""
    # The browser fills this in unseen; nobody should be kept out by a zone that we do not know.
    return check_clock(timezone) if timezone in time_zones() else Clock()


def add_error(form: Form, error: InvalidInput) -> None:
    """Put a sentence beside the field it is about, or above the form."""
    field = form._fields.get(error.field or "")
    if field is None:
        form.form_errors.append(error_message(error))
    else:
        field.errors = [error_message(error)]


@bp.route("/login", methods=["GET", "POST"])
@public
def login() -> ResponseReturnValue:
    """Show the form, or log in and go where the visitor was headed."""
    target = local_path(request.values.get("next"))
    if current_user.is_authenticated:
        return redirect(target)
    form = LogInForm(request.form if request.method == "POST" else None, next=target)
    if form.validate_on_submit():
        attempt = count_login_attempt(account_name(form.email.data))
        found = log_in.log_in(db(), form.email.data, form.password.data, **visit())
        if found:
            attempt.forgive(db())
            return enter(found, target, remember=form.remember.data)
        record_event("login.failed", log_in.lookup(db(), form.email.data), reason="password")
        form.form_errors.append(_(WRONG))
    return render_template("accounts/login.html", form=form), 422 if form.is_submitted() else 200


def visit() -> dict[str, str]:
    """Return which browser asks, and from where."""
    return {"agent": request.user_agent.string, "address": request.remote_addr or ""}


def account_name(email: str) -> str:
    """Return the name under which wrong passwords for an address are counted."""
    return f"account {canonical_email(email)}"


def count_login_attempt(*names: str) -> Attempt:
    """Count an attempt to log in for `names` and for who asks; raises TooManyTries."""
    return count_attempt(by_address(), *names)


def enter(
    found: log_in.Login | log_in.Halfway, target: str, *, remember: bool
) -> ResponseReturnValue:
    """Begin the browser's session and go on to `target`, by way of the code if one is wanted."""
    if isinstance(found, log_in.Login):
        begin_session(found, remember=remember)
        record_event("login", found.user_id, how=found.method)
        return redirect(target)
    session.clear()
    kept = target if len(target) <= LONGEST_TARGET else local_path(None)
    session["halfway"] = (*astuple(found), int(time.time()), kept, remember)
    return redirect(url_for("auth.login_code"))


@bp.route("/login/code", methods=["GET", "POST"])
@public
def login_code() -> ResponseReturnValue:
    """Show the form for the second factor, or take it and log in."""
    if current_user.is_authenticated or "halfway" not in session:
        return redirect(url_for("auth.login"))
    user_id, mark, since, target, remember = session["halfway"]
    half = log_in.Halfway(user_id, mark)
    if time.time() - since > HALFWAY:
        return _start_over(target)
    form = CodeForm()
    if form.validate_on_submit():
        attempt = count_login_attempt(f"code {user_id}")
        begun = two_factor.finish(db(), half, form.code.data, **visit())
        if begun:
            attempt.forgive(db())
            return _finish(begun, target, remember)
        record_event("login.failed", user_id, reason="code")
        if two_factor.is_void(db(), half):
            return _start_over(target)
        recovering = "recovering" in request.form
        form.code.errors = [_(WRONG_RECOVERY if recovering else two_factor.WRONG_CODE)]
    return render_template(
        "accounts/login_code.html", form=form
    ), 422 if form.is_submitted() else 200


def _start_over(target: str) -> ResponseReturnValue:
    session.clear()
    flash(_(TOO_SLOW))
    return redirect(url_for("auth.login", next=target))


def _finish(begun: log_in.Login, target: str, remember: bool) -> ResponseReturnValue:
    answer = enter(begun, target, remember=remember)
    if begun.method == login_history.LoginMethod.RECOVERY:
        left = login_history.read_history(db(), begun.user_id).codes_left
        flash(ngettext("%(num)s recovery code is left.", "%(num)s recovery codes are left.", left))
    return answer


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    """End this session, no other; a sample account goes with it."""
    user_id = current_user.id
    throw_away = log_in.log_out(db(), user_id, session["sid"])
    record_event("logout", user_id)
    logout_user()
    session.clear()
    if throw_away:
        close_account(db(), current_runtime().gateway, user_id)
    return redirect(url_for("pages.landing"))
