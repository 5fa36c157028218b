"""What happens to a user's stats when the user signs up, comes, logs out, leaves."""

from datetime import UTC, date, datetime

from stats.activity import as_day, record_login, user_day
from stats.errors import UserNotFound
from stats.snapshot import Snapshot
from stats.store import ALL_KINDS, Db, customer_key, email_key, run, user_keys
from stats.text import as_text
from stats.user_stats import create_user_stats, delete_user_stats, open_stats


def initialize_user_stats(db: Db, user_id: str) -> None:
    """Make the stats of a user who has signed up, unless there are some."""
    create_user_stats(db, user_id)


def handle_user_logout(db: Db, user_id: str, delete_stats: bool = False) -> None:
    """Keep the stats of a user who logs out, or delete them if asked to."""
    if delete_stats:
        delete_user_stats(db, user_id)


def handle_account_deletion(db: Db, user_id: str) -> None:
    """Delete everything that is stored about a user: one step, then the look-ups.

    A look-up left behind by a crash in between is harmless: it points to nobody, and the next
    sign-up with that address takes it over.
    """
    found = run(db, "delete_user", user_keys(user_id, ("account", "customers", *ALL_KINDS)))
    address, customers = found[0], found[1:]
    if address is not None:
        run(db, "release", [email_key(as_text(address))], user_id)
    for customer in customers:
        run(db, "release", [customer_key(as_text(customer))], user_id)


def is_first_login_of_day(db: Db, user_id: str, today: date | str | None = None) -> bool:
    """Return whether a login on `today` would be the first of the user's day; only looks.

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
    if today is None:
        today = _day(open_stats(db, user_id, create=False), None)
    return record_login(db, user_id, as_day(today))[0]


def get_login_streak(db: Db, user_id: str, today: date | str | None = None) -> int:
    """Return the streak in days that stands on `today`, 0 once it has ended.

    Raises UserNotFound and InvalidInput.
    """
    snapshot = open_stats(db, user_id, create=False)
    return snapshot.streak_on(_day(snapshot, today))


def _day(snapshot: Snapshot, today: date | str | None) -> date:
    if today is not None:
        return as_day(today)
    return user_day(snapshot.clock, datetime.now(UTC))
