"""Sign-up."""

from collections.abc import Callable

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, ValidationError

from stats.accounts import log_in, sign_up
from stats.accounts.email_address import normalise_email
from stats.accounts.passwords import check_password
from stats.accounts.profile import check_name
from stats.errors import EmailTaken, InvalidInput
from stats.lib.messages import N_
from stats.web.accounts.auth import add_error, bp, browser_clock, client_info
from stats.web.accounts.email_address import send_confirmation
from stats.web.accounts.session_end import is_member, leave_sample
from stats.web.http.access import public
from stats.web.http.current_user import begin_session
from stats.web.http.forms.base_form import Form
from stats.web.http.forms.repeated_forms import repeatable
from stats.web.http.forms.stale_forms import takes_stale_token
from stats.web.http.rate_limits import HOUR, by_address, limited
from stats.web.monitoring.audit_log import record_event
from stats.web.runtime import db
from stats.web.templating.translation import error_message


class SignUpForm(Form):
    """The sign-up form; a script fills in the time zone of the browser."""

    name = StringField(validators=[DataRequired(N_("Tell us what to call you."))])
    email = StringField(validators=[DataRequired(N_("Enter your e-mail address."))])
    password = PasswordField(validators=[DataRequired(N_("Choose a password."))])
    timezone = HiddenField()

    # The domain stops at the first bad value; here all are named at once.
    def validate_name(self, field: StringField) -> None:
        """Refuse a name that no account can have."""
        _refuse(check_name, field.data)

    def validate_email(self, field: StringField) -> None:
        """Refuse what is no address."""
        _refuse(normalise_email, field.data)

    def validate_password(self, field: PasswordField) -> None:
        """Refuse a password that may not be chosen beside this name and address."""
        _refuse(check_password, field.data, (self.name.data or "", self.email.data or ""))


def _refuse(check: Callable[..., object], *values: object) -> None:
    try:
        check(*values)
    except InvalidInput as error:
        raise ValidationError(error.args[0]) from None


@bp.route("/signup", methods=["GET", "POST"])
@limited(100, HOUR, by=by_address)  # offices share an address
@public
@takes_stale_token
@repeatable
def signup() -> ResponseReturnValue:
    """Show the form, or create an account and log in."""
    if is_member():
        return redirect(url_for("dashboard.page"))
    form = SignUpForm()
    if form.validate_on_submit() and (login := _sign_up(form)):
        leave_sample()
        begin_session(login, remember=True)
        record_event("signup", login.user_id)
        send_confirmation(login.user_id, form.email.data)
        return redirect(url_for("dashboard.page"))
    return render_template("accounts/signup.html", form=form), form.status


def _sign_up(form: SignUpForm) -> log_in.Login | None:
    try:
        return sign_up.sign_up(
            db(),
            name=form.name.data,
            email=form.email.data,
            password=form.password.data,
            clock=browser_clock(form.timezone.data),
            **client_info(),
        )
    except EmailTaken as error:
        form.email.errors = [error_message(error)]
    except InvalidInput as error:
        add_error(form, error)
    return None
