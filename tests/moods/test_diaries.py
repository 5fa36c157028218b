"""Random lives with a diary: what is stored is what their owners would expect."""

import os
import random
import secrets
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
import redis
import time_machine

from stats.accounts.profile import update_profile
from stats.activity.clock import Clock
from stats.daily_login import handle_daily_login
from stats.export.archive_reader import read_archive
from stats.export.json_export import export_user
from stats.export.restore import restore
from stats.insights.stored_tags import read_tags
from stats.lib.timestamps import EPOCH, milliseconds
from stats.moods.entries import delete_mood, edit_mood, read_moods, record_mood, undo_mood
from stats.moods.history import make_year, read_history, week_mean
from stats.user_stats import create_user_stats, open_stats
from tests.moods.diary import Diary

# The long form is 2,000: `make verify-diaries`.
DIARIES = int(os.environ.get("DIARIES", "50"))
ZONES = (
    *("UTC", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati"),
    *("Pacific/Pago_Pago", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Santiago"),
)
TAGS = ("walk", "slept well", "läuft 👟", "work")
LENGTH = 60


class Life:
    """One life, lived in the store and in the model at once."""

    def __init__(self, db: redis.Redis, chance: random.Random, traveller: Any) -> None:
        self.db, self.chance, self.traveller = db, chance, traveller
        self.user = "user0"
        create_user_stats(db, self.user)
        self.diary = Diary(self.now)

    @property
    def now(self) -> datetime:
        """The moment, in whole milliseconds."""
        return datetime.now(UTC)

    def wait(self) -> None:
        """Let a minute pass, or up to three days."""
        hours = self.chance.choice((1 / 60, 1, 5, 12, 24, 24, 30, 50, 75))
        self.traveller.shift(
            timedelta(milliseconds=round(hours * self.chance.random() * 3.6e6) + 1)
        )

    def open(self) -> None:
        """Open the dashboard."""
        handle_daily_login(self.db, self.user)
        self.diary.open(self.now)

    def check_in(self) -> None:
        """Check in about this moment."""
        self._write(self.now, None)

    def look_back(self) -> None:
        """Check in about another moment, at times the same one twice."""
        back = timedelta(minutes=self.chance.choice((2, 90, 1440, 5000, 40_000)))
        self._write(self.now - back, self.now - back)

    def _write(self, at: datetime, given: datetime | None) -> None:
        tenths, note = self.chance.randrange(101), self.chance.choice(("", "a\nb", "ü"))
        tags = self._tags()
        record_mood(self.db, self.user, tenths / 10, note=note, tags=tags, at=given)
        self.diary.write(self.now, at, tenths, note, tags)

    def _tags(self) -> tuple[str, ...]:
        return tuple(self.chance.sample(TAGS, self.chance.choice((0, 0, 1, 3))))

    def undo(self) -> None:
        """Take back the entry recorded last."""
        entry_id = open_stats(self.db, self.user).undo
        if entry_id is not None:
            undo_mood(self.db, self.user, entry_id)
            self._forget(entry_id)

    def delete(self) -> None:
        """Delete any entry."""
        if self.diary.pages:
            entry_id = milliseconds(self.chance.choice(self.diary.pages).at)
            delete_mood(self.db, self.user, entry_id)
            self._forget(entry_id)

    def _forget(self, entry_id: int) -> None:
        self.diary.pages = [page for page in self.diary.pages if milliseconds(page.at) != entry_id]

    def edit(self) -> None:
        """Change any entry."""
        if self.diary.pages:
            page = self.chance.choice(self.diary.pages)
            page.tenths, page.note, page.tags = self.chance.randrange(101), "changed", self._tags()
            words = (page.tenths / 10, page.note, page.tags)
            edit_mood(self.db, self.user, milliseconds(page.at), *words)

    def move(self) -> None:
        """Live in another zone, or begin the day at another hour."""
        zone, start = self.chance.choice(ZONES), self.chance.choice((0, 0, 4))
        update_profile(self.db, self.user, name="Alice", clock=Clock(zone, start))
        self.diary.move(self.now, zone, start)

    def back_up(self) -> None:
        """Take the file along and read it back where everything is there already."""
        restore(self.db, self.user, read_archive(self._export()))

    def emigrate(self) -> None:
        """Read the file back into a new account, which was made just now, and live on there."""
        archive, self.user = self._export(), f"user{int(self.user[4:]) + 1}"
        create_user_stats(self.db, self.user)
        restore(self.db, self.user, read_archive(archive))
        self.diary.active = sorted({*self.diary.active, self.now.date()})

    def _export(self) -> BytesIO:
        return BytesIO("".join(export_user(self.db, self.user)).encode())

    def compare(self) -> None:
        """What is read from the store is what the diary holds."""
        diary, snapshot = self.diary, open_stats(self.db, self.user)
        today = diary.day(self.now)
        days, activity = read_history(self.db, self.user, snapshot.calendar, date(2020, 1, 1))
        stats = snapshot.stats()
        assert (stats.streak, stats.longest_streak) == diary.streaks(today)
        assert stats.days_active == len(diary.active)
        assert activity.active == set(diary.active)
        assert days == diary.days()
        tags = read_tags(self.db, self.user, snapshot.calendar, date(2020, 1, 1)).by_day
        assert {day: {tag.name for tag in own} for day, own in tags.items()} == diary.tags()
        means = make_year(days, today).means
        assert means == {day: diary.mean(day) for day in means}
        assert week_mean(days, today) == diary.week_mean(today)
        entries = [(one.at, round(one.score * 10), one.note, one.tags) for one in self._entries()]
        assert entries == [(page.at, page.tenths, page.note, page.tags) for page in diary.pages]
        assert stats.mood_score == (diary.pages[-1].tenths / 10 if diary.pages else 0)

    def _entries(self) -> list[Any]:
        return read_moods(self.db, self.user, since=EPOCH)[::-1]


ACTIONS: tuple[Callable[[Life], None], ...] = (
    *(Life.open, Life.check_in, Life.check_in, Life.look_back),
    *(Life.undo, Life.delete, Life.edit, Life.move, Life.back_up, Life.emigrate),
)


def live(db: redis.Redis, seed: str) -> None:
    """Live one life, and compare at every turn of it."""
    chance = random.Random(seed)
    begins = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=chance.randrange(9000))
    with time_machine.travel(begins, tick=False) as traveller:
        life = Life(db, chance, traveller)
        for _ in range(LENGTH):
            life.wait()
            chance.choice(ACTIONS)(life)
            life.compare()


@pytest.mark.timeout(1800)
def test_it_keeps_every_random_diary_as_its_owner_would(valkey: redis.Redis) -> None:
    """DIARIES sets how many; DIARIES_SEED plays a printed run again."""
    seed = os.environ.get("DIARIES_SEED") or secrets.token_hex(4)
    print(f"\n{DIARIES} diaries, DIARIES_SEED={seed}")
    for number in range(DIARIES):
        valkey.flushdb()
        try:
            live(valkey, f"{seed}:{number}")
        except AssertionError as error:
            raise AssertionError(f"diary {number} of DIARIES_SEED={seed}") from error
