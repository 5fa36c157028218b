"""Archives as they are made by hand, and what two accounts have in common."""

import io
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from stats import user_stats
from stats.export.archive_format import (
    Archive,
    ArchivedConversation,
    ArchivedMood,
    ArchivedProfile,
    ArchivedStats,
)
from stats.export.archive_reader import read_archive
from stats.export.json_export import export_user
from stats.lib.timestamps import DAY
from stats.store.client import Db
from tests.support.store_checks import contents

NOW = datetime.now(UTC).replace(microsecond=0)
TODAY = NOW.date()
MINUTE = timedelta(minutes=1)
# What two accounts with the same history have in common.
KINDS = (
    "last_login",
    "days",
    "moods",
    "notes",
    "mood_tags",
    "chats",
    "heads",
    "bodies",
    "deleted",
    "first_saved",
)


def archive(
    *,
    days: set[date] | None = None,
    moods: list[ArchivedMood] | None = None,
    conversations: list[ArchivedConversation] | None = None,
    deleted: list[str] | None = None,
    counted: int | None = None,
) -> Archive:
    """An archive of somebody who came on these days; each is a streak of its own."""
    known = len(conversations or []) + len(deleted or [])
    return Archive(
        account=ArchivedProfile("Bob", "UTC", 0, NOW - 400 * DAY),
        stats=ArchivedStats(
            conversations=known if counted is None else counted,
            days_active=len(days or ()),
            streak=1 if days else 0,
            longest_streak=1 if days else 0,
            last_login=max(days) if days else None,
        ),
        days=frozenset(days or ()),
        moods=moods or [],
        conversations=conversations or [],
        deleted_conversations=deleted or [],
    )


def conversation(name: str, at: datetime, text: str = "Hello") -> ArchivedConversation:
    messages = [{"role": "user", "content": text}]
    return ArchivedConversation(name, f"About {name}", "Summary", at, messages)


def exported(db: Db, user: str) -> dict[str, Any]:
    return dict(json.loads("".join(export_user(db, user))))


def reread(db: Db, user: str) -> Archive:
    return read_archive(io.BytesIO("".join(export_user(db, user)).encode()))


def history(db: Db, user: str) -> list[Any]:
    stored = contents(db)
    return [stored.get(f"user:{{{user}}}:{kind}") for kind in KINDS]


def stats_of(db: Db, user: str) -> dict[str, Any]:
    stats = user_stats.get_user_stats(db, user)
    assert stats is not None
    return stats.to_dict()
