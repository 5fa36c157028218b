"""Resetting a forgotten password by mail. The blueprint also has the routes of email_address.py."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired

from stats.accounts import password_reset
from stats.accounts.email_address import canonical_email
from stats.errors import InvalidInput
from stats.lib.messages import N_
from stats.web.accounts import emails
from stats.web.http.access import public
from stats.web.http.forms.base_form import Form
from stats.web.http.forms.repeated_forms import repeatable
from stats.web.http.rate_limits import HOUR, by_address, by_email, count_attempt, limited
from stats.web.monitoring.audit_log import record_event
from stats.web.runtime import db
from stats.web.templating.translation import _, error_message

bp = Blueprint("recovery", __name__)

WRONG_PASSWORD = N_("This is not your current password.")


class ResetForm(Form):
    """The form that requests a reset."""

    email = StringField(validators=[DataRequired(N_("Enter your e-mail address."))])


class NewPasswordForm(Form):
    """The form for a new password."""

    new_password = PasswordField(validators=[DataRequired(N_("Choose a password."))])


@bp.app_context_processor
def _mail_context() -> dict[str, bool]:
    return {"offers_mail": emails.offers_mail()}


@bp.route("/reset", methods=["GET", "POST"])
@limited(60, HOUR, by=by_address)
@limited(20, HOUR, by=by_email)
@public
@repeatable
def reset() -> ResponseReturnValue:
    """Show the form, or send a link; the response does not reveal whether the account exists."""
    form = ResetForm()
    sent = emails.offers_mail() and form.validate_on_submit() and _send_reset(form)
    failed = form.is_submitted() and emails.offers_mail() and not sent
    return render_template(
        "accounts/reset_request.html", form=form, sent=sent
    ), 422 if failed else 200


def _send_reset(form: ResetForm) -> bool:
    try:
        count_mail(form.email.data)
        reset_request = password_reset.request_reset(db(), form.email.data)
    except InvalidInput as error:
        form.email.errors = [error_message(error)]
        return False
    emails.send_later(
        emails.reset(reset_request.email, reset_request.token) if reset_request else None
    )
    record_event("password.reset_asked", reset_request.user_id if reset_request else None)
    return True


def count_mail(email: str) -> None:
    """Count a mail against the limit of its address; raises TooManyTries."""
    count_attempt(f"mail {canonical_email(email)}")


@bp.route("/reset/<token>", methods=["GET", "POST"])
@limited(60, HOUR, by=by_address)
@public
@repeatable
def reset_password(token: str) -> ResponseReturnValue:
    """Show the form for a new password, or set it; logging in still needs the second factor."""
    account, form = password_reset.read_reset(db(), token), NewPasswordForm()
    try:
        if account and form.validate_on_submit():
            account = password_reset.reset_password(db(), token, form.new_password.data)
            if account:
                return _finish_reset(account)
    except InvalidInput as error:
        form.new_password.errors = [error_message(error)]
    if account is None:
        return render_template("accounts/reset_password.html", link_invalid=True), 404
    page = render_template("accounts/reset_password.html", form=form, email=account.email)
    return page, 422 if form.is_submitted() else 200


def _finish_reset(account: password_reset.Reset) -> ResponseReturnValue:
    record_event("password.reset", account.user_id)
    emails.send_later(emails.password_changed(account.email))
    flash(_("Your password is changed. Log in with it."))
    return redirect(url_for("auth.login"), 303)
