"""Settings: the profile, the password, the data to take along or bring back, and the way out."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user
from wtforms import BooleanField, IntegerField, PasswordField, RadioField, StringField
from wtforms.validators import AnyOf, DataRequired, InputRequired

from stats.accounts import log_in, passwords, profile
from stats.accounts.deletion import close_account
from stats.accounts.email_address import is_sample, matches_email, normalise_email
from stats.accounts.email_change import address_state
from stats.accounts.profile import THEMES, check_name
from stats.activity.clock import check_clock, time_zones
from stats.errors import BillingUnavailable, EmailTaken, InvalidInput
from stats.lib.messages import N_
from stats.rate_limit import Attempt
from stats.web.accounts.auth import add_error
from stats.web.accounts.email_address import change_address
from stats.web.accounts.password_reset import WRONG_PASSWORD
from stats.web.accounts.recent_logins import recent
from stats.web.http.current_user import board
from stats.web.http.forms import Form
from stats.web.http.rate_limits import HOUR, by_user, count_attempt, limited
from stats.web.monitoring.audit_log import event
from stats.web.runtime import db, runtime
from stats.web.templating.translation import _, reason

bp = Blueprint("account", __name__)
WRONG_ADDRESS = N_("Type the e-mail address of this account to delete it.")
WRONG_ID = N_("Type the user ID of this account to delete it.")
NOT_DELETED = N_(
    "Your subscription could not be ended just now, so nothing was deleted. Try again in a minute."
)
FAREWELL = N_("Your account and everything in it are gone. Take care.")


class ProfileForm(Form):
    """What a member can change."""

    name = StringField(validators=[DataRequired(N_("Tell us what to call you."))])
    email = StringField()
    current_password = PasswordField()
    timezone = StringField(validators=[DataRequired(N_("Choose a time zone."))])
    day_start = IntegerField(default=0, validators=[InputRequired(N_("Choose an hour."))])
    theme = RadioField(
        choices=THEMES,
        validate_choice=False,
        validators=[AnyOf(THEMES, N_("Choose system, light or dark."))],
    )
    live = BooleanField(false_values=(False, "false", "0", "off", ""))


def _profile_form(typed: Mapping[str, str] | None = None) -> ProfileForm:
    clock = board().clock
    return ProfileForm(
        typed,
        name=current_user.name,
        email=current_user.email,
        timezone=clock.timezone,
        day_start=clock.day_start,
        theme=current_user.theme,
        live=current_user.live,
    )


def settings_page(form: ProfileForm | None = None, **errors: Any) -> str:
    others = set(log_in.sessions(db(), current_user.id)) - {session["sid"]}
    shown = {"password_errors": {}, "import_error": "", "delete_error": ""}
    if is_sample(current_user.email) or not current_user.email:
        del shown["password_errors"]
    form = form or _profile_form()
    beside = (form.email, form.current_password)
    return render_template(
        "accounts/settings.html",
        form=form,
        address_errors={field.name: field.errors[0] for field in beside if field.errors},
        timezones=sorted(time_zones()),
        other_sessions=len(others),
        security=recent(),
        email_state=address_state(db(), current_user.id),
        is_sample=is_sample(current_user.email),
        has_password=bool(passwords.credentials(db(), current_user.id)[0]),
        **(shown | errors),
    )


@bp.route("/settings", methods=["GET", "POST"])
def settings() -> ResponseReturnValue:
    """Show the settings, or save the profile."""
    form = _profile_form(request.form if request.method == "POST" else None)
    if form.validate_on_submit() and (said := _save(form)):
        flash(said)
        return back_to_settings()
    return settings_page(form), 422 if form.is_submitted() else 200


def _save(form: ProfileForm) -> str:
    """Save the profile; return what to say about it, "" if something will not do."""
    try:
        name, clock = (
            check_name(form.name.data),
            check_clock(form.timezone.data, form.day_start.data),
        )
        said = _change_address(form)
        profile.update_profile(
            db(),
            current_user.id,
            name=name,
            clock=clock,
            theme=form.theme.data,
            live=form.live.data,
        )
    except EmailTaken as error:
        form.email.errors = [reason(error)]
        return ""
    except InvalidInput as error:
        add_error(form, error)
        return ""
    return said


def _change_address(form: ProfileForm) -> str:
    if matches_email(form.email.data, current_user.email):
        return _("Saved.")
    address, attempt = normalise_email(form.email.data), _count_attempt()
    password = passwords.verify_current(db(), current_user.id, form.current_password.data or "")
    if password is None:
        raise InvalidInput(WRONG_PASSWORD, "current_password")
    attempt.forgive(db())
    return change_address(address, password)


def _count_attempt() -> Attempt:
    """Count an attempt at the current password as one to log in; raises TooManyTries."""
    return count_attempt(f"account {current_user.email or current_user.id}")


def back_to_settings() -> ResponseReturnValue:
    return redirect(url_for("account.settings"), 303)


@bp.post("/settings/password")
@limited(20, HOUR, by=by_user)
def password() -> ResponseReturnValue:
    """Change the password; every other session ends."""
    errors = _change_password(
        request.form.get("current_password", ""), request.form.get("new_password", "")
    )
    if errors:
        return settings_page(password_errors=errors), 422
    flash(_("Your password is changed, and you are logged in only here."))
    return back_to_settings()


def _change_password(current: str, new: str) -> dict[str, str]:
    """Change the password; return what is wrong, by field."""
    attempt, wrong = _count_attempt(), {}
    try:
        if not passwords.change_password(db(), current_user.id, current, new, session["sid"]):
            return {"current_password": _(WRONG_PASSWORD)}
        event("password.changed", current_user.id)
    except InvalidInput as error:
        wrong = {"new_password": reason(error)}
    attempt.forgive(db())
    return wrong


@bp.post("/settings/sessions/revoke")
def revoke() -> ResponseReturnValue:
    """Log out everywhere else."""
    log_in.log_out_elsewhere(db(), current_user.id, session["sid"])
    flash(_("You are logged in only here now."))
    return back_to_settings()


@bp.post("/settings/delete")
def delete() -> ResponseReturnValue:
    """Delete the account once its address (or id) was typed; its subscriptions end first."""
    if not _is_sure(request.form.get("confirm", "")):
        return settings_page(delete_error=_(WRONG_ADDRESS if current_user.email else WRONG_ID)), 422
    try:
        close_account(db(), runtime().gateway, current_user.id)
    except BillingUnavailable:
        return settings_page(delete_error=_(NOT_DELETED)), 503, {"Retry-After": "60"}
    event("account.deleted", current_user.id, by="the user")
    logout_user()
    session.clear()
    flash(_(FAREWELL))
    return redirect(url_for("pages.landing"), 303)


def _is_sure(typed: str) -> bool:
    # Who came by a sign-in link may have no address, which nothing typed must match.
    if current_user.email:
        return matches_email(typed, current_user.email)
    return bool(typed.strip() == current_user.id)
