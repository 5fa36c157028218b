"""Moving in: whoever was in the old layout is here then, and nothing that was here is lost."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from stats.accounts.deletion import handle_account_deletion
from stats.daily_login import handle_daily_login
from stats.legacy_import import importer
from stats.legacy_import.importer import ImportReport, Outcome, import_users
from stats.legacy_import.records import LegacyRecord, convert
from stats.legacy_import.source import find_users
from stats.moods import entries as moods
from stats.snapshot import user_stats_exist
from stats.store.client import Db
from stats.store.keys import import_marker, user_key
from stats.user_stats import (
    add_recent_conversation,
    create_user_stats,
    get_user_stats,
    grant_plan,
    increment_conversations,
)
from tests.legacy_import.store import (
    DAY,
    FIELDS,
    MS,
    NOON,
    NOW,
    LegacyUser,
    broken_users,
    mood,
    talk,
    thousand_users,
    unusual_users,
)
from tests.support.store_checks import contents

SECRETS = ("abc", "Gold", "yesterday", "🌊", "talk", "soon", "xx", "note 0")


@pytest.fixture
def raw(request: pytest.FixtureRequest, valkey: Db) -> Any:
    """A client that shows what is stored even where it is no text."""
    if request.config.getoption("--cluster"):
        yield request.getfixturevalue("cluster").plain_client()
    else:
        with redis.Redis.from_url(request.getfixturevalue("server_url")) as client:
            yield client


def fill(db: Db, users: list[LegacyUser]) -> None:
    for user in users:
        user.write(db)


def bring(db: Db, source: Db | None = None, **options: Any) -> ImportReport:
    """Move everybody in."""
    report, source = ImportReport(), source or db
    for moved in import_users(db, source, find_users(source), **options):
        report.add(moved)
    return report


def shown(db: Db, user_id: str) -> dict[str, Any] | None:
    user_stats = get_user_stats(db, user_id)
    return None if user_stats is None else user_stats.to_dict()


def check(db: Db, user: LegacyUser) -> None:
    """Assert that a user's stats are right, on whichever side of midnight they were read."""
    if user.expected is None:
        assert not db.exists(f"user:{{{user.id}}}:stats"), user.id
        return
    first = user.on(datetime.now(UTC).date())
    stats = shown(db, user.id)
    assert stats in (first, user.on(datetime.now(UTC).date())), user.id
    assert text(db.hget(user_key(user.id, "stats"), "plan")) == first["plan"], user.id


def plain(stats: dict[str, Any]) -> dict[str, Any]:
    """What is stored without the versions, which begin with the time."""
    for value in stats.values():
        if isinstance(value, dict):
            for name in (b"version", b"drawn"):
                value.pop(name, None)
    return stats


def figures(report: ImportReport) -> Any:
    return report.outcomes, report.plans, sorted(map(str, report.findings))


def test_a_thousand_users_move_in_once(valkey: Db, raw: Db) -> None:
    users = thousand_users()
    assert len(users) == 1000
    assert len([user for user in users if user.warnings]) >= 20
    fill(valkey, users)
    before = contents(raw)
    first = bring(valkey)
    skipped = sum(user.expected is None for user in users)
    assert first.outcomes == {Outcome.NEW: 1000 - skipped, Outcome.SKIPPED: skipped}
    assert first.before == 0
    plans = [user.expected["plan"] for user in users if user.expected and "plan" in user.expected]
    assert first.plans == {name: plans.count(name) for name in ("Plus", "Premium")}
    for user in users:
        check(valkey, user)
    after = contents(raw)
    assert {key: after[key] for key in before} == before, "the old keys stand as they stood"
    again = bring(valkey)
    assert contents(raw) == after
    assert figures(again) == figures(first)
    assert again.before == 1000 - skipped


def test_whatever_client_moves_them_and_each_loss_is_named(db: Db) -> None:
    users = [*broken_users(), *unusual_users()]
    fill(db, users)
    report = bring(db)
    for user in users:
        check(db, user)
        name = user.id.replace("\n", r"\n")
        findings = [found for found in report.findings if found.key.startswith(f"user:{name}:")]
        keys = [(f"user:{name}:{part}", kind) for part, kind in user.warnings]
        assert [(found.key, found.kind) for found in findings] == keys
        if user.notes is not None:
            stored = {key: db.hget(user_key(user.id, "notes"), key) for key in user.notes}
            assert {key: text(note) for key, note in stored.items()} == user.notes
            assert db.hlen(user_key(user.id, "notes")) == len(user.notes)
    assert report.count(lost=False) == {"mood_score": 1}
    assert not [word for word in SECRETS for found in report.findings if word in found.reason]


def text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else value


def test_looking_writes_nothing_and_tells_the_same(valkey: Db, raw: Db) -> None:
    fill(valkey, [*broken_users(), *unusual_users()])
    here(valkey, "only-stats")
    before = contents(raw)
    looked = bring(valkey, dry_run=True)
    assert contents(raw) == before
    moved = bring(valkey)
    assert figures(moved) == figures(looked)
    assert (moved.outcomes[Outcome.MERGED], looked.before, moved.before) == (1, 0, 0)
    assert figures(bring(valkey, dry_run=True)) == figures(looked)


@pytest.mark.one_server
@pytest.mark.parametrize("broken_at", [0, 150, 299])
def test_stopped_at_any_point_it_goes_on(
    valkey: Db, raw: Db, monkeypatch: pytest.MonkeyPatch, broken_at: int
) -> None:
    fill(valkey, thousand_users()[:300])
    bring(valkey)
    complete = plain(contents(raw))
    valkey.flushall()
    fill(valkey, thousand_users()[:300])

    left, convert = [broken_at], importer.convert

    def breaks(*args: Any, **options: Any) -> Any:
        if not left[0]:
            raise redis.ConnectionError("gone")
        left[0] -= 1
        return convert(*args, **options)

    monkeypatch.setattr(importer, "convert", breaks)
    with pytest.raises(redis.ConnectionError):
        bring(valkey)
    half = plain(contents(raw))
    users = [key for key in half if not key.startswith("moved-in:")]
    assert all(half[key] == complete[key] for key in users)
    assert len(half) < len(complete)
    monkeypatch.undo()
    bring(valkey)
    assert plain(contents(raw)) == complete


def test_who_was_deleted_and_begins_anew_gets_nothing_of_the_old_back(valkey: Db) -> None:
    fill(valkey, unusual_users()[:2])
    bring(valkey)
    user = unusual_users()[0].id
    handle_account_deletion(valkey, user)
    assert bring(valkey).outcomes[Outcome.GONE] == 1
    create_user_stats(valkey, user)
    new = shown(valkey, user)
    report = bring(valkey)
    assert (report.outcomes[Outcome.GONE], report.outcomes[Outcome.NEW]) == (1, 1)
    assert shown(valkey, user) == new


def test_what_is_remembered_of_a_deleted_user_does_not_name_them(valkey: Db) -> None:
    user = LegacyUser("alice@example.com", dict(FIELDS), "2024-10-24")
    user.write(valkey)
    bring(valkey)
    handle_account_deletion(valkey, user.id)
    valkey.unlink(*(key for key in contents(valkey) if key.startswith(f"user:{user.id}:")))
    assert len(contents(valkey)) == 1
    assert "alice" not in str(contents(valkey))


def test_who_moved_before_the_mark_was_written_is_remembered_by_the_next_run(valkey: Db) -> None:
    """Stopped between the two, a run leaves a user who has moved and is not remembered."""
    user = unusual_users()[0]
    user.write(valkey)
    bring(valkey)
    valkey.unlink(import_marker(user.id)[0])
    assert bring(valkey).before == 1
    handle_account_deletion(valkey, user.id)
    assert bring(valkey).outcomes == {Outcome.GONE: 1}


@pytest.mark.one_server
def test_a_server_that_stops_half_way_holds_whole_users(valkey: Db, raw: Db) -> None:
    """The server refuses the second half of a batch, as one does that is out of memory."""
    fill(valkey, thousand_users()[40:100])
    half = find_users(valkey)[:30]
    list(import_users(valkey, valkey, half))
    whole_ones = plain(contents(raw))
    limit = raw.config_get("maxmemory")["maxmemory"]
    raw.config_set("maxmemory", 1)
    try:
        with pytest.raises(redis.ResponseError):
            bring(valkey)
    finally:
        raw.config_set("maxmemory", limit)
    assert plain(contents(raw)) == whole_ones
    assert bring(valkey).before == 30


def here(db: Db, user_id: str) -> None:
    """Make a user who has used the new system already."""
    create_user_stats(db, user_id)
    for day in (NOW.date() - 10 * DAY, NOW.date()):
        db.delete(*(user_key(user_id, kind) for kind in ("last_login", "days")))
        handle_daily_login(db, user_id, day)


def stored(db: Db, user_id: str, name: str) -> str:
    return str(db.hget(user_key(user_id, "stats"), name))


def test_what_is_newer_is_kept_and_the_old_is_put_beside_it(valkey: Db) -> None:
    create_user_stats(valkey, "alice")
    today = datetime.now(UTC).date()
    increment_conversations(valkey, "alice")
    add_recent_conversation(valkey, "alice", "new 1")
    grant_plan(valkey, "alice", "Plus", create=False)
    old = datetime.fromtimestamp(MS / 1000, UTC)
    moods.record_mood(valkey, "alice", 5, note="here", at=old)
    moods.record_mood(valkey, "alice", 6, at=old + timedelta(milliseconds=1))
    moods.record_mood(valkey, "alice", 9, at=old + DAY)
    newer = add_recent_conversation(valkey, "alice", "new 2")[0].to_dict()
    recent = [talk("talk"), newer, talk("older", "2024-10-20T00:00:00Z")]
    version = int(stored(valkey, "alice", "version"))
    LegacyUser(
        "alice",
        {**FIELDS, "plan": "Premium", "recent_conversations": json.dumps(recent)},
        f"{today - DAY:%Y-%m-%d}",
        {mood(5, note="old"): 0, mood(6, MS + 1, note="added"): 0, mood(4): 0,
         mood(3, f"{today - 2 * DAY}T10:00:00Z"): 0, mood(2, f"{today - 5 * DAY}T10:00:00Z"): 0},
    ).write(valkey)  # fmt: skip
    report = bring(valkey)
    assert report.outcomes == {Outcome.MERGED: 1}
    assert not report.plans
    assert int(stored(valkey, "alice", "version")) > version
    stats = get_user_stats(valkey, "alice")
    assert stats is not None
    assert (stats.conversations, stats.days_active, stats.plan) == (8, 10, "Plus")
    assert [item.summary for item in stats.recent_conversations] == ["new 2", "new 1", "talk"]
    assert (stats.streak, stats.longest_streak) == (3, 3)
    assert valkey.get(user_key("alice", "last_login")) == today.isoformat()
    entries = moods.read_moods(valkey, "alice", since=old)
    converted = [(entry.id - MS, entry.score, entry.note) for entry in reversed(entries)]
    assert converted[:4] == [(0, 5, "here"), (1, 6, "added"), (2, 4, ""), (86_400_000, 9, "")]
    assert [score for _, score, _ in converted[4:]] == [2, 3]
    assert stats.mood_score == 3
    assert len(valkey.lrange(user_key("alice", "days"), 0, -1)) == 5
    again = moods.record_mood(valkey, "alice", 1).stats()
    assert again.mood_score == 1


def test_a_day_known_to_both_is_one_day_and_a_streak_here_stands(valkey: Db) -> None:
    create_user_stats(valkey, "alice")
    today = datetime.now(UTC).date()
    valkey.hset(user_key("alice", "stats"), mapping={"streak": 40, "longest_streak": 50})
    LegacyUser("alice", {"days_active": "3"}, f"{today:%a %b %d %Y}").write(valkey)
    bring(valkey)
    stats = get_user_stats(valkey, "alice")
    assert stats is not None
    assert (stats.days_active, stats.streak, stats.longest_streak) == (3, 40, 50)


def test_a_later_last_login_of_the_old_system_counts(valkey: Db) -> None:
    create_user_stats(valkey, "alice")
    today = datetime.now(UTC).date()
    earlier = (today - 30 * DAY).isoformat()
    valkey.set(user_key("alice", "last_login"), earlier)
    valkey.delete(user_key("alice", "days"))
    valkey.rpush(user_key("alice", "days"), earlier.replace("-", ""))
    valkey.hset(user_key("alice", "stats"), mapping={"streak": 40, "longest_streak": 50})
    LegacyUser("alice", {"days_active": "3"}, f"{today:%Y-%m-%d}").write(valkey)
    bring(valkey)
    stats = get_user_stats(valkey, "alice")
    assert stats is not None
    assert (stats.days_active, stats.streak, stats.longest_streak) == (4, 1, 50)
    assert handle_daily_login(valkey, "alice", today) is False


def test_a_streak_runs_over_months_and_leap_days(valkey: Db) -> None:
    days = ["2023-12-30", "2023-12-31", "2024-01-01", "2024-02-28", "2024-02-29", "2024-03-01"]
    days += ["2024-03-02", "2100-02-28", "2023-02-28", "2023-03-01", "2000-02-28", "2000-02-29"]
    entries = {mood(5, f"{day}T23:59:59.999Z"): 0 for day in days}
    LegacyUser("alice", moods=entries).write(valkey)
    bring(valkey)
    assert stored(valkey, "alice", "longest_streak") == "4"
    assert valkey.lrange(user_key("alice", "days"), 0, -1)[:3] == [
        "20000228",
        "20000229",
        "20230228",
    ]


def test_without_plans_nobody_gets_one(valkey: Db) -> None:
    LegacyUser("alice", {**FIELDS, "plan": "Premium"}).write(valkey)
    LegacyUser("bob", {**FIELDS, "plan": "Gold"}).write(valkey)
    report = bring(valkey, plans=False)
    assert (report.plans, report.findings) == ({}, [])
    assert {stored(valkey, name, "plan") for name in ("alice", "bob")} == {"Free"}


def test_a_score_put_at_noon_of_today_does_not_lie_ahead() -> None:
    record = LegacyRecord({b"mood_score": b"7"}, NOON[:10].encode(), ())
    for now, at in ((MS + 3_600_000, MS), (MS - 3_600_000, MS - 3_600_000)):
        converted, _ = convert(b"alice", record, now)
        assert converted is not None
        assert converted.moods == [(at * 128 + 70, "")]


def test_a_long_history_comes_whole(valkey: Db) -> None:
    entries = {mood(5, MS - n * 60_000, note=str(n)): n for n in range(5_000)}
    LegacyUser("alice", moods=entries).write(valkey)
    moods.record_mood(valkey, "alice", 9, at=NOW - DAY, create_day="2024-01-01")
    bring(valkey)
    assert valkey.llen(user_key("alice", "moods")) == 5_001
    assert valkey.hlen(user_key("alice", "notes")) == 5_000


@pytest.mark.one_server
@pytest.mark.parametrize("protocol", [2, 3])
def test_from_another_store(server_url: str, valkey: Db, protocol: int) -> None:
    with redis.Redis.from_url(f"{server_url}?db=1", protocol=protocol) as source:
        LegacyUser("alice", FIELDS, NOON[:10], {mood(5): 0}).write(source)
        before = contents(source)
        LegacyUser("bob", FIELDS).write(valkey)
        assert bring(valkey, source).outcomes == {Outcome.NEW: 1}
        assert contents(source) == before
    assert shown(valkey, "alice")["conversations"] == 7
    assert not user_stats_exist(valkey, "bob")


def test_the_new_layout_is_not_taken_for_the_old(valkey: Db, raw: Db) -> None:
    create_user_stats(valkey, "alice")
    create_user_stats(valkey, "a:stats")
    before = contents(raw)
    assert bring(valkey).outcomes == {}
    assert contents(raw) == before


def test_a_server_that_has_lost_the_script_gets_it_again(
    valkey: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "BATCH_SIZE", 2)
    fill(valkey, unusual_users())
    for number, _ in enumerate(import_users(valkey, valkey, find_users(valkey))):
        if number == 1:
            valkey.script_flush()
    for user in unusual_users():
        check(valkey, user)


@pytest.mark.one_server
def test_what_the_old_store_refuses_is_not_taken_for_missing(
    server_url: str, valkey: Db, raw: Db
) -> None:
    """Whoever may not read the moods must not move people in without them."""
    LegacyUser("alice", FIELDS, moods={mood(5): 0}).write(valkey)
    before = contents(raw)
    valkey.execute_command("ACL", "SETUSER", "mover", "on", ">pw", "~*", "+@all", "-zrange")
    try:
        with (
            redis.Redis.from_url(server_url, username="mover", password="pw") as source,
            pytest.raises(redis.exceptions.NoPermissionError),
        ):
            bring(valkey, source)
    finally:
        valkey.execute_command("ACL", "DELUSER", "mover")
    assert contents(raw) == before
