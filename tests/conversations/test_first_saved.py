"""A conversation that is saved again is the newest, and stays on the day on which it was."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from stats.conversations import (
    conversations_between,
    delete_conversation,
    list_conversations,
    save_conversation,
)
from stats.lib.timestamps import iso, milliseconds
from stats.moods.history import read_history
from stats.user_stats import create_user_stats, open_stats
from tests.support.samples import MESSAGES

MONDAY = datetime(2026, 3, 9, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The moment at which conversations are saved: `now`."""
    clock = SimpleNamespace(now=MONDAY)
    monkeypatch.setattr("stats.conversations.now_ms", lambda: milliseconds(clock.now))
    return clock


def save(db, clock: SimpleNamespace, now: datetime, chat_id: str) -> None:
    clock.now = now
    save_conversation(db, "alice", MESSAGES, chat_id=chat_id)


def on(db, day: datetime) -> list[tuple[str, str | None]]:
    midnight = day.replace(hour=0)
    found = conversations_between(db, "alice", midnight, midnight + DAY)
    return [(item.chat_id, item.first_saved_at) for item in found]


def history(db, since: datetime = MONDAY) -> dict[date, int]:
    calendar = open_stats(db, "alice").calendar
    return dict(read_history(db, "alice", calendar, since.date())[1].conversations)


def test_it_stays_on_the_day_of_its_first_time(db, clock):
    create_user_stats(db, "alice")
    save(db, clock, MONDAY, "one")
    save(db, clock, MONDAY + timedelta(hours=1), "two")
    for days in (1, 2):
        save(db, clock, MONDAY + days * DAY, "one")
    assert [item.chat_id for item in list_conversations(db, "alice")] == ["one", "two"]
    assert on(db, MONDAY) == [("two", iso(MONDAY + timedelta(hours=1))), ("one", iso(MONDAY))]
    assert on(db, MONDAY + DAY) == on(db, MONDAY + 2 * DAY) == []
    assert history(db) == {MONDAY.date(): 2}
    assert history(db, MONDAY + DAY) == {}


def test_it_goes_with_the_conversation(db, clock):
    create_user_stats(db, "alice")
    save(db, clock, MONDAY, "one")
    save(db, clock, MONDAY + DAY, "one")
    delete_conversation(db, "alice", "one")
    assert history(db) == {}
    assert not db.exists("user:{alice}:first_saved")
    save(db, clock, MONDAY + 2 * DAY, "one")
    assert history(db) == {(MONDAY + 2 * DAY).date(): 1}
