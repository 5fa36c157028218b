"""Users in number: copies of a model user.

A copy has its own id, session, e-mail address, CSRF value and scores, each as long as the model's,
so that the model's commands, completed with them, are right to the byte.
"""

import base64
import hashlib
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

import redis
from flask import Flask
from flask_wtf.csrf import generate_csrf

from stats.moods.entries import ID_FACTOR
from stats.web.templating.formatting import user_fingerprint
from tests.bench.models import Model, bulk, serializer, socket_path

CHUNK = 500


@dataclass(frozen=True, slots=True)
class CopyIdentity:
    """What is a copy's own."""

    user_id: str
    session_id: str
    csrf: str


@dataclass(frozen=True, slots=True)
class BrowserState:
    """What a browser holds: its cookie, and what its page polls."""

    cookie: str
    poll: str


def identity_of(model: Model, number: int) -> CopyIdentity:
    """Return what is the own of the copy with this number: each time the same."""
    digest = hashlib.blake2b(f"{model.kind}{number}".encode(), digest_size=54).digest()
    return CopyIdentity(
        base64.b32encode(digest[:10]).decode().lower(),
        base64.urlsafe_b64encode(digest[10:34]).decode(),
        digest[34:].hex(),
    )


def command_values(model: Model, number: int) -> dict[bytes, bytes]:
    """Return what completes the model's commands."""
    mine = identity_of(model, number)
    user_id = mine.user_id.encode()
    return {
        b"id": user_id,
        b"sid": mine.session_id.encode(),
        b"email": user_id + b"@example.com",
        b"moods": bulk(_moods(model.moods, number)),
    }


def _moods(moods: tuple[int, ...], number: int) -> list[int]:
    # No two users' years look alike, or what is made for one would serve all. The last entry
    # stays: it stands in the stats too.
    chance = Random(number)
    return [at - at % ID_FACTOR + chance.randrange(101) for at in moods[:-1]] + list(moods[-1:])


def populate(db: redis.Redis, model: Model, numbers: range) -> None:
    """Store the copies of these numbers as fast as the server takes them, and see that it did."""
    first = identity_of(model, 0)
    assert len(first.user_id) == len(model.user_id)
    assert len(first.session_id) == len(model.session["sid"])
    before = db.dbsize()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(socket_path(db))
        connection.sendall(b"CLIENT REPLY OFF\r\n")
        for start in numbers[::CHUNK]:
            chunk = range(start, min(start + CHUNK, numbers.stop))
            connection.sendall(b"".join(model.commands % command_values(model, n) for n in chunk))
        connection.sendall(b"CLIENT REPLY ON\r\n")
        assert connection.recv(16) == b"+OK\r\n"
    keys = model.commands.count(b"%(id)b}:") + 1
    assert db.dbsize() - before == len(numbers) * keys, "the server refused some users"


def browser_states(app: Flask, model: Model, numbers: Iterable[int]) -> Iterator[BrowserState]:
    """Yield what the browsers of these copies hold."""
    signer = serializer(app)
    for number in numbers:
        mine = identity_of(model, number)
        session = model.session | {
            "_user_id": mine.user_id,
            "sid": mine.session_id,
            "csrf_token": mine.csrf,
        }
        # A page that is somebody else's would be told to load anew.
        poll = model.poll.replace(user_fingerprint(model.user_id), user_fingerprint(mine.user_id))
        yield BrowserState(str(signer.dumps(session)), poll)


def csrf_token(app: Flask, browser: BrowserState) -> str:
    """Return a CSRF token for the session of a cookie."""
    with app.test_request_context(headers={"Cookie": f"session={browser.cookie}"}):
        return str(generate_csrf())
