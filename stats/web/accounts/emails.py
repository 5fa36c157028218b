"""The mails to users: templates/mail/NAME.txt and NAME.html, and the URLs in them.

No mail has text that a user typed, such as a name: whoever signs up with somebody else's address
could use it to send them spam.
"""

from contextvars import copy_context
from functools import partial
from typing import Any

from flask import current_app, request, url_for

from stats.mail import Draft, Mail, MailQueue
from stats.web.monitoring.counters import count_mail
from stats.web.runtime import current_runtime


def send_later(mail: Draft | None) -> None:
    """Queue a mail; None takes the same time and sends nothing."""
    sender: MailQueue = current_app.extensions.setdefault(
        "aira.post", MailQueue(current_runtime().base_settings, count_mail)
    )
    sender.send(mail)


def offers_mail() -> bool:
    """Return whether mail can be sent here."""
    return current_runtime().base_settings.offers_mail


def external_url(endpoint: str, **values: Any) -> str:
    """Return the absolute URL of a view; with a mail server by PUBLIC_URL, not the Host header."""
    settings = current_runtime().base_settings
    base = settings.public_url if settings.public_url or settings.smtp_url else request.url_root
    return str(base).rstrip("/") + url_for(endpoint, **values)


def render_mail(name: str, to: str, **values: str) -> Mail:
    """Return a mail to `to`, rendered from the templates `name`, with each value in one line.

    The first paragraph of the text is the subject. Raises TemplateNotFound.
    """
    values = {key: _as_one_line(value) for key, value in values.items()}
    # No render_template: mails use no context processors, which load the current user.
    templates = current_app.jinja_env
    rendered = templates.get_template(f"mail/{name}.txt").render(values)
    subject, _, text = rendered.partition("\n\n")
    html = templates.get_template(f"mail/{name}.html").render(values, subject=subject)
    return Mail(to, subject, f"{text}\n", f"{html}\n")


def _as_one_line(value: str) -> str:
    # The text is not escaped: a line break in a value could end the subject.
    return "".join(character for character in value if character.isprintable())


def _draft(name: str, to: str, **values: str) -> Draft:
    """Return a function that renders a mail later, in the context of this request.

    Rendering within the request would take time and so reveal whether an account exists.
    """
    return partial(copy_context().run, render_mail, name, to, **values)


def reset(to: str, token: str) -> Draft:
    """Return the mail to somebody who forgot their password."""
    return _draft("reset", to, link=external_url("recovery.reset_password", token=token))


def password_changed(to: str) -> Draft:
    """Return the notice that a password was reset."""
    return _draft("password_changed", to, link=external_url("recovery.reset"))


def codes_locked(to: str) -> Draft:
    """Return the notice that many wrong codes in a row have locked the second factor."""
    return _draft("codes_locked", to, link=external_url("recovery.reset"))


def confirmation(to: str, token: str) -> Draft:
    """Return the mail that asks whether an address is right."""
    return _draft("confirmation", to, link=external_url("recovery.confirm", token=token))


def change_new(to: str, token: str) -> Draft:
    """Return the mail to the address that an account is to have."""
    return _draft("change_new", to, link=external_url("recovery.confirm", token=token))


def change_taken(to: str) -> Draft:
    """Return the mail to an address that another account has already."""
    return _draft("change_taken", to, link=external_url("auth.login"))


def change_old(to: str, new: str, token: str) -> Draft:
    """Return the mail to the address that an account has so far; it names the new one."""
    return _draft(
        "change_old", to, new_address=new, link=external_url("recovery.confirm", token=token)
    )


def changed_old(to: str) -> Draft:
    """Return the notice to an address that is no longer an account's."""
    return _draft("changed_old", to)


def changed_new(to: str) -> Draft:
    """Return the notice to an account's new address."""
    return _draft("changed_new", to)
