"""Confirming and changing an e-mail address."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from stats.accounts import email_change, email_confirmation
from stats.accounts.email_address import is_sample, normalise_email
from stats.errors import EmailTaken, InvalidInput
from stats.web.accounts import emails
from stats.web.accounts.password_reset import WRONG_PASSWORD, bp, count_mail
from stats.web.http.access import public
from stats.web.http.rate_limits import HOUR, by_user, limited
from stats.web.monitoring.audit_log import event
from stats.web.runtime import db
from stats.web.templating.translation import _


@bp.route("/confirm/<token>", methods=["GET", "POST"])
@public
def confirm(token: str) -> ResponseReturnValue:
    """Show a button, so that a mail scanner confirms nothing, or do what it says."""
    if request.method == "POST":
        return _confirmed(token) or _pressed(token) or _dead()
    if held := email_confirmation.read_confirmation(db(), token):
        return render_template("accounts/confirm_email.html", email=held.payload)
    if change := email_change.read_change_link(db(), token):
        return render_template("accounts/confirm_email.html", email=change.new, change=True)
    return _dead()


def _confirmed(token: str) -> ResponseReturnValue | None:
    held = email_confirmation.confirm_email(db(), token)
    if held is None:
        return None
    event("email.confirmed", held.user_id)
    flash(_("Your e-mail address is confirmed."))
    return _onwards()


def _pressed(token: str) -> ResponseReturnValue | None:
    try:
        change = email_change.confirm_change(db(), token)
    except EmailTaken:
        return _dead(_("Another account has this address by now, so nothing was changed."), 409)
    if change is None:
        return None
    if change.old:
        event("email.changed", change.user_id)
        emails.post(emails.changed_old(change.old))
        emails.post(emails.changed_new(change.new))
    flash(
        _("Your e-mail address is changed.")
        if change.done
        else _("Thank you. Now press the link in the mail to your other address, too.")
    )
    return _onwards()


def _dead(sentence: str = "", status: int = 404) -> ResponseReturnValue:
    return render_template(
        "accounts/confirm_email.html", link_invalid=True, message=sentence
    ), status


def _onwards() -> ResponseReturnValue:
    known = current_user.is_authenticated
    return redirect(url_for("account.settings" if known else "auth.login"), 303)


def send_confirmation(user_id: str, email: str) -> None:
    """Send somebody the link that confirms their address, where mail is offered.

    For a request that has just made the account, or was asked to send the mail again.
    """
    if emails.offers_mail() and not is_sample(email):
        address = normalise_email(email)
        emails.post(
            emails.confirmation(
                address, email_confirmation.make_confirmation(db(), user_id, address)
            )
        )


@bp.post("/settings/email/confirm")
@limited(5, HOUR, by=by_user)
def send_again() -> ResponseReturnValue:
    """Send the mail that confirms the address again."""
    if not email_change.address_state(db(), current_user.id).confirmed:
        count_mail(current_user.email)
        send_confirmation(current_user.id, current_user.email)
        flash(_("The mail is on its way."))
    return redirect(url_for("account.settings"), 303)


def change_address(address: str, password: str) -> str:
    """Change the member's address, or ask both addresses first; return what to say about it.

    `address` is normalised, `password` the hash that was verified. Where mail is offered a taken
    address is told to its owner, by mail, and to nobody else. Raises InvalidInput and EmailTaken.
    """
    if emails.offers_mail():
        return _ask_both(address, password)
    if not email_change.change_now(db(), current_user.id, password, address):
        raise InvalidInput(WRONG_PASSWORD, "current_password")
    event("email.changed", current_user.id)
    return _("Your e-mail address is changed.")


def _ask_both(address: str, password: str) -> str:
    count_mail(address)
    change = email_change.request_change(db(), current_user.id, password, address)
    if change is None:
        raise InvalidInput(WRONG_PASSWORD, "current_password")
    event("email.change_asked", current_user.id)
    if email_change.is_taken(db(), address):
        emails.post(emails.change_taken(address))
    else:
        emails.post(emails.change_new(address, change.new_token))
    if change.old_token:
        emails.post(emails.change_old(change.old, address, change.old_token))
        return _("Saved. Your address changes once you press the links in the mails to both.")
    return _("Saved. Your address changes once you press the link in the mail to the new one.")


@bp.post("/settings/email/cancel")
def cancel_change() -> ResponseReturnValue:
    """Forget the change of address that is under way."""
    if email_change.drop_change(db(), current_user.id):
        flash(_("Your e-mail address stays as it is."))
    return redirect(url_for("account.settings"), 303)
