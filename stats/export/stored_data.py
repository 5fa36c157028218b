"""What a user takes along: all that is stored, as one object, and the moods as a table.

Left out are the password's hash, the secret of two-factor, the recovery codes and the ids of
sessions, for any of them could help to open the account, and the version of the page, which means
nothing elsewhere.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import msgspec

from stats import logins
from stats.accounts import Session
from stats.activity import user_day
from stats.archive import FORMAT
from stats.conversations import Conversation, unpack
from stats.errors import UserNotFound
from stats.moods import Entry, entry
from stats.snapshot import NO_STATS, Counts, Snapshot, iso, iso_ms
from stats.store import Db, run, user_key, user_keys
from stats.text import as_text

_ACCOUNT = ("stats", "last_login", "days", "account", "sessions", "moods", "notes", "chats")
_BILLING = ("billing", "billing:done", "customers", "practice")
_AT_ONCE = (*_ACCOUNT, "heads", "deleted", "ops", *_BILLING)
KINDS = (*_AT_ONCE, "logins", "failures", "recovery")
# How many conversations are read at once.
PIECE = 20
# A spreadsheet takes a cell that begins so for a formula
# (https://owasp.org/www-community/attacks/CSV_Injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Stored:
    """All that is stored about a user, read at one moment; entries and chats newest first."""

    snapshot: Snapshot
    days: list[str]
    account: dict[str, str]
    sessions: list[Session]
    moods: list[Entry]
    conversations: list[Conversation]
    deleted: list[str]
    operations: dict[str, str]
    billing: dict[str, str]
    events: dict[str, str]
    customers: list[str]
    practice: str
    log: logins.Log

    @classmethod
    def read(cls, reply: Sequence[Any], bodies: Mapping[str, str], log: logins.Log) -> "Stored":
        """Read the script's reply; a chat without a body was deleted meanwhile."""
        notes, heads = (dict(_pairs(reply[place])) for place in (4, 6))
        return cls(
            snapshot=Snapshot.read(reply[13:]),
            days=[_day(as_text(day)) for day in reply[0]],
            account=dict(_pairs(reply[1])),
            sessions=[Session.read(session) for _, session in _pairs(reply[2])],
            moods=[_noted(value, notes) for value in reversed(reply[3])],
            conversations=[
                unpack(chat, heads[chat], bodies[chat])
                for chat, _ in _pairs(reply[5])
                if chat in bodies
            ],
            deleted=sorted(map(as_text, reply[7])),
            operations=dict(_pairs(reply[8])),
            billing=dict(_pairs(reply[9])),
            events=dict(_pairs(reply[10])),
            customers=sorted(map(as_text, reply[11])),
            practice=as_text(reply[12] or "[]"),
            log=log,
        )


def _pairs(flat: Sequence[Any]) -> Iterator[tuple[str, str]]:
    texts = [as_text(item) for item in flat]
    return zip(texts[::2], texts[1::2], strict=True)


def _day(digits: str) -> str:
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"


def _noted(value: Any, notes: Mapping[str, str]) -> Entry:
    found = entry(value)
    return Entry(found.id, found.score, notes.get(str(found.id), ""))


def read_stored(db: Db, user_id: str) -> Stored:
    """Return all that is stored about a user; raises UserNotFound.

    The messages are read in pieces, so that nobody else waits for a large export.
    """
    reply = run(db, "export_user", user_keys(user_id, _AT_ONCE))
    if reply is None:
        raise UserNotFound(NO_STATS)
    bodies = _bodies(db, user_id, [chat for chat, _ in _pairs(reply[5])])
    return Stored.read(reply, bodies, logins.look(db, user_id))


def _bodies(db: Db, user_id: str, chats: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(chats), PIECE):
        piece = chats[start : start + PIECE]
        bodies: Any = db.hmget(user_key(user_id, "bodies"), piece)
        found |= {chat: as_text(body) for chat, body in zip(piece, bodies, strict=True) if body}
    return found


def export_user(db: Db, user_id: str) -> dict[str, Any]:
    """Return all that is stored about a user, ready to be written as JSON; raises UserNotFound.

    `stats.archive` reads the file back.
    """
    stored, now = read_stored(db, user_id), datetime.now(UTC)
    return {
        "format": FORMAT,
        "exported": iso(now),
        "account": {"id": user_id, **_account(stored)},
        "stats": _stats(stored.snapshot, now),
        "days": stored.days,
        "moods": [_mood(found) for found in stored.moods],
        "conversations": [_chat(found) for found in stored.conversations],
        "deleted_conversations": stored.deleted,
        "sessions": [_session(found) for found in stored.sessions],
        "logins": [_login(found) for found in stored.log.logins],
        "failed_logins": [_login(found) for found in stored.log.failures],
        "two_factor": _two_factor(stored.log),
        "billing": _billing(stored, now),
        "operations": _listed(stored.operations, 1),
    }


def _account(stored: Stored) -> dict[str, Any]:
    account, clock = stored.account, stored.snapshot.clock
    return {
        "name": account.get("name"),
        "email": account.get("email"),
        "email_confirmed": "confirmed" in account,
        "email_changes_to": _pending(account),
        "created": iso_ms(int(account.get("created", 0)) * 1000),
        "timezone": clock.timezone,
        "day_start": clock.day_start,
        "theme": account.get("theme", "system"),
        "live": account.get("live") != "0",
        "sample": "sample" in account,
    }


def _pending(account: Mapping[str, str]) -> str | None:
    # "number end new old address", see stats/email_change.py
    return account["change"].split(" ", 4)[4] if "change" in account else None


def _stats(snapshot: Snapshot, now: datetime) -> dict[str, Any]:
    """Return what the API answers, and with it what is counted as it is stored."""
    recent = [
        {**found.to_dict(), **({"chatId": found.chat_id} if found.chat_id else {})}
        for found in snapshot.recent_conversations
    ]
    counts = {each.name: getattr(snapshot, each.name) for each in fields(Counts)}
    exported: dict[str, Any] = msgspec.to_builtins(
        {
            **snapshot.stats(now).to_dict(),
            **counts,
            "recent_conversations": recent,
            "last_login": snapshot.last_day,
            "used_today": snapshot.used_on(now),
        }
    )
    return exported


def _mood(found: Entry) -> dict[str, Any]:
    note = {"note": found.note} if found.note else {}
    return {"timestamp": iso(found.at), "score": found.score, **note}


def _chat(found: Conversation) -> dict[str, Any]:
    return {
        "chatId": found.chat_id,
        "title": found.title,
        "summary": found.summary,
        "savedAt": found.saved_at,
        "tags": found.tags,
        "messages": found.messages,
    }


def _session(found: Session) -> dict[str, str]:
    begun, used = iso_ms(found.made * 1000), iso_ms(found.seen * 1000)
    return {"begun": begun, "used": used, "agent": found.agent}


def _login(found: logins.Entry) -> dict[str, str]:
    at = iso_ms(found.at // 1000)
    return {"at": at, "by": found.how, "address": found.address, "agent": found.agent}


def _two_factor(log: logins.Log) -> dict[str, Any]:
    since = None if log.two_factor is None else iso_ms(log.two_factor * 1000)
    return {"since": since, "recovery_codes_left": log.codes_left}


def _billing(stored: Stored, now: datetime) -> dict[str, Any]:
    return {
        "plan": stored.snapshot.plan_at(now),
        "grant": stored.snapshot.grant,
        "paid": stored.snapshot.paid,
        "subscriptions": json.loads(stored.billing.get("subscriptions", "[]")),
        "customers": stored.customers,
        "events": _listed(stored.events, 1000),
        "practice": json.loads(stored.practice),
    }


def _listed(times: Mapping[str, str], unit: int) -> list[dict[str, str]]:
    return [{"id": name, "at": iso_ms(int(float(at)) * unit)} for name, at in times.items()]


def mood_table(db: Db, user_id: str) -> str:
    """Return the mood history as CSV (RFC 4180), newest first; raises UserNotFound."""
    stored, text = read_stored(db, user_id), io.StringIO()
    clock = stored.snapshot.clock
    table = csv.writer(text)
    table.writerow(("timestamp", "day", "score", "note"))
    for found in stored.moods:
        day = user_day(clock, found.at).isoformat()
        table.writerow((iso(found.at), day, found.score, harmless(found.note)))
    return text.getvalue()


def harmless(cell: str) -> str:
    """Return a cell's text with an apostrophe before what a spreadsheet would calculate."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
