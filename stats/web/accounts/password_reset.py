"""Ways back in: the forgotten password, and addresses that are confirmed or changed."""

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
from stats.web.http.forms import Form
from stats.web.http.rate_limits import HOUR, by_address, by_email, count_attempt, limited
from stats.web.monitoring.audit_log import event
from stats.web.runtime import db
from stats.web.templating.translation import _, reason

bp = Blueprint("recovery", __name__)

WRONG_PASSWORD = N_("This is not your current password.")


class ResetForm(Form):
    """Whose password was forgotten."""

    email = StringField(validators=[DataRequired(N_("Enter your e-mail address."))])


class NewPasswordForm(Form):
    """The password to have from now on."""

    new_password = PasswordField(validators=[DataRequired(N_("Choose a password."))])


@bp.app_context_processor
def _offer() -> dict[str, bool]:
    return {"offers_mail": emails.offers_mail()}


@bp.route("/reset", methods=["GET", "POST"])
@limited(60, HOUR, by=by_address)
@limited(20, HOUR, by=by_email)
@public
def reset() -> ResponseReturnValue:
    """Ask for whom, and send a link; whether there is such an account is told to nobody."""
    form = ResetForm()
    sent = emails.offers_mail() and form.validate_on_submit() and _send_reset(form)
    failed = form.is_submitted() and emails.offers_mail() and not sent
    return render_template(
        "accounts/reset_request.html", form=form, sent=sent
    ), 422 if failed else 200


def _send_reset(form: ResetForm) -> bool:
    try:
        count_mail(form.email.data)
        asked = password_reset.request_reset(db(), form.email.data)
    except InvalidInput as error:
        form.email.errors = [reason(error)]
        return False
    emails.post(emails.reset(asked.email, asked.token) if asked else None)
    event("password.reset_asked", asked.user_id if asked else None)
    return True


def count_mail(email: str) -> None:
    """Count a mail, so that nobody's mailbox is filled; raises TooManyTries."""
    count_attempt(f"mail {canonical_email(email)}")


@bp.route("/reset/<token>", methods=["GET", "POST"])
@limited(60, HOUR, by=by_address)
@public
def reset_password(token: str) -> ResponseReturnValue:
    """Ask for a new password, or set it; two-factor is still asked for at the log-in."""
    found, form = password_reset.read_reset(db(), token), NewPasswordForm()
    try:
        if found and form.validate_on_submit():
            found = password_reset.reset_password(db(), token, form.new_password.data)
            if found:
                return _is_reset(found)
    except InvalidInput as error:
        form.new_password.errors = [reason(error)]
    if found is None:
        return render_template("accounts/reset_password.html", link_invalid=True), 404
    page = render_template("accounts/reset_password.html", form=form, email=found.email)
    return page, 422 if form.is_submitted() else 200


def _is_reset(found: password_reset.Reset) -> ResponseReturnValue:
    event("password.reset", found.user_id)
    emails.post(emails.password_changed(found.email))
    flash(_("Your password is changed. Log in with it."))
    return redirect(url_for("auth.login"), 303)
