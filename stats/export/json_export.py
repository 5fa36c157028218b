"""The export of all that is stored about a user, as one JSON object.

Left out are the password's hash, the secret of two-factor, the recovery codes and the ids of
sessions, for any of them could help to open the account, and the version of the page, which means
nothing elsewhere.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import msgspec

from stats.accounts import login_history
from stats.accounts.sessions import Session
from stats.activity.calendar import EarlierClock
from stats.conversations import Conversation
from stats.export.archive_format import FORMAT
from stats.export.stored_data import StoredUser, read_messages, read_stored_user
from stats.lib.timestamps import iso, iso_ms
from stats.moods.entries import MoodEntry
from stats.snapshot import Counts, Snapshot
from stats.store.client import Db


def export_user(db: Db, user_id: str, *, ascii_only: bool = False) -> Iterator[str]:
    """Return all that is stored about a user as the pieces of a JSON text; raises UserNotFound.

    `stats.export.archive_reader` reads the file back. The messages are read while the pieces are
    asked for, which raises what the store raises.
    """
    stored = read_stored_user(db, user_id)
    return _write(stored, read_messages(db, user_id, stored.conversations), ascii_only)


def _write(
    stored: StoredUser, conversations: Iterator[Conversation], ascii_only: bool
) -> Iterator[str]:
    """Yield the JSON text; every conversation is a line of it, and a piece."""
    text = json.dumps(_all_but_conversations(stored), ensure_ascii=ascii_only, indent=1)
    yield text.removesuffix("\n}") + ',\n "conversations": ['
    separator = "\n  "
    for conversation in conversations:
        yield separator + json.dumps(_conversation(conversation), ensure_ascii=ascii_only)
        separator = ",\n  "
    yield "\n ]\n}\n"


def _all_but_conversations(stored: StoredUser) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "format": FORMAT,
        "exported": iso(now),
        "account": {"id": stored.user_id, **_account(stored)},
        "stats": _stats(stored.snapshot, now),
        "days": stored.days,
        "moods": [_mood(item) for item in stored.moods],
        "deleted_conversations": stored.deleted,
        "sessions": [_session(item) for item in stored.sessions],
        "logins": [_login(item) for item in stored.log.logins],
        "failed_logins": [_login(item) for item in stored.log.failures],
        "two_factor": _two_factor(stored.log),
        "billing": _billing(stored, now),
        "operations": _listed(stored.operations, 1),
    }


def _account(stored: StoredUser) -> dict[str, Any]:
    account, clock = stored.account, stored.snapshot.clock
    return {
        "name": account.get("name"),
        "email": account.get("email"),
        "email_confirmed": "confirmed" in account,
        "email_changes_to": _pending(account),
        "created": iso_ms(int(account["created"]) * 1000) if "created" in account else None,
        "timezone": clock.timezone,
        "day_start": clock.day_start,
        "earlier_clocks": [_earlier(item) for item in stored.snapshot.calendar.earlier],
        "theme": account.get("theme", "system"),
        "live": account.get("live") != "0",
        "sample": "sample" in account,
    }


def _earlier(period: EarlierClock) -> dict[str, Any]:
    timezone, day_start = period.clock
    return {"until": iso_ms(period.until), "timezone": timezone, "day_start": day_start}


def _pending(account: Mapping[str, str]) -> str | None:
    # "number end new old address", see stats/accounts/email_change.py
    return account["change"].split(" ", 4)[4] if "change" in account else None


def _stats(snapshot: Snapshot, now: datetime) -> dict[str, Any]:
    """Return what the API answers, and with it what is counted as it is stored."""
    recent = [
        {
            **item.to_dict(),
            **({"chatId": item.chat_id} if item.chat_id else {}),
        }
        for item in snapshot.recent_conversations
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


def _mood(entry: MoodEntry) -> dict[str, Any]:
    note = {"note": entry.note} if entry.note else {}
    tags = {"tags": entry.tags} if entry.tags else {}
    return {"timestamp": iso(entry.at), "score": entry.score, **note, **tags}


def _conversation(conversation: Conversation) -> dict[str, Any]:
    return {
        "chatId": conversation.chat_id,
        "title": conversation.title,
        "summary": conversation.summary,
        "savedAt": conversation.saved_at,
        **({"firstSavedAt": conversation.first_saved_at} if conversation.first_saved_at else {}),
        "tags": conversation.tags,
        "messages": conversation.messages,
    }


def _session(session: Session) -> dict[str, str]:
    created, used = iso_ms(session.created_at * 1000), iso_ms(session.used_at * 1000)
    return {"begun": created, "used": used, "agent": session.agent}


def _login(entry: login_history.LoginEntry) -> dict[str, str]:
    at = iso_ms(entry.at // 1000)
    return {"at": at, "by": entry.method, "address": entry.address, "agent": entry.agent}


def _two_factor(log: login_history.LoginHistory) -> dict[str, Any]:
    since = None if log.two_factor is None else iso_ms(log.two_factor * 1000)
    return {"since": since, "recovery_codes_left": log.codes_left}


def _billing(stored: StoredUser, now: datetime) -> dict[str, Any]:
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
