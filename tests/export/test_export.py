"""Everything that is stored, taken along and brought back: the domain's half."""

import io
import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from stats import daily_login, user_stats
from stats.accounts import deletion, log_in, passwords, profile, sign_in_links, sign_up
from stats.activity.clock import Clock, user_day
from stats.billing.customers import bind_customer
from stats.conversations import delete_conversation, save_conversation
from stats.errors import InvalidInput, UserNotFound
from stats.export.archive_format import Archive
from stats.export.archive_reader import read_archive
from stats.export.csv_export import mood_csv
from stats.export.json_export import export_user
from stats.export.restore import restore
from stats.legacy_import.importer import import_users
from stats.moods import entries as moods
from stats.sample.account import CONVERSATION_COUNT, make_sample, make_year
from stats.store.keys import ALL_KINDS, EXPORT_KINDS, LOGIN_HISTORY_KINDS, user_keys
from tests.legacy_import.store import LegacyUser
from tests.support.store_checks import contents, keys_of_user, run_concurrently, version

PASSWORD = "correct horse battery"
NOW = datetime.now(UTC)
TODAY = NOW.date()
MESSAGES = [{"role": "user", "content": "Hello 👋\r\n", "more": {"deep": [1, 2.5, None, True]}}]
# What comes back exactly; of the stats, these fields.
BACK = (
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
FIELDS = ("conversations", "mood_score", "mood_updated_at", "days_active", "streak")
FIELDS += ("longest_streak", "recent_conversations", "forgiven", "timezone", "day_start")

pytestmark = pytest.mark.usefixtures("fast_password_hashing")


def live(db) -> log_in.Login:
    """Sign up and do what stores something, two and four days ago too."""
    clock = Clock("Asia/Tokyo", 3)
    email = "alice@example.com"
    login = sign_up.sign_up(db, name="Alice", email=email, password=PASSWORD, clock=clock)
    user = login.user_id
    day = user_day(clock, NOW)
    db.unlink(*user_keys(user, ("last_login", "days")))
    for back in (4, 2):
        daily_login.handle_daily_login(db, user, day - timedelta(days=back))
    for hours, note in ((100, "=note"), (50, ""), (1, "a\nb")):
        at = NOW - timedelta(hours=hours)
        tags = ["walk", "café"] if note else []
        words = {"note": note, "tags": tags}
        moods.record_mood(db, user, hours / 10, **words, at=at, op=f"mood {hours}")
    for chat in ("one", "two", "three", "four"):
        save_conversation(db, user, MESSAGES, chat_id=chat, title=chat, tags=["night"])
    save_conversation(db, user, MESSAGES, chat_id="four", title="four", tags=["night"])
    save_conversation(db, user, MESSAGES, chat_id="gone", key="once")
    delete_conversation(db, user, "gone")
    user_stats.add_recent_conversation(db, user, "by hand")
    user_stats.update_plan(db, user, "Plus")
    bind_customer(db, user, "cus_alice")
    profile.update_profile(db, user, name="Alice", clock=clock, theme="dark", live=False)
    return login


def field(db, user: str, name: str) -> str | None:
    value = db.hget(f"user:{{{user}}}:stats", name)
    return value.decode() if isinstance(value, bytes) else value


def value(db, user: str, name: str) -> Any:
    stored = field(db, user, name)
    return json.loads(stored) if name == "recent_conversations" else stored


def taken(db, user: str) -> bytes:
    return "".join(export_user(db, user)).encode()


def archived(data: bytes) -> Archive:
    return read_archive(io.BytesIO(data))


def test_it_leaves_no_kind_of_data_out():
    # The messages are read apart, in pieces.
    assert set(ALL_KINDS) - {*EXPORT_KINDS, *LOGIN_HISTORY_KINDS} == {"billing:ticket", "bodies"}


def test_it_tells_of_everything(db):
    login = live(db)
    exported = json.loads(taken(db, login.user_id))
    profile = {"name": "Alice", "email": "alice@example.com", "theme": "dark", "live": False}
    assert profile.items() <= exported["account"].items()
    assert exported["billing"]["grant"] == exported["billing"]["plan"] == "Plus"
    assert exported["billing"]["customers"] == ["cus_alice"]
    assert [mood["score"] for mood in exported["moods"]] == [0.1, 5.0, 10.0]
    tags = ["walk", "café"]
    assert [mood.get("tags") for mood in exported["moods"]] == [tags, None, tags]
    assert [chat["chatId"] for chat in exported["conversations"]] == ["four", "three", "two", "one"]
    assert exported["conversations"][0]["messages"] == MESSAGES
    assert len(exported["operations"]) == 4
    assert set(exported["sessions"][0]) == {"begun", "used", "agent"}


def test_it_tells_no_secret(db):
    login = live(db)
    text = taken(db, login.user_id).decode()
    assert login.session_id not in text
    assert "argon2" not in text


def test_it_comes_back_as_it_was(db):
    user = live(db).user_id
    archive = archived(taken(db, user))
    restore(db, "bob", archive, create_day=min(archive.days).isoformat())
    stored = contents(db)
    for kind in BACK:
        assert stored[f"user:{{bob}}:{kind}"] == stored[f"user:{{{user}}}:{kind}"], kind
    for name in FIELDS:
        assert value(db, "bob", name) == value(db, user, name), name
    assert field(db, "bob", "grant") is None
    assert user_stats.get_user_stats(db, "bob").plan == "Free"
    again, first = (json.loads(taken(db, name)) for name in ("bob", user))
    for part in ("days", "moods", "conversations"):
        assert again[part] == first[part]


def test_a_page_that_is_open_learns_of_it(db):
    user_stats.create_user_stats(db, "bob")
    before = version(db, "bob")
    restore(db, "bob", make_year(Random(1), Clock(), NOW))
    assert version(db, "bob") > before
    assert field(db, "bob", "fresh_until") == "0"


def test_an_ended_streak_comes_back_ended(db):
    archive = make_year(Random(1), Clock(), NOW - timedelta(days=9))
    restore(db, "bob", archive, create_day=archive.stats.last_login.isoformat())
    stats = user_stats.get_user_stats(db, "bob")
    assert (stats.streak, stats.longest_streak) == (0, archive.stats.longest_streak)
    assert daily_login.handle_daily_login(db, "bob")
    stats = user_stats.get_user_stats(db, "bob")
    assert (stats.streak, stats.days_active) == (1, archive.stats.days_active + 1)


def test_it_makes_nobody(db):
    with pytest.raises(UserNotFound):
        restore(db, "bob", make_year(Random(1), Clock(), NOW))
    with pytest.raises(UserNotFound):
        export_user(db, "bob")
    with pytest.raises(UserNotFound):
        mood_csv(db, "bob")
    assert contents(db) == {}


def test_of_many_password_changes_one_counts(concurrent_db):
    email = "alice@example.com"
    login = sign_up.sign_up(concurrent_db, name="A", email=email, password=PASSWORD, clock=Clock())
    new = [f"password number {number}" for number in range(12)]
    user, session = login.user_id, login.session_id
    answers = run_concurrently(
        12, lambda n: passwords.change_password(concurrent_db, user, PASSWORD, new[n], session)
    )
    [number] = [number for number, answer in enumerate(answers) if answer]
    assert log_in.log_in(concurrent_db, email, new[number])
    assert log_in.log_in(concurrent_db, email, PASSWORD) is None


@pytest.mark.parametrize("seed", range(5))
def test_a_sample_year_could_have_been_lived(valkey, seed):
    """Log in on the days it names: the counts come out the same."""
    year = make_year(Random(seed), Clock("America/New_York", 3), NOW)
    user_stats.create_user_stats(valkey, "bob")
    valkey.unlink(*user_keys("bob", ("last_login", "days")))
    valkey.hset("user:{bob}:stats", mapping={"days_active": 0, "streak": 0, "longest_streak": 0})
    for day in sorted(year.days):
        assert daily_login.handle_daily_login(valkey, "bob", day)
    for name in ("days_active", "streak", "longest_streak"):
        assert int(field(valkey, "bob", name)) == getattr(year.stats, name), name


def test_every_sample_year_has_an_evening_before_and_a_day_to_fill_in():
    clock = Clock("Asia/Tokyo", 3)
    for seed in range(100):
        year = make_year(Random(seed), clock, NOW)
        assert user_day(clock, year.moods[-1].timestamp) == user_day(clock, NOW) - timedelta(1)


@pytest.mark.parametrize("clock", [Clock(), Clock("Pacific/Kiritimati", 6), Clock("Etc/GMT+12")])
def test_a_sample_is_an_export_like_any(db, clock):
    login = make_sample(db, clock, "Firefox")
    archive = archived(taken(db, login.user_id))
    days = {user_day(clock, mood.timestamp) for mood in archive.moods}
    assert len(list(archive.conversations)) == archive.stats.conversations == CONVERSATION_COUNT
    assert 280 <= len(days) <= 330
    assert days < archive.days
    assert archive.stats.last_login not in days


def test_who_moved_in_without_a_last_login_can_bring_their_export_back(db):
    LegacyUser("bob", {"conversations": "7", "days_active": "9"}).write(db)
    list(import_users(db, db, [b"bob"]))
    sign_in_links.make_link(db, "bob", "Bob")
    data = taken(db, "bob")
    before = json.loads(data)["stats"]
    assert (before["last_login"], before["conversations"]) == (None, 7)
    person = {"name": "Bob", "email": "bob@example.com", "password": PASSWORD}
    again = sign_up.sign_up(db, **person, clock=Clock()).user_id
    restore(db, again, archived(data))
    # The day of the sign-up is one more.
    today = json.loads(taken(db, again))["days"]
    assert len(today) == 1
    more = {"days_active": 10, "last_login": today[0]}
    assert json.loads(taken(db, again))["stats"] == before | more


def test_days_without_a_last_one_are_no_export(db):
    export = json.loads(taken(db, live(db).user_id))
    export["stats"]["last_login"] = None
    with pytest.raises(InvalidInput, match="a day after the last one"):
        archived(json.dumps(export).encode())


def test_a_sample_has_its_low_patch_in_winter():
    year = make_year(Random(7), Clock(), NOW)
    winter = [
        mood.score for mood in year.moods if mood.timestamp.timetuple().tm_yday in range(15, 40)
    ]
    rest = [mood.score for mood in year.moods if mood.timestamp.month in range(4, 11)]
    assert sum(winter) / len(winter) < sum(rest) / len(rest) - 1


def test_nothing_is_left_of_a_sample(db):
    user = make_sample(db, Clock()).user_id
    deletion.handle_account_deletion(db, user)
    assert keys_of_user(db, user) == set()
    assert contents(db) == {}
