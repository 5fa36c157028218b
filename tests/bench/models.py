"""Model users: made by the product itself, then kept as what Redis must be told to store them."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import redis
from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from app import create_app
from stats.activity.clock import user_day
from stats.activity.streak import day_now, record_login
from stats.conversations import save_conversation
from stats.moods.entries import record_mood
from stats.settings import Settings
from stats.store.keys import user_key
from stats.user_stats import open_stats
from stats.web.templating.entries import LISTED
from tests.bench.stage.machine import KEY, SECRET
from tests.web.helpers import Browser, poll_url, sign_up

SUMMARIES = (
    "Whether to give up the early train for a slower start to the day.",
    "Finding the first line of a letter to a sister who moved away.",
    "What a walk by the canal does for a long and restless afternoon.",
)
DAYS = 365

Life = Callable[[redis.Redis, str], None]


@dataclass(frozen=True, slots=True)
class Model:
    """A real user: what its page polls, its session, and the commands that store it.

    The commands have gaps for what is this user's own.
    """

    kind: str
    user_id: str
    poll: str
    session: dict[str, Any]
    moods: tuple[int, ...]
    commands: bytes


def product(url: str, db: redis.Redis) -> Flask:
    """Return the product within this process, with the secrets that the servers are given."""
    settings = Settings(
        redis_url=url, secret_keys=(SECRET,), api_keys=(KEY,), ratelimit_enabled=False
    )
    return create_app(settings, db)


def new_user(db: redis.Redis, user_id: str) -> None:
    """Do nothing after the sign-up."""


def three_conversations(db: redis.Redis, user_id: str) -> None:
    """Save three conversations."""
    for number, summary in enumerate(SUMMARIES):
        messages = [{"role": "user", "content": "Hello"}]
        save_conversation(db, user_id, messages, chat_id=f"chat-{number}", summary=summary)


def full_day(db: redis.Redis, user_id: str) -> None:
    """Check in as often today as the dashboard lists: with one more its answer is as long."""
    for _ in range(LISTED):
        record_mood(db, user_id, 6.5)


def year_of_moods(db: redis.Redis, user_id: str) -> None:
    """Be there on each day of a year with one mood, without notes; then three conversations."""
    clock = open_stats(db, user_id, create=False).clock
    chance, now = random.Random(7), datetime.now(UTC)
    # As if the account had been made a year ago: a day before the last one would not count.
    long_ago = now - timedelta(days=DAYS)
    db.set(user_key(user_id, "last_login"), user_day(clock, long_ago).isoformat())
    db.hset(user_key(user_id, "account"), "created", int(long_ago.timestamp()))
    for ago in range(DAYS - 1, -1, -1):
        at = now - timedelta(days=ago, minutes=chance.randrange(30))
        record_mood(db, user_id, chance.randrange(4, 19) / 2, at=at)
        record_login(db, user_id, day_now(clock, at))
    three_conversations(db, user_id)


def make_model(app: Flask, db: redis.Redis, kind: str, life: Life) -> Model:
    """Sign somebody up, let them live, show them their page, and keep what is stored then."""
    email = f"{kind:x<16}@example.com"
    browser = sign_up(app, "Robin", email=email)
    life(db, browser.user_id)
    poll = poll_url(browser.get("/dashboard"))
    session = read_session(app, browser)
    moods = tuple(map(int, db.lrange(browser.key("moods"), 0, -1)))
    gaps = {browser.user_id: b"%(id)b", session["sid"]: b"%(sid)b", email: b"%(email)b"}
    commands = _commands(db, browser.user_id, email).replace(b"%", b"%%")
    if moods:
        commands = commands.replace(bulk(moods), b"%(moods)b")
    for text, gap in gaps.items():
        commands = commands.replace(text.encode(), gap)
    return Model(kind, browser.user_id, poll, session, moods, commands)


def read_session(app: Flask, browser: Browser) -> dict[str, Any]:
    """Return what a browser's cookie holds once it has a CSRF token."""
    assert browser.token
    return dict(serializer(app).loads(browser.session))


def serializer(app: Flask) -> URLSafeTimedSerializer:
    """Return what signs the app's session cookies."""
    interface: Any = app.session_interface
    signer: URLSafeTimedSerializer = interface.get_signing_serializer(app)
    return signer


def bulk(words: Iterable[object]) -> bytes:
    """Return words as Redis is told them
    (https://redis.io/docs/latest/develop/reference/protocol-spec/).
    """
    encoded = (word if isinstance(word, bytes) else str(word).encode() for word in words)
    return b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded)


def _commands(db: redis.Redis, user_id: str, email: str) -> bytes:
    """Return the commands that store a user."""
    keys = [*stored_keys(db, user_id), f"email:{{{email}}}"]
    with redis.Redis.from_url(f"unix://{socket_path(db)}") as raw:
        commands = [_words(raw, key) for key in keys]
    return b"".join(b"*%d\r\n%b" % (len(words), bulk(words)) for words in commands)


def stored_keys(db: redis.Redis, user_id: str) -> list[str]:
    """Return the names of all keys of a user."""
    return sorted(db.scan_iter(f"user:{{{user_id}}}:*", count=10_000))


def socket_path(db: redis.Redis) -> str:
    """Return where the server's Unix socket is."""
    return str(db.get_connection_kwargs()["path"])


def _words(raw: Any, key: str) -> list[object]:
    kind = raw.type(key)
    if kind == b"hash":
        return ["HSET", key, *(word for pair in raw.hgetall(key).items() for word in pair)]
    if kind == b"list":
        return ["RPUSH", key, *raw.lrange(key, 0, -1)]
    if kind == b"set":
        return ["SADD", key, *raw.smembers(key)]
    if kind == b"zset":
        scored = raw.zrange(key, 0, -1, withscores=True)
        return ["ZADD", key, *(word for name, score in scored for word in (int(score), name))]
    assert kind == b"string", kind
    return ["SET", key, raw.get(key)]
