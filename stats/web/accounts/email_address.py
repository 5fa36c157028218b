"""Confirming and changing an e-mail address."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from stats.accounts import email_change, email_confirmation
from stats.accounts.email_address import is_sample, normalise_email
from stats.billing.customers import change_customer_email
from stats.errors import EmailTaken, InvalidInput
from stats.web.accounts import emails
from stats.web.accounts.password_reset import WRONG_PASSWORD, bp, count_mail
from stats.web.http.access import public
from stats.web.http.forms.repeated_forms import repeatable
from stats.web.http.rate_limits import HOUR, by_user, limited
from stats.web.monitoring.audit_log import record_event
from stats.web.runtime import current_runtime, db
from stats.web.templating.translation import _


@bp.route("/confirm/<token>", methods=["GET", "POST"])
@public
@repeatable
def confirm(token: str) -> ResponseReturnValue:
    """Show a button (mail scanners follow links with GET), or confirm with POST."""
    if request.method == "POST":
        return _confirm_address(token) or _confirm_change(token) or _expired()
    if confirmation := email_confirmation.read_confirmation(db(), token):
        return render_template("accounts/confirm_email.html", email=confirmation.payload)
    if change := email_change.read_change_link(db(), token):
        return render_template("accounts/confirm_email.html", email=change.new, change=True)
    return _expired()


def _confirm_address(token: str) -> ResponseReturnValue | None:
    confirmation = email_confirmation.confirm_email(db(), token)
    if confirmation is None:
        return None
    record_event("email.confirmed", confirmation.user_id)
    flash(_("Your e-mail address is confirmed."))
    return _redirect_after_confirm()


def _confirm_change(token: str) -> ResponseReturnValue | None:
    try:
        change = email_change.confirm_change(db(), token)
    except EmailTaken:
        return _expired(_("Another account has this address by now, so nothing was changed."), 409)
    if change is None:
        return None
    if change.done:
        # Pressed again after a crash, too: it changes nothing a second time.
        change_customer_email(db(), current_runtime().gateway, change.user_id, change.new)
    if change.old:
        record_event("email.changed", change.user_id)
        emails.send_later(emails.changed_old(change.old))
        emails.send_later(emails.changed_new(change.new))
    flash(
        _("Your e-mail address is changed.")
        if change.done
        else _("Thank you. Now press the link in the mail to your other address, too.")
    )
    return _redirect_after_confirm()


def _expired(sentence: str = "", status: int = 404) -> ResponseReturnValue:
    return render_template(
        "accounts/confirm_email.html", link_invalid=True, message=sentence
    ), status


def _redirect_after_confirm() -> ResponseReturnValue:
    endpoint = "account.settings" if current_user.is_authenticated else "auth.login"
    return redirect(url_for(endpoint), 303)


def send_confirmation(user_id: str, email: str) -> None:
    """Send a user the link that confirms their address, if mail is offered.

    Call it after a sign-up, or when the user asks for another mail.
    """
    if emails.offers_mail() and not is_sample(email):
        address = normalise_email(email)
        emails.send_later(
            emails.confirmation(
                address, email_confirmation.make_confirmation(db(), user_id, address)
            )
        )


@bp.post("/settings/email/confirm")
@limited(5, HOUR, by=by_user)
@repeatable
def send_again() -> ResponseReturnValue:
    """Send the mail that confirms the address again."""
    if not email_change.address_state(db(), current_user.id).confirmed:
        count_mail(current_user.email)
        send_confirmation(current_user.id, current_user.email)
        flash(_("The mail is on its way."))
    return redirect(url_for("account.settings"), 303)


def change_address(address: str, password: str) -> str:
    """Change the user's address, or mail confirmation links first; return the message to flash.

    `address` is normalised, `password` the hash that was verified. If mail is offered, only the
    owner of a taken address learns of it, by mail. Raises InvalidInput and EmailTaken.
    """
    if emails.offers_mail():
        return _request_change(address, password)
    if not email_change.change_now(db(), current_user.id, password, address):
        raise InvalidInput(WRONG_PASSWORD, "current_password")
    record_event("email.changed", current_user.id)
    change_customer_email(db(), current_runtime().gateway, current_user.id, address)
    return _("Your e-mail address is changed.")


def _request_change(address: str, password: str) -> str:
    count_mail(address)
    change = email_change.request_change(db(), current_user.id, password, address)
    if change is None:
        raise InvalidInput(WRONG_PASSWORD, "current_password")
    record_event("email.change_asked", current_user.id)
    if email_change.is_taken(db(), address):
        emails.send_later(emails.change_taken(address))
    else:
        emails.send_later(emails.change_new(address, change.new_token))
    if change.old_token:
        emails.send_later(emails.change_old(change.old, address, change.old_token))
        return _("Saved. Your address changes once you press the links in the mails to both.")
    return _("Saved. Your address changes once you press the link in the mail to the new one.")


@bp.post("/settings/email/cancel")
@repeatable
def cancel_change() -> ResponseReturnValue:
    """Cancel the pending change of address."""
    if email_change.drop_change(db(), current_user.id):
        flash(_("Your e-mail address stays as it is."))
    return redirect(url_for("account.settings"), 303)
