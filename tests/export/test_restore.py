"""Bringing an export back: all of it, whatever is here already, and however often."""

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from stats import daily_login, user_stats
from stats.conversations import delete_conversation, get_conversation, save_conversation
from stats.errors import InvalidInput
from stats.export.archive_format import (
    ArchivedMood,
)
from stats.export.archive_reader import read_archive
from stats.export.restore import Taken, restore
from stats.lib.timestamps import DAY
from stats.moods import entries as moods
from stats.store.client import Db
from tests.export.archives import (
    MINUTE,
    NOW,
    TODAY,
    archive,
    conversation,
    exported,
    history,
    reread,
    stats_of,
)
from tests.support.samples import MESSAGES


@pytest.mark.parametrize(
    ("entries", "chats"), [(50_001, 0), (0, 20_001)], ids=["50,001 moods", "20,001 conversations"]
)
def test_there_is_no_limit_but_the_size_of_the_file(valkey: Db, entries: int, chats: int) -> None:
    large = archive(
        days={TODAY},
        moods=[ArchivedMood(NOW - number * MINUTE, 5.0, "note") for number in range(entries)],
        conversations=[
            conversation(f"c{number}", NOW - number * MINUTE) for number in range(chats)
        ],
    )
    restore(valkey, "alice", large, create_day=TODAY.isoformat())
    taken = restore(valkey, "bob", reread(valkey, "alice"), create_day=TODAY.isoformat())
    assert taken == Taken(conversations=chats, moods=entries, days=0, known=0)
    assert history(valkey, "bob") == history(valkey, "alice")
    assert stats_of(valkey, "bob") == stats_of(valkey, "alice")


def test_whatever_the_api_takes_comes_back(db: Db) -> None:
    """As deep, as long and as much as the API lets anybody save, and its export as large."""
    deep: Any = 1
    for _ in range(60):
        deep = [deep]
    floats = "[" + ",".join(["1e15"] * 50_000) + "]"
    odd = [{"role": "r" * 64, "content": "x", "deep": deep, "floats": json.loads(floats)}]
    long = [{"role": "user", "content": "x" + "\x01" * 42_990}]
    for name, messages in (("odd", odd), ("long", long)):
        save_conversation(db, "alice", messages, chat_id=name, create_day=TODAY.isoformat())
    restore(db, "bob", reread(db, "alice"), create_day=TODAY.isoformat())
    for name, messages in (("odd", odd), ("long", long)):
        assert get_conversation(db, "bob", name).messages == tuple(messages)


def test_a_user_without_an_account_comes_back(db: Db) -> None:
    moods.record_mood(db, "alice", 5, create_day=TODAY.isoformat())
    account = exported(db, "alice")["account"]
    assert (account["name"], account["created"]) == (None, None)
    restore(db, "bob", reread(db, "alice"), create_day=TODAY.isoformat())
    assert exported(db, "bob")["moods"] == exported(db, "alice")["moods"]
    older = exported(db, "alice")
    older["account"]["created"] = "1970-01-01T00:00:00.000Z"
    del older["account"]["earlier_clocks"]
    assert read_archive(io.BytesIO(json.dumps(older).encode())).account.created is None


def test_more_recent_days_here_keep_their_streak(db: Db) -> None:
    restore(db, "bob", archive(), create_day=(TODAY - 3 * DAY).isoformat())
    for back in (2, 1, 0):
        daily_login.handle_daily_login(db, "bob", TODAY - back * DAY)
    restore(db, "bob", archive(days={TODAY - number * DAY for number in (4, 5, 30)}))
    stats = stats_of(db, "bob")
    assert (stats["days_active"], stats["streak"], stats["longest_streak"]) == (7, 6, 6)


def test_what_is_deleted_elsewhere_stays_here(db: Db) -> None:
    for name in ("kept", "gone"):
        save_conversation(db, "bob", MESSAGES, chat_id=name, create_day=TODAY.isoformat())
    delete_conversation(db, "bob", "gone")
    restore(db, "bob", archive(days={TODAY}, deleted=["kept", "gone", "never"]))
    bob = exported(db, "bob")
    assert [chat["chatId"] for chat in bob["conversations"]] == ["kept"]
    assert bob["deleted_conversations"] == ["gone", "never"]
    assert bob["stats"]["conversations"] == 3


def test_a_day_may_be_today_anywhere_and_no_later(db: Db) -> None:
    user_stats.create_user_stats(db, "alice")
    latest = (datetime.now(UTC) + timedelta(hours=14)).date()
    for day, is_taken in ((latest, True), (latest + 2 * DAY, False)):
        value = exported(db, "alice")
        value["days"] = [day.isoformat()]
        value["stats"]["last_login"] = day.isoformat()
        data = io.BytesIO(json.dumps(value).encode())
        if is_taken:
            assert read_archive(data).days == {day}
            continue
        with pytest.raises(InvalidInput, match="a day in the future"):
            read_archive(data)
