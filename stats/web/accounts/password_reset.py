"""Ways back in: the forgotten password, and addresses that are confirmed or changed."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired

from stats import email_change, recovery
from stats.errors import EmailTaken, InvalidInput
from stats.identity import normalise_email, one_spelling
from stats.sample import is_sample
from stats.sentences import N_
from stats.throttle import begin_try
from stats.web import mails
from stats.web.audit import event
from stats.web.forms import Form
from stats.web.runtime import db, runtime
from stats.web.security import public
from stats.web.words import _, reason

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
    return {"offers_mail": mails.offers_mail()}


@bp.route("/reset", methods=["GET", "POST"])
@public
def reset() -> ResponseReturnValue:
    """Ask for whom, and send a link; whether there is such an account is told to nobody."""
    form = ResetForm()
    sent = mails.offers_mail() and form.validate_on_submit() and _send_reset(form)
    failed = form.is_submitted() and mails.offers_mail() and not sent
    return render_template("reset.html", form=form, sent=sent), 422 if failed else 200


def _send_reset(form: ResetForm) -> bool:
    try:
        _count_mail(form.email.data)
        asked = recovery.ask_reset(db(), form.email.data)
    except InvalidInput as error:
        form.email.errors = [reason(error)]
        return False
    mails.post(mails.reset(asked.email, asked.token) if asked else None)
    event("password.reset_asked", asked.user_id if asked else None)
    return True


def _count_mail(email: str) -> None:
    """Count a mail; more than ten in five minutes fill nobody's mailbox."""
    if runtime().given.ratelimit_enabled:
        begin_try(db(), f"mail {one_spelling(email)}")


@bp.route("/reset/<token>", methods=["GET", "POST"])
@public
def reset_password(token: str) -> ResponseReturnValue:
    """Ask for a new password, or set it; two-factor is still asked for at the log-in."""
    found, form = recovery.look_at_reset(db(), token), NewPasswordForm()
    try:
        if found and form.validate_on_submit():
            found = recovery.reset_password(db(), token, form.new_password.data)
            if found:
                return _is_reset(found)
    except InvalidInput as error:
        form.new_password.errors = [reason(error)]
    if found is None:
        return render_template("reset_password.html", dead=True), 404
    page = render_template("reset_password.html", form=form, email=found.email)
    return page, 422 if form.is_submitted() else 200


def _is_reset(found: recovery.Reset) -> ResponseReturnValue:
    event("password.reset", found.user_id)
    mails.post(mails.password_changed(found.email))
    flash(_("Your password is changed. Log in with it."))
    return redirect(url_for("auth.login"), 303)


@bp.route("/confirm/<token>", methods=["GET", "POST"])
@public
def confirm(token: str) -> ResponseReturnValue:
    """Show a button, so that a mail scanner confirms nothing, or do what it says."""
    if request.method == "POST":
        return _confirmed(token) or _pressed(token) or _dead()
    if held := recovery.look_at_confirmation(db(), token):
        return render_template("confirm.html", email=held.payload)
    if change := email_change.look_at_link(db(), token):
        return render_template("confirm.html", email=change.new, change=True)
    return _dead()


def _confirmed(token: str) -> ResponseReturnValue | None:
    held = recovery.confirm_email(db(), token)
    if held is None:
        return None
    event("email.confirmed", held.user_id)
    flash(_("Your e-mail address is confirmed."))
    return _onwards()


def _pressed(token: str) -> ResponseReturnValue | None:
    try:
        change = email_change.press_link(db(), token)
    except EmailTaken:
        return _dead(_("Another account has this address by now, so nothing was changed."), 409)
    if change is None:
        return None
    if change.old:
        event("email.changed", change.user_id)
        mails.post(mails.changed_old(change.old))
        mails.post(mails.changed_new(change.new))
    flash(
        _("Your e-mail address is changed.")
        if change.done
        else _("Thank you. Now press the link in the mail to your other address, too.")
    )
    return _onwards()


def _dead(sentence: str = "", status: int = 404) -> ResponseReturnValue:
    return render_template("confirm.html", dead=True, sentence=sentence), status


def _onwards() -> ResponseReturnValue:
    known = current_user.is_authenticated
    return redirect(url_for("account.settings" if known else "auth.login"), 303)


def send_confirmation(user_id: str, email: str) -> None:
    """Send somebody the link that confirms their address, where mail is offered.

    For a request that has just made the account, or was asked to send the mail again.
    """
    if mails.offers_mail() and not is_sample(email):
        address = normalise_email(email)
        mails.post(mails.confirmation(address, recovery.make_confirmation(db(), user_id, address)))


@bp.post("/settings/email/confirm")
def send_again() -> ResponseReturnValue:
    """Send the mail that confirms the address again."""
    if not email_change.address_state(db(), current_user.id).confirmed:
        _count_mail(current_user.email)
        send_confirmation(current_user.id, current_user.email)
        flash(_("The mail is on its way."))
    return redirect(url_for("account.settings"), 303)


def change_address(address: str, password: str) -> str:
    """Change the member's address, or ask both addresses first; return what to say about it.

    `address` is normalised, `password` the hash that was verified. Where mail is offered a taken
    address is told to its owner, by mail, and to nobody else. Raises InvalidInput and EmailTaken.
    """
    if mails.offers_mail():
        return _ask_both(address, password)
    if not email_change.change_now(db(), current_user.id, password, address):
        raise InvalidInput(WRONG_PASSWORD, "current_password")
    event("email.changed", current_user.id)
    return _("Your e-mail address is changed.")


def _ask_both(address: str, password: str) -> str:
    _count_mail(address)
    change = email_change.ask_change(db(), current_user.id, password, address)
    if change is None:
        raise InvalidInput(WRONG_PASSWORD, "current_password")
    event("email.change_asked", current_user.id)
    if email_change.is_taken(db(), address):
        mails.post(mails.change_taken(address))
    else:
        mails.post(mails.change_new(address, change.new_token))
    if change.old_token:
        mails.post(mails.change_old(change.old, address, change.old_token))
        return _("Saved. Your address changes once you press the links in the mails to both.")
    return _("Saved. Your address changes once you press the link in the mail to the new one.")


@bp.post("/settings/email/cancel")
def cancel_change() -> ResponseReturnValue:
    """Forget the change of address that is under way."""
    if email_change.drop_change(db(), current_user.id):
        flash(_("Your e-mail address stays as it is."))
    return redirect(url_for("account.settings"), 303)
