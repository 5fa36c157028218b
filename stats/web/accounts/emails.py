"""The words of the mails, and the links in them.

A mail says nothing that anybody but us has typed, a name least of all: whoever signs up with
somebody else's address could send them their own words by it.
"""

from typing import Any

from flask import current_app, request, url_for

from stats.mail import Mail, Post
from stats.web.runtime import runtime
from stats.web.templating.translation import _


def post(mail: Mail | None) -> None:
    """Send a mail in a moment; None takes as long and sends nothing."""
    sender: Post = current_app.extensions.setdefault("aira.post", Post(runtime().given))
    sender.send(mail)


def offers_mail() -> bool:
    """Return whether mail can be sent here."""
    return runtime().given.offers_mail


def link(endpoint: str, **values: Any) -> str:
    """Return the whole address of a page; with a mail server, by PUBLIC_URL and no Host header."""
    given = runtime().given
    base = given.public_url if given.public_url or given.smtp_url else request.url_root
    return str(base).rstrip("/") + url_for(endpoint, **values)


def _mail(to: str, subject: str, *paragraphs: str) -> Mail:
    return Mail(to, subject, "\n\n".join((*paragraphs, "Aira")) + "\n")


def reset(to: str, token: str) -> Mail:
    """Return the mail to somebody who forgot their password."""
    return _mail(
        to,
        _("A new password for Aira"),
        _("Somebody, we think you, asked for a new password for this address. Choose it here:"),
        link("recovery.reset_password", token=token),
        _("The link works once and for an hour. If it was not you, do nothing: nothing changes."),
    )


def password_changed(to: str) -> Mail:
    """Return the notice that a password was reset."""
    return _mail(
        to,
        _("Your password for Aira was changed"),
        _("Your password was changed by the link that we sent you. You are logged out everywhere."),
        _("If it was not you, somebody reads your mail: secure your mailbox, then ask again:"),
        link("recovery.reset"),
    )


def confirmation(to: str, token: str) -> Mail:
    """Return the mail that asks whether an address is right."""
    return _mail(
        to,
        _("Confirm your address for Aira"),
        _("Somebody, we think you, made an account with this address. Confirm that it is yours:"),
        link("recovery.confirm", token=token),
        _("The link works for a day. If it was not you, do nothing."),
    )


def change_new(to: str, token: str) -> Mail:
    """Return the mail to the address that an account is to have."""
    return _mail(
        to,
        _("Confirm your new address for Aira"),
        _("Somebody, we think you, wants this address for an account. Confirm that it is yours:"),
        link("recovery.confirm", token=token),
        _("The link works for a day. If it was not you, do nothing."),
    )


def change_taken(to: str) -> Mail:
    """Return the mail to an address that another account has already."""
    return _mail(
        to,
        _("Your address for Aira"),
        _("Somebody wanted this address for their account, but you have one with it already."),
        _("Nothing was changed. If it was you, log in with this address, or choose another one:"),
        link("auth.login"),
    )


def change_old(to: str, new: str, token: str) -> Mail:
    """Return the mail to the address that an account has so far."""
    return _mail(
        to,
        _("Your address for Aira is to be changed"),
        _("Somebody, we think you, wants another address for your account: %(email)s", email=new),
        _("If it was you, agree here. The link works for a day:"),
        link("recovery.confirm", token=token),
        _("If it was not you, change your password now: it was typed to ask for this."),
    )


def changed_old(to: str) -> Mail:
    """Return the notice to an address that is no longer an account's."""
    return _mail(
        to,
        _("Your address for Aira was changed"),
        _("Your account has another e-mail address now. This one no longer leads to it."),
        _("If it was not you, tell whoever runs this copy of Aira."),
    )


def changed_new(to: str) -> Mail:
    """Return the notice to an account's new address."""
    return _mail(
        to,
        _("This is your address for Aira now"),
        _("From now on you log in with this address. Your password is the same."),
    )
