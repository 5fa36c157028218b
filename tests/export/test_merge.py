"""Archives merged into an account that has something: half ones, many, and all at once."""

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from stats import daily_login, user_stats
from stats.activity.clock import Clock
from stats.conversations import save_conversation
from stats.export.archive_format import (
    Archive,
    ArchivedMood,
)
from stats.export.restore import restore
from stats.lib.timestamps import DAY, iso, milliseconds
from stats.moods import entries as moods
from stats.sample.account import make_year
from stats.store.client import Db
from tests.export.archives import (
    MINUTE,
    NOW,
    TODAY,
    archive,
    conversation,
    exported,
    history,
    stats_of,
)
from tests.support.samples import MESSAGES
from tests.support.store_checks import run_concurrently


def random_archive(random: Random) -> Archive:
    """Some of a hundred moods, conversations and days, so that two archives share a few."""
    entries = random.sample(range(100), random.randrange(40))
    chats = random.sample(range(100), random.randrange(40))
    gone = random.sample(sorted(set(range(100)) - set(chats)), random.randrange(10))
    days = set(random.sample([TODAY - number * DAY for number in range(60)], random.randrange(40)))
    return archive(
        days=days,
        moods=[mood(n) for n in entries],
        conversations=[conversation(f"c{n}", NOW - n * MINUTE) for n in chats],
        deleted=[f"c{n}" for n in gone],
        counted=len(chats) + len(gone) + random.randrange(5),
    )


def mood(number: int) -> ArchivedMood:
    tags = [f"t{number}", "Café"][: number % 3]
    return ArchivedMood(NOW - number * MINUTE, number % 10, f"{number}" * (number % 2), tags)


@pytest.mark.parametrize("seed", range(25))
def test_merged_archives_hold_what_each_of_them_holds(valkey: Db, seed: int) -> None:
    random = Random(seed)
    parts = [random_archive(random) for _ in range(4)]
    user_stats.create_user_stats(valkey, "bob")
    uncounted = 0
    for number, part in enumerate([*parts, *parts]):
        before = stats_of(valkey, "bob")
        restore(valkey, "bob", part)
        after = stats_of(valkey, "bob")
        for name in ("conversations", "days_active", "streak", "longest_streak"):
            assert after[name] >= before[name], name
        if number >= len(parts):
            # Days that have become known meanwhile may lengthen the streak of an archive.
            grown = {name: after[name] for name in ("streak", "longest_streak")}
            assert after == before | grown
        uncounted = max(uncounted, part.stats.conversations - len(known_ids(part)))
    bob = exported(valkey, "bob")
    assert bob["days"] == sorted({str(day) for part in parts for day in part.days} | {str(TODAY)})
    times = {iso(one.timestamp): one for part in parts for one in part.moods}
    assert [entry["timestamp"] for entry in bob["moods"]] == sorted(times, reverse=True)
    for entry in bob["moods"]:
        same = times[entry["timestamp"]]
        words = (entry["score"], entry.get("note", ""), entry.get("tags", []))
        assert words == (same.score, same.note, same.tags)
    live = {chat.chat_id: chat for part in parts for chat in part.conversations}
    newest_first = sorted(live.values(), key=lambda chat: chat.saved_at, reverse=True)
    assert [chat["chatId"] for chat in bob["conversations"]] == [c.chat_id for c in newest_first]
    ever = {chat_id for part in parts for chat_id in known_ids(part)}
    assert set(bob["deleted_conversations"]) == ever - set(live)
    assert bob["stats"]["conversations"] == len(ever) + uncounted


def known_ids(part: Archive) -> set[str]:
    return {chat.chat_id for chat in part.conversations} | set(part.deleted_conversations)


class CutOff(Exception):
    """The process that brings an archive back dies."""


def cut_off(items: list[Any], after: int) -> Iterator[Any]:
    yield from items[:after]
    raise CutOff


@pytest.mark.parametrize("after", [0, 21, 45, 2100])
def test_one_that_was_cut_off_is_repeated_with_the_same_result(valkey: Db, after: int) -> None:
    whole = archive(
        days={TODAY, TODAY - DAY},
        moods=[ArchivedMood(NOW - number * MINUTE, 5.0) for number in range(2500)],
        conversations=[conversation(f"c{number}", NOW - number * MINUTE) for number in range(60)],
        deleted=["gone"],
        counted=99,
    )
    day = (TODAY - DAY).isoformat()
    restore(valkey, "alice", whole, create_day=day)
    for name in ("moods", "conversations"):
        halved = {name: cut_off(list(getattr(whole, name)), after)}
        broken = Archive(
            account=whole.account,
            stats=whole.stats,
            days=whole.days,
            moods=halved.get("moods", whole.moods),
            conversations=halved.get("conversations", whole.conversations),
            deleted_conversations=whole.deleted_conversations,
        )
        with pytest.raises(CutOff):
            restore(valkey, "bob", broken, create_day=day)
    restore(valkey, "bob", whole, create_day=day)
    assert history(valkey, "bob") == history(valkey, "alice")
    assert stats_of(valkey, "bob") == stats_of(valkey, "alice")
    for part in ("name", "created", "timezone"):
        assert (
            exported(valkey, "bob")["account"][part] == exported(valkey, "alice")["account"][part]
        )


def test_many_at_once_count_everything_once(concurrent_db: Db) -> None:
    user_stats.create_user_stats(concurrent_db, "bob")
    years = [make_year(Random(seed % 3), Clock(), NOW) for seed in range(12)]

    def act(number: int) -> Any:
        if number < 12:
            return restore(concurrent_db, "bob", years[number])
        moods.record_mood(concurrent_db, "bob", 5, at=NOW - 500 * DAY - number * MINUTE)
        return save_conversation(concurrent_db, "bob", MESSAGES, chat_id=f"own-{number}")

    answers = run_concurrently(20, act)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    times = {milliseconds(mood.timestamp) for year in years for mood in year.moods}
    ids = {chat.chat_id for year in years for chat in year.conversations}
    bob = exported(concurrent_db, "bob")
    assert len(bob["moods"]) == len(times) + 8
    assert bob["stats"]["conversations"] == len(bob["conversations"]) == len(ids) + 8
    days = {day for year in years for day in year.days}
    assert bob["stats"]["days_active"] == len(bob["days"]) == len(days)
    assert Counter(bob["days"]).most_common(1)[0][1] == 1


def test_no_day_is_lost_between_reading_and_writing(concurrent_db: Db) -> None:
    first = TODAY - 200 * DAY
    archives = [archive(days={first - number * DAY}) for number in range(1, 60)]
    restore(concurrent_db, "bob", archive(), create_day=first.isoformat())

    def act(number: int) -> Any:
        if number:
            return [restore(concurrent_db, "bob", part) for part in archives[number::4]]
        later = [first + number * DAY for number in range(1, 200)]
        return [daily_login.handle_daily_login(concurrent_db, "bob", day) for day in later]

    answers = run_concurrently(4, act)
    assert answers[0] == [True] * 199
    restored = sum(len(archives[number::4]) for number in (1, 2, 3))
    bob = exported(concurrent_db, "bob")
    assert len(bob["days"]) == bob["stats"]["days_active"] == 200 + restored
    assert stats_of(concurrent_db, "bob")["streak"] >= 200
