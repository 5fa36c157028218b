"""Outgoing mail: text and HTML, sent by a thread of its own or, embedded, printed to the console.

Nobody waits for a mail server, and how long an answer takes tells nothing about a mail.
"""

import logging
import queue
import smtplib
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime, make_msgid
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


class MailQueue:
    """The mails of one process, sent one after the other. Its thread begins with the first."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._waiting: queue.Queue[tuple[float, Mail | Draft | None]] = queue.Queue(MAX_QUEUED)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    def send(self, mail: Mail | Draft | None) -> None:
        """Send a mail in a moment; None takes as long and sends nothing."""
        self._start()
        try:
            self._waiting.put_nowait((time.monotonic() + DELAY, mail))
        except queue.Full:
            _log_failure("too many mails are waiting")

    def close(self) -> None:
        """Send what is waiting, for a few seconds at most."""
        self._closing.set()
        if self._thread is not None:
            with suppress(queue.Full):
                self._waiting.put_nowait((0, None))
            self._thread.join(LAST_CALLS)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="mail", daemon=True)
                self._thread.start()
                # A server's workers are forked, and atexit is not heard there.
                Finalize(None, self.close, exitpriority=0)

    def _work(self) -> None:
        while not (self._closing.is_set() and self._waiting.empty()):
            due, mail = self._waiting.get()
            self._closing.wait(max(0.0, due - time.monotonic()))
            if mail is not None:
                self._deliver(mail)

    def _deliver(self, mail: Mail | Draft) -> None:
        try:
            deliver(self._settings, mail() if callable(mail) else mail)
        except Exception as error:
            # What the error says can hold the address.
            code = getattr(error, "smtp_code", "")
            _log_failure(f"{type(error).__name__} {code}".strip())


def _log_failure(reason: str) -> None:
    log.error("mail not sent", extra={"facts": {"reason": reason}})


def deliver(settings: Settings, mail: Mail) -> None:
    """Send a mail now, or print it where there is no mail server.

    Raises OSError, which smtplib's errors are too.
    """
    if settings.smtp_url is None:
        print(f"\nMail to {mail.to}: {mail.subject}\n\n{mail.text}", flush=True)
        return
    with connect_smtp(settings.smtp_url) as server:
        server.send_message(compose(settings, mail))


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
