"""The dashboard: all that a page or a poll shows, read in one round trip."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

from stats.accounts.sessions import Session
from stats.activity.calendar import Calendar
from stats.activity.clock import Clock, compact, day_ends, user_day
from stats.lib.text import texts
from stats.lib.timestamps import milliseconds
from stats.moods.entries import (
    LatestEntries,
    MoodEntry,
    read_entry,
    read_latest,
    scores_by_day,
)
from stats.moods.scores import score_word
from stats.plans.billing_state import BillingState, next_end
from stats.plans.plan import Plan
from stats.snapshot import Snapshot
from stats.store.client import Db
from stats.store.keys import DASHBOARD_KINDS, user_keys
from stats.store.script_sources import READ_DASHBOARD
from stats.store.scripts import run

# What the page shows of moods lies within this span, whatever the zone and the start of day.
PAGE_SPAN = timedelta(days=373)
# What a poll shows: the mean of seven days.
WEEK_SPAN = timedelta(days=9)


@dataclass(eq=False)
class Dashboard:
    """What a logged-in user sees at the moment `now`.

    `mood_score` and `mood_day` are those of the latest entry, None while there is none.
    """

    user_id: str
    name: str
    email: str
    theme: str
    live: bool
    created: datetime
    session: Session
    snapshot: Snapshot
    stored_moods: list[int]
    billing: BillingState
    now: datetime
    latest: LatestEntries = field(default_factory=LatestEntries)
    clock: Clock = field(init=False)
    calendar: Calendar = field(init=False)
    today: date = field(init=False)
    mood_score: float | None = field(init=False)
    mood_day: date | None = field(init=False)

    def __post_init__(self) -> None:
        """Derive the fields that nearly every reader needs."""
        snapshot, at = self.snapshot, self.snapshot.mood_at
        self.clock, self.calendar = snapshot.clock, snapshot.calendar
        self.today = user_day(self.clock, self.now)
        self.mood_score = None if at is None else snapshot.mood_score
        self.mood_day = None if at is None else self.calendar.day_at(at)

    @property
    def since(self) -> date:
        """The user's first day."""
        return self.calendar.day_at(self.created)

    @property
    def charts(self) -> str:
        """A tag of the charts: the version that changed the moods last, and the day."""
        return f"{self.snapshot.drawn}-{compact(self.today)}"

    @property
    def is_fresh(self) -> bool:
        """Whether the clock alone has not changed what is shown."""
        return self.now.timestamp() < self.snapshot.fresh_until

    @property
    def next_change(self) -> int:
        """The next moment (s, rounded up) at which the clock alone changes what is shown."""
        ends, now = day_ends(self.clock, self.now), self.now.timestamp()
        best = self.billing.best(now)
        moments = (
            next_end(self.snapshot.paid, now),
            self.snapshot.used_until,
            best and best.renews,
            best and best.collection_resumes,
        )
        return min(ends, *(end for end in moments if end and end > now), ends)

    @property
    def first_of_day(self) -> bool:
        """Whether this would be the first login of the user's day."""
        last = self.snapshot.last_day
        return last is None or last < self.today

    @property
    def streak(self) -> int:
        """The streak that stands today."""
        return self.snapshot.streak_on(self.today)

    @property
    def plan(self) -> Plan:
        """The user's plan."""
        return self.snapshot.plan_at(self.now)

    @property
    def used_today(self) -> int:
        """How many conversations were saved on the user's day."""
        return self.snapshot.used_on(self.now)

    @property
    def mood_word(self) -> str:
        """The word for the latest score, "" while there is none."""
        return "" if self.mood_score is None else score_word(self.mood_score)

    @property
    def today_mood(self) -> float | None:
        """The latest score if it is from today."""
        return self.mood_score if self.mood_day == self.today else None

    @property
    def moods(self) -> tuple[MoodEntry, ...]:
        """The entries that were read, oldest first."""
        return tuple(map(read_entry, self.stored_moods))

    @cached_property
    def mood_days(self) -> dict[date, list[float]]:
        """The scores that were read, by the user's day."""
        return scores_by_day(self.calendar, self.stored_moods)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The version that is shown is current, until the moment `until` (s since 1970) at most.

    The session lives until then as well, unless something is written.
    """

    until: float


def get_dashboard(
    db: Db,
    user_id: str,
    session_id: str,
    *,
    span: timedelta = timedelta(0),
    shown: str = "",
    entries_since: datetime | None = None,
) -> Dashboard | Unchanged | None:
    """Return the dashboard for a live session, None if the session or the user is gone.

    It holds the moods of the last `span` and, with `entries_since`, what stands beside a check-in
    form from then on. Returns Unchanged if the version `shown` is still current and fresh.
    """
    now = datetime.now(UTC)
    since = "" if entries_since is None else milliseconds(entries_since)
    arguments = (session_id, milliseconds(now - span), shown, int(now.timestamp()), since)
    reply = run(db, READ_DASHBOARD, user_keys(user_id, DASHBOARD_KINDS), *arguments)
    if reply is None:
        return None
    session = Session.read(reply[0])
    if not session.is_live(now.timestamp()):
        return None
    if len(reply) == 2:
        return Unchanged(min(int(reply[1]), session.ends))
    return _dashboard(user_id, session, reply, now)


def _dashboard(user_id: str, session: Session, reply: Sequence[Any], now: datetime) -> Dashboard:
    name, email, created, theme, live = texts(reply[1])
    return Dashboard(
        user_id=user_id,
        name=name,
        email=email,
        theme=theme or "system",
        live=live != "0",
        created=datetime.fromtimestamp(int(created), UTC),
        session=session,
        snapshot=Snapshot.read(reply[5:]),
        stored_moods=list(map(int, reply[2])),
        billing=BillingState.read(reply[3]),
        now=now,
        latest=read_latest(reply[4]),
    )


def renew(db: Db, board: Dashboard) -> Snapshot:
    """Raise the version, set the next moment at which the clock changes it; return the snapshot.

    It is raised once, however many polls notice at the same moment. Raises UserNotFound.
    """
    keys, now = user_keys(board.user_id, DASHBOARD_KINDS), int(board.now.timestamp())
    arguments = (board.snapshot.fresh_until, board.next_change, now)
    return Snapshot.read(run(db, "dashboard/renew_version", keys, *arguments))
