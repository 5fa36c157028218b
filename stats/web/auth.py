"""Sign-up, log-in, log-out."""

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user
from wtforms import BooleanField, HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired

from stats import accounts
from stats.activity import Clock, check_clock, time_zones
from stats.checkout import close_account
from stats.errors import EmailTaken, InvalidInput
from stats.sentences import N_
from stats.throttle import Try, begin_try
from stats.web.forms import Form
from stats.web.members import begin_session
from stats.web.runtime import db, runtime
from stats.web.security import local_path, public
from stats.web.words import _, reason

bp = Blueprint("auth", __name__)

WRONG = N_("The e-mail address and the password do not fit together.")


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


@bp.route("/signup", methods=["GET", "POST"])
@public
def signup() -> ResponseReturnValue:
    """Show the form, or make an account and log in."""
    if current_user.is_authenticated:
        return redirect(url_for("dashboard.page"))
    form = SignUpForm()
    if form.validate_on_submit() and (login := _sign_up(form)):
        begin_session(login, remember=True)
        return redirect(url_for("dashboard.page"))
    return render_template("signup.html", form=form), 422 if form.is_submitted() else 200


def _sign_up(form: SignUpForm) -> accounts.Login | None:
    try:
        return accounts.sign_up(
            db(),
            name=form.name.data,
            email=form.email.data,
            password=form.password.data,
            clock=clock_of(form.timezone.data),
            agent=request.user_agent.string,
        )
    except EmailTaken as error:
        form.email.errors = [reason(error)]
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
        form.form_errors.append(reason(error))
    else:
        field.errors = [reason(error)]


@bp.route("/login", methods=["GET", "POST"])
@public
def login() -> ResponseReturnValue:
    """Show the form, or log in and go where the visitor was headed."""
    target = local_path(request.values.get("next"))
    if current_user.is_authenticated:
        return redirect(target)
    form = LogInForm(request.form if request.method == "POST" else None, next=target)
    if form.validate_on_submit():
        tried = _begin_try(form.email.data)
        agent = request.user_agent.string
        begun = accounts.log_in(db(), form.email.data, form.password.data, agent)
        if begun:
            tried.succeeded(db())
            begin_session(begun, remember=form.remember.data)
            return redirect(target)
        form.form_errors.append(_(WRONG))
    return render_template("login.html", form=form), 422 if form.is_submitted() else 200


def _begin_try(email: str) -> Try:
    whom = (f"address {request.remote_addr}", f"account {email.strip().lower()}")
    return begin_try(db(), *(whom if runtime().given.ratelimit_enabled else ()))


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    """End this session, no other; a sample account goes with it."""
    user_id = current_user.id
    throw_away = accounts.log_out(db(), user_id, session["sid"])
    logout_user()
    session.clear()
    if throw_away:
        close_account(db(), runtime().gateway, user_id)
    return redirect(url_for("pages.landing"))
