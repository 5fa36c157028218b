"""The streak: days in a row, with a missed one forgiven now and then."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from stats.activity.clock import Clock, day_ends, user_day
from stats.errors import UserNotFound
from stats.lib.timestamps import DAY
from stats.store.client import Db
from stats.store.keys import SNAPSHOT_KINDS, user_keys
from stats.store.scripts import run

FORGIVEN_EVERY = timedelta(days=7)


def streak_on(streak: int, last_day: date | None, forgiven: date | None, today: date) -> int:
    """Return the streak as it stands today, 0 once it has ended.

    `last_day` is the last active day, `forgiven` the last missed day that was forgiven. A streak
    stands through yesterday's missing when that day can be forgiven.
    """
    if last_day is None or today - last_day >= 3 * DAY:
        return 0
    if today - last_day == 2 * DAY and not is_forgivable(today - DAY, forgiven):
        return 0
    return streak


def is_forgivable(missed: date, forgiven: date | None) -> bool:
    """Return whether a missed day is forgiven, `forgiven` being the last one that was."""
    return forgiven is None or forgiven < missed - FORGIVEN_EVERY


def day_arguments(today: date, ends: int = 0) -> tuple[str | int, ...]:
    """Return a user's day as the scripts that count it take it.

    `ends` is when it ends (s since 1970), 0 where that is not known.
    """
    missed = today - DAY
    earlier = (missed, missed - DAY, missed - FORGIVEN_EVERY)
    return (today.isoformat(), *(day.isoformat() for day in earlier), ends)


def day_now(clock: Clock, now: datetime) -> tuple[str | int, ...]:
    """Return the user's day of an aware moment as the scripts that count it take it."""
    return day_arguments(user_day(clock, now), day_ends(clock, now))


def record_login(db: Db, user_id: str, day: Sequence[str | int]) -> tuple[bool, list[object]]:
    """Count a day (of `day_now` or `day_arguments`) as active unless it or a later day was.

    Returns whether it counted, and the script's snapshot of the stats. Raises UserNotFound.
    """
    reply = run(db, "activity/record_login", user_keys(user_id, SNAPSHOT_KINDS), *day)
    if reply is None:
        raise UserNotFound("There are no stats for this user.")
    return bool(reply[0]), reply[1:]
