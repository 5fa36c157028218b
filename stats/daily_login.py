"""The daily login: whether it is the first of the day, counting it, and the streak."""

from datetime import UTC, date, datetime

from stats.activity.clock import as_day, user_day
from stats.activity.streak import day_arguments, day_now, record_login
from stats.errors import UserNotFound
from stats.snapshot import Snapshot
from stats.store.client import Db
from stats.user_stats import open_stats


def is_first_login_of_day(db: Db, user_id: str, today: date | str | None = None) -> bool:
    """Return whether a login on `today` would be the first of the user's day; changes nothing.

    `today` is by default the user's day by their time zone and start of day. True for a user
    without stats: no login was recorded for them. Raises InvalidInput.
    """
    today = None if today is None else as_day(today)
    try:
        snapshot = open_stats(db, user_id, create=False)
    except UserNotFound:
        return True
    return snapshot.last_day is None or snapshot.last_day < _day(snapshot, today)


def handle_daily_login(db: Db, user_id: str, today: date | str | None = None) -> bool:
    """Count a login; return whether it was the first of the user's day and so counted the day.

    An earlier date than the stored one changes nothing. Raises UserNotFound and InvalidInput.
    """
    if today is not None:
        return record_login(db, user_id, day_arguments(as_day(today)))[0]
    clock = open_stats(db, user_id, create=False).clock
    return record_login(db, user_id, day_now(clock, datetime.now(UTC)))[0]


def get_login_streak(db: Db, user_id: str, today: date | str | None = None) -> int:
    """Return the streak in days as of `today`, 0 once it has ended.

    Raises UserNotFound and InvalidInput.
    """
    snapshot = open_stats(db, user_id, create=False)
    return snapshot.streak_on(_day(snapshot, today))


def _day(snapshot: Snapshot, today: date | str | None) -> date:
    if today is not None:
        return as_day(today)
    return user_day(snapshot.clock, datetime.now(UTC))
