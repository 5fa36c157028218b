"""The stats of one user, and the nine operations on `user:{id}:stats`."""

import json
from datetime import UTC, datetime

from stats.errors import UserNotFound
from stats.lib.text import clean, cut
from stats.lib.timestamps import iso_ms, now_ms
from stats.moods import entries as moods
from stats.plans.plan import check_plan
from stats.snapshot import NO_STATS, RecentConversation, Snapshot, UserStats
from stats.store.client import Db
from stats.store.keys import SNAPSHOT_KINDS, STATS_KINDS, user_keys
from stats.store.scripts import run, run_replicated


def initialize_user_stats(db: Db, user_id: str) -> None:
    """Make the stats of a user who has signed up, unless there are some."""
    create_user_stats(db, user_id)


def handle_user_logout(db: Db, user_id: str, delete_stats: bool = False) -> None:
    """Keep the stats of a user who logs out, or delete them if asked to."""
    if delete_stats:
        delete_user_stats(db, user_id)


SUMMARY_LENGTH = 200


def first_day() -> str:
    """Return today in UTC, the first day of a user whose time zone is not known."""
    return datetime.now(UTC).date().isoformat()


def create_user_stats(db: Db, user_id: str) -> UserStats:
    """Make the stats of a new user, whose first active day is today; return them.

    Stats that exist are returned as they are.
    """
    return open_stats(db, user_id).stats()


def open_stats(db: Db, user_id: str, *, create: bool = True) -> Snapshot:
    """Return a user's snapshot, made first if there is none and `create` is true.

    Raises UserNotFound if there are no stats and none are made.
    """
    keys = user_keys(user_id, SNAPSHOT_KINDS)
    reply = run(db, "user_stats/read", keys)
    if reply is None and create:
        reply = run(db, "user_stats/open", keys, first_day())
    return Snapshot.read(reply)


def get_user_stats(db: Db, user_id: str) -> UserStats | None:
    """Return a user's stats, or None if there are none."""
    try:
        return open_stats(db, user_id, create=False).stats()
    except UserNotFound:
        return None


def increment_conversations(db: Db, user_id: str) -> int:
    """Count one conversation more; return the new count. Raises UserNotFound."""
    return _increment(db, user_id, "conversations")


def increment_days_active(db: Db, user_id: str) -> int:
    """Count one active day more; return the new count. Raises UserNotFound.

    This adds to the count alone; `handle_daily_login` knows which day it is.
    """
    return _increment(db, user_id, "days_active")


def _increment(db: Db, user_id: str, field: str) -> int:
    reply = run(db, "user_stats/increment", user_keys(user_id, SNAPSHOT_KINDS), field)
    if reply is None:
        raise UserNotFound(NO_STATS)
    return int(reply)


def update_mood_score(db: Db, user_id: str, score: float) -> None:
    """Record a mood from 0 to 10 as of now, in the history too.

    Raises InvalidInput for anything but a finite number in range, and UserNotFound.
    """
    moods.record_mood(db, user_id, score)


def add_recent_conversation(db: Db, user_id: str, summary: str) -> list[RecentConversation]:
    """Put a summary, cut at 200 characters, before the recent ones; return the last three.

    Nothing is counted: `conversations.save_conversation` does both. Raises UserNotFound and, for
    text that cannot be stored, InvalidInput.
    """
    text = cut(clean(summary, "summary"), SUMMARY_LENGTH)
    line = recent_line(iso_ms(now_ms()), text)
    reply = run(db, "user_stats/add_recent", user_keys(user_id, SNAPSHOT_KINDS), line)
    return Snapshot.read(reply).recent_conversations


def recent_line(timestamp: str, summary: str, chat_id: str | None = None) -> str:
    """Return one recent conversation as the JSON that the scripts take."""
    recent = {"timestamp": timestamp, "summary": summary}
    if chat_id is not None:
        recent["id"] = chat_id
    return json.dumps(recent, ensure_ascii=False, separators=(",", ":"))


def update_plan(db: Db, user_id: str, plan: str) -> None:
    """Grant a plan by hand; Free takes the grant away. Raises InvalidInput and UserNotFound.

    The user's plan is the higher of the grant and what Stripe says.
    """
    grant_plan(db, user_id, plan, create=False)


def grant_plan(db: Db, user_id: str, plan: str, *, create: bool, op: str = "") -> Snapshot:
    """As `update_plan`, returning the snapshot; with `create` an unseen user is made first."""
    day = first_day() if create else ""
    now = now_ms() // 1000
    keys = user_keys(user_id, (*SNAPSHOT_KINDS, "ops"))
    reply = run_replicated(db, "billing/grant_plan", keys, day, check_plan(plan), now, op)
    return Snapshot.read(reply)


def delete_user_stats(db: Db, user_id: str) -> None:
    """Delete all stats of a user, history and conversations included, in one step.

    What is known of the subscriptions stays: Stripe goes on charging for them. What they give is
    known again once Stripe is asked: `paid` is among the stats.
    """
    db.unlink(*user_keys(user_id, STATS_KINDS))
