"""Call all that `stats` offers other programs, on an embedded Valkey in the folder named."""

import importlib.util
import sys
from datetime import date
from pathlib import Path

import redis

import stats
from stats.embedded import server

ALICE, BOB = "alice", "bob"
DAY = date(2026, 12, 1)


def call_all(db: redis.Redis) -> None:
    """Call each of the fifteen functions."""
    assert not stats.user_stats_exist(db, ALICE)
    assert stats.create_user_stats(db, ALICE).plan == "Free"
    assert stats.increment_conversations(db, ALICE) == 1
    assert stats.increment_days_active(db, ALICE) == 2
    stats.update_mood_score(db, ALICE, 8.5)
    assert [one.summary for one in stats.add_recent_conversation(db, ALICE, "Hello")] == ["Hello"]
    stats.update_plan(db, ALICE, "Plus")
    user_stats = stats.get_user_stats(db, ALICE)
    assert user_stats is not None
    assert (user_stats.conversations, user_stats.mood_score, user_stats.plan) == (1, 8.5, "Plus")
    call_life(db)
    stats.delete_user_stats(db, ALICE)
    assert stats.get_user_stats(db, ALICE) is None


def call_life(db: redis.Redis) -> None:
    """Call those that follow a user's log-ins to the end of the account."""
    stats.initialize_user_stats(db, BOB)
    stats.is_first_login_of_day(db, BOB, today=DAY)
    stats.handle_daily_login(db, BOB, today=DAY)
    assert stats.get_login_streak(db, BOB, today=DAY) >= 1
    stats.handle_user_logout(db, BOB)
    stats.handle_account_deletion(db, BOB)
    assert not stats.user_stats_exist(db, BOB)


if __name__ == "__main__":
    functions = [name for name in stats.__all__ if name.islower()]
    source = Path(__file__).read_text()
    assert len(functions) == 15
    assert [name for name in functions if f"stats.{name}(" not in source] == []
    held = server.start(Path(sys.argv[1]))
    try:
        call_all(redis.Redis.from_url(held.url))
    finally:
        held.close()
    assert not any(name.partition(".")[0] == "flask" for name in sys.modules)
    assert importlib.util.find_spec("app") is importlib.util.find_spec("templates") is None
    print(stats.__file__)
