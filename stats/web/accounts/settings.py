"""The settings page: profile, password, sessions, deletion of the account."""

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
from stats.web.accounts.recent_logins import recent_logins
from stats.web.http.current_user import current_dashboard
from stats.web.http.forms.base_form import Form
from stats.web.http.forms.repeated_forms import repeatable
from stats.web.http.rate_limits import HOUR, by_user, count_attempt, limited
from stats.web.monitoring.audit_log import record_event
from stats.web.runtime import current_runtime, db
from stats.web.templating.timezones import grouped_zones, place_name, zone_option
from stats.web.templating.translation import _, error_message

bp = Blueprint("account", __name__)
CONFIRM_BY_ADDRESS = N_("Type the e-mail address of this account to delete it.")
CONFIRM_BY_ID = N_("Type the user ID of this account to delete it.")
NOT_DELETED = N_(
    "Your account was not deleted: Stripe has not confirmed the end of all that you pay for. "
    "Some of it may have ended already. Try again in a minute."
)
ACCOUNT_DELETED = N_("Your account and everything in it are gone. Take care.")


class ProfileForm(Form):
    """The form of the profile; a new address needs the current password."""

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


def _profile_form(formdata: Mapping[str, str] | None = None) -> ProfileForm:
    clock = current_dashboard().clock
    return ProfileForm(
        formdata,
        name=current_user.name,
        email=current_user.email,
        timezone=clock.timezone,
        day_start=clock.day_start,
        theme=current_user.theme,
        live=current_user.live,
    )


def settings_page(form: ProfileForm | None = None, **errors: Any) -> str:
    other_sessions = set(log_in.sessions(db(), current_user.id)) - {session["sid"]}
    context = {"password_errors": {}, "import_error": "", "delete_error": ""}
    if is_sample(current_user.email) or not current_user.email:
        del context["password_errors"]
    form = form or _profile_form()
    zone, now = form.timezone.data, current_dashboard().now
    address_fields = (form.email, form.current_password)
    return render_template(
        "accounts/settings.html",
        form=form,
        address_errors={field.name: field.errors[0] for field in address_fields if field.errors},
        zone_groups=grouped_zones(now),
        own_zone=zone_option(zone, now) if zone in time_zones() else None,
        other_sessions=len(other_sessions),
        security=recent_logins(),
        email_state=address_state(db(), current_user.id),
        is_sample=is_sample(current_user.email),
        is_payer=bool(current_dashboard().billing.live),
        has_password=bool(passwords.credentials(db(), current_user.id)[0]),
        **(context | errors),
    )


@bp.route("/settings", methods=["GET", "POST"])
@repeatable
def settings() -> ResponseReturnValue:
    """Show the settings, or save the profile."""
    form = _profile_form(request.form if request.method == "POST" else None)
    if form.validate_on_submit() and (message := _save(form)):
        flash(message)
        return back_to_settings()
    return settings_page(form), 422 if form.is_submitted() else 200


@bp.post("/settings/timezone")
def timezone() -> ResponseReturnValue:
    """Take the time zone of the device, which the dashboard has offered."""
    timezone = request.form.get("timezone", "")
    profile.set_timezone(db(), current_user.id, timezone)
    flash(_("Your days follow the time in %(place)s now.", place=place_name(timezone)))
    return redirect(url_for("dashboard.page"), 303)


def _save(form: ProfileForm) -> str:
    """Save the profile; return the message to flash, "" if a field is invalid."""
    try:
        name, clock = (
            check_name(form.name.data),
            check_clock(form.timezone.data, form.day_start.data),
        )
        message = _change_address(form)
        profile.update_profile(
            db(),
            current_user.id,
            name=name,
            clock=clock,
            theme=form.theme.data,
            live=form.live.data,
        )
    except EmailTaken as error:
        form.email.errors = [error_message(error)]
        return ""
    except InvalidInput as error:
        add_error(form, error)
        return ""
    return message


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
    """Count an attempt at the current password like one to log in; raises TooManyTries."""
    return count_attempt(f"account {current_user.email or current_user.id}")


def back_to_settings() -> ResponseReturnValue:
    return redirect(url_for("account.settings"), 303)


@bp.post("/settings/password")
@limited(20, HOUR, by=by_user)
@repeatable
def password() -> ResponseReturnValue:
    """Change the password and end all other sessions."""
    errors = _change_password(
        request.form.get("current_password", ""), request.form.get("new_password", "")
    )
    if errors:
        return settings_page(password_errors=errors), 422
    flash(_("Your password is changed, and you are logged in only here."))
    return back_to_settings()


def _change_password(current: str, new: str) -> dict[str, str]:
    """Change the password; return the messages of the fields that are invalid."""
    attempt, errors = _count_attempt(), {}
    try:
        new_id = passwords.change_password(db(), current_user.id, current, new, session["sid"])
        if new_id is None:
            return {"current_password": _(WRONG_PASSWORD)}
        session["sid"] = new_id
        record_event("password.changed", current_user.id)
    except InvalidInput as error:
        errors = {"new_password": error_message(error)}
    attempt.forgive(db())
    return errors


@bp.post("/settings/sessions/revoke")
@repeatable
def revoke() -> ResponseReturnValue:
    """End all other sessions, and copies of this one's cookie."""
    session["sid"] = log_in.log_out_elsewhere(db(), current_user.id, session["sid"])
    flash(_("You are logged in only here now."))
    return back_to_settings()


@bp.post("/settings/delete")
@repeatable
def delete() -> ResponseReturnValue:
    """Delete the account, confirmed by its address or id, after ending its subscriptions."""
    if not _is_confirmed(request.form.get("confirm", "")):
        return settings_page(
            delete_error=_(CONFIRM_BY_ADDRESS if current_user.email else CONFIRM_BY_ID)
        ), 422
    runtime = current_runtime()
    try:
        close_account(db(), runtime.gateway, current_user.id, runtime.settings.secret_keys)
    except BillingUnavailable:
        return settings_page(delete_error=_(NOT_DELETED)), 503, {"Retry-After": "60"}
    record_event("account.deleted", current_user.id, by="the user")
    logout_user()
    session.clear()
    flash(_(ACCOUNT_DELETED))
    return redirect(url_for("pages.landing"), 303)


def _is_confirmed(text: str) -> bool:
    # An account made by a sign-in link may have no address, and an empty text must not match.
    if current_user.email:
        return matches_email(text, current_user.email)
    return bool(text.strip() == current_user.id)
