"""Outgoing mail: text and HTML, sent by a thread of its own or, embedded, printed to the console.

Nobody waits for a mail server, and how long an answer takes tells nothing about a mail. A mail that
the server does not take for now is tried again for an hour, in the memory of this process.
"""

import logging
import sched
import smtplib
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime, make_msgid
from functools import partial
from math import inf
from multiprocessing.util import Finalize
from urllib.parse import unquote, urlsplit

from email_validator import validate_email

from stats.lib.urls import MAIL_PORTS, is_loopback
from stats.settings import Settings

log = logging.getLogger("stats.mail")

TIMEOUT = 10.0
MAX_QUEUED = 500
# The answer to the request is out before the work on its mail begins.
DELAY = 0.5
LAST_CALLS = 3.0
# Seconds from each try that failed for now to the next one: an hour in all.
RETRY_AFTER = (30, 60, 120, 240, 480, 960, 1710)
SENDER = "Aira"
# Every server takes 7-bit text (RFC 5321 section 2.4).
POLICY = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one address: its text, and the same as HTML if there is any."""

    to: str
    subject: str
    text: str
    html: str | None = None


# Makes a mail later, in the thread that sends it.
Draft = Callable[[], Mail]


# Sends a mail; raises OSError, which smtplib's errors are too.
Send = Callable[[], None]


class MailQueue:
    """The mails of one process, sent one after the other. Its thread begins with the first.

    `count` is called with what comes of each try: `sent`, `retried` (it will be) or `failed`.
    """

    def __init__(self, settings: Settings, count: Callable[[str], None] = lambda result: None):
        self._settings, self._count = settings, count
        self._closing, self._changed = threading.Event(), threading.Event()
        # At the end all that waits is due.
        self._waiting = sched.scheduler(
            lambda: inf if self._closing.is_set() else time.monotonic(), lambda seconds: None
        )
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def send(self, mail: Mail | Draft | None) -> None:
        """Send a mail in a moment; None takes as long and sends nothing."""
        self._start()
        if len(self._waiting.queue) >= MAX_QUEUED:
            self._fail("too many mails are waiting")
            return
        self._waiting.enter(DELAY, 0, self._make_and_send, (mail,))
        self._changed.set()

    def close(self) -> None:
        """Try what is waiting once, for a few seconds at most."""
        self._closing.set()
        self._changed.set()
        if self._thread is not None:
            self._thread.join(LAST_CALLS)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="mail", daemon=True)
                self._thread.start()
                # A server's workers are forked, and atexit is not heard there.
                Finalize(None, self.close, exitpriority=0)

    def _work(self) -> None:
        while True:
            self._changed.clear()
            seconds = self._waiting.run(blocking=False)
            if self._closing.is_set() and self._waiting.empty():
                return
            self._changed.wait(seconds)

    def _make_and_send(self, mail: Mail | Draft | None) -> None:
        if mail is None:
            return
        try:
            send = prepare(self._settings, mail() if callable(mail) else mail)
        except Exception as error:
            self._fail(_reason(error))
        else:
            self._try(send, RETRY_AFTER)

    def _try(self, send: Send, waits: tuple[int, ...]) -> None:
        try:
            send()
        except Exception as error:
            if waits and is_temporary(error) and not self._closing.is_set():
                self._count("retried")
                self._waiting.enter(waits[0], 0, self._try, (send, waits[1:]))
            else:
                self._fail(_reason(error))
        else:
            self._count("sent")

    def _fail(self, reason: str) -> None:
        self._count("failed")
        log.error("mail not sent", extra={"facts": {"reason": reason}})


def _reason(error: Exception) -> str:
    # What the error says can hold the address.
    return f"{type(error).__name__} {getattr(error, 'smtp_code', '')}".strip()


def is_temporary(error: Exception) -> bool:
    """Return whether the same mail may be taken later: an answer 4xx, or a connection that broke.

    https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code // 100 == 4 for code, _ in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code // 100 == 4
    if isinstance(error, smtplib.SMTPException):
        return isinstance(error, smtplib.SMTPServerDisconnected)
    return isinstance(error, OSError)


def prepare(settings: Settings, mail: Mail) -> Send:
    """Return the function that sends a mail, or prints it where there is no mail server.

    It sends the same message each time, so that a reader's program knows one that came twice.
    Raises ValueError, as `compose` does.
    """
    if settings.smtp_url is None:
        return partial(print, f"\nMail to {mail.to}: {mail.subject}\n\n{mail.text}", flush=True)
    return partial(_transmit, settings.smtp_url, compose(settings, mail))


def _transmit(url: str, message: EmailMessage) -> None:
    with closing(connect_smtp(url)) as server:
        server.send_message(message)
        # It is taken; what the server says to the farewell changes nothing.
        with suppress(smtplib.SMTPException):
            server.quit()


def compose(settings: Settings, mail: Mail) -> EmailMessage:
    """Return the message; raises ValueError for an address or a subject of more than one line."""
    message = EmailMessage(POLICY)
    message["From"] = Address(SENDER, addr_spec=settings.mail_from or "")
    message["To"] = _address(mail.to)
    message["Subject"] = mail.subject
    message["Date"] = localtime()
    message["Message-ID"] = make_msgid(domain=_domain(settings.public_url or ""))
    # Nobody's out-of-office should answer (RFC 3834 section 5).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html")
    return message


def _address(to: str) -> Address:
    # A domain has a spelling that every server takes; a local part has none (RFC 6531).
    found = validate_email(to, check_deliverability=False)
    return Address(username=found.local_part, domain=found.ascii_domain)


def _domain(public_url: str) -> str:
    host = urlsplit(public_url).hostname or "localhost"
    return f"[IPv6:{host}]" if ":" in host else host.encode("idna").decode()


def connect_smtp(url: str) -> smtplib.SMTP:
    """Return a session with the mail server: in TLS, but for one on this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or MAIL_PORTS[parts.scheme]
    context = ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT)
    try:
        if parts.scheme == "smtp" and not is_loopback(host):
            server.starttls(context=context)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server
