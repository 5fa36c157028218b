"""A mail server on loopback that keeps what it gets."""

import asyncio
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from tests.support.live_server import free_port

SENDER = "post@aira.example"
PUBLIC_URL = "https://aira.example"


class Mailbox:
    """All mails that came, in their order."""

    def __init__(self) -> None:
        self.port = free_port()
        self.mails: list[EmailMessage] = []
        self.envelopes: list[Any] = []
        self.answer = "250 OK"
        self.refused_ids: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            self.envelopes.append(envelope)
            self.mails.append(message_from_bytes(envelope.content, policy=default))
        else:
            refused = message_from_bytes(envelope.content, policy=default)
            self.refused_ids.append(refused["Message-ID"])
        return self.answer

    @property
    def settings(self) -> dict[str, Any]:
        """What lets an application send its mails here."""
        url = f"smtp://127.0.0.1:{self.port}"
        return {"smtp_url": url, "mail_from": SENDER, "public_url": PUBLIC_URL}

    def wait(self, count: int) -> list[EmailMessage]:
        """Return the mails once there are so many."""
        deadline = time.monotonic() + 20
        while len(self.mails) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        assert len(self.mails) == count, [mail["Subject"] for mail in self.mails]
        return self.mails

    def last_to(self, address: str, count: int) -> EmailMessage:
        """Return the last mail to an address once there are so many in all."""
        return [mail for mail in self.wait(count) if mail["To"] == address][-1]


def text_of(mail: EmailMessage) -> str:
    """Return the text of a mail, which may have the same as HTML beside it."""
    return _part(mail, "plain")


def html_of(mail: EmailMessage) -> str:
    """Return the HTML of a mail."""
    return _part(mail, "html")


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text.replace("\r\n", "\n")


def link_path(mail: EmailMessage) -> str:
    """Return the path of the one link in a mail, the same in its text and its HTML."""
    [link] = re.findall(r"https?://\S+", text_of(mail))
    assert f'href="{link}"' in html_of(mail)
    assert link.startswith(f"{PUBLIC_URL}/"), link
    return link.removeprefix(PUBLIC_URL)


class MailServer(Controller):
    """A mail server that knows its connections."""

    def __init__(self, mailbox: Mailbox) -> None:
        super().__init__(mailbox, hostname="127.0.0.1", port=mailbox.port)
        self.connections: list[SMTP] = []

    def factory(self) -> SMTP:
        self.connections.append(super().factory())
        return self.connections[-1]

    async def close_connections(self) -> None:
        """End every connection, also one that is just being made."""
        # Closing the server would drop connections that asyncio has accepted and not yet set up.
        for listener in self.server.sockets:
            self.loop.remove_reader(listener.fileno())
        for _ in range(10):
            await asyncio.sleep(0)
        for connection in self.connections:
            if connection.transport is not None:
                connection.transport.abort()
        while any(line.transport is not None for line in self.connections):
            await asyncio.sleep(0)


@contextmanager
def run_mail_server(mailbox: Mailbox | None = None) -> Iterator[Mailbox]:
    mailbox = mailbox or Mailbox()
    server = MailServer(mailbox)
    server.start()
    yield mailbox
    asyncio.run_coroutine_threadsafe(server.close_connections(), server.loop).result(20)
    server.stop()
