"""The profile: name, theme, time zone, live updates."""

from stats.activity.clock import Clock, check_clock
from stats.errors import InvalidInput
from stats.lib.messages import lazy_gettext
from stats.lib.normalisation import visible
from stats.lib.text import clean
from stats.lib.timestamps import now_ms
from stats.snapshot import Snapshot
from stats.store.client import Db
from stats.store.keys import SESSION_KINDS, SNAPSHOT_KINDS, user_keys
from stats.store.scripts import run


def update_profile(
    db: Db,
    user_id: str,
    *,
    name: str,
    clock: Clock,
    theme: str | None = None,
    live: bool | None = None,
) -> Snapshot:
    """Change the profile in one step; return the stats. A `theme` or `live` of None stays.

    Another clock counts from now on: a day that has passed stays what it was.

    Raises InvalidInput, and UserNotFound if the user is gone.
    """
    fields: list[str | int] = [] if theme is None else ["theme", check_theme(theme)]
    fields += [] if live is None else ["live", int(live)]
    arguments = (check_name(name), clock.timezone, clock.day_start, now_ms(), *fields)
    return Snapshot.read(
        run(db, "accounts/update_profile", user_keys(user_id, SESSION_KINDS), *arguments)
    )


def set_timezone(db: Db, user_id: str, timezone: str, *, unless_chosen: bool = False) -> Snapshot:
    """Change the time zone (an IANA name) from now on; with `unless_chosen` only the first time.

    Returns the stats. Raises InvalidInput for a name that is none, and UserNotFound.
    """
    arguments = (check_clock(timezone).timezone, now_ms(), int(unless_chosen))
    keys = user_keys(user_id, SNAPSHOT_KINDS)
    return Snapshot.read(run(db, "accounts/set_timezone", keys, *arguments))


NAME_LENGTH = 80
THEMES = ("system", "light", "dark")


def check_name(name: str) -> str:
    """Return a name of 1 to 80 characters without white space around it, or raise InvalidInput.

    One of which nothing can be seen is none.
    """
    name = visible(clean(name, "name"))
    if not 1 <= len(name) <= NAME_LENGTH:
        raise InvalidInput(
            lazy_gettext("A name needs 1 to %(most)s characters.", most=NAME_LENGTH), "name"
        )
    return name


def check_theme(theme: str) -> str:
    """Return a theme that pages have, or raise InvalidInput."""
    if theme not in THEMES:
        raise InvalidInput("Choose system, light or dark.", "theme")
    return theme
