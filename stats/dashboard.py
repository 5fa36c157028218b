"""The dashboard: all that a page or a poll shows, read in one round trip."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

from stats.accounts import Session
from stats.activity import DAY, Clock, compact, day_ends, user_day
from stats.billing_state import BillingState, next_end
from stats.moods import Entry, entry, scores_by_day, word
from stats.plans import Plan
from stats.snapshot import RecentConversation, Snapshot, milliseconds, moment
from stats.store import Db, run, user_keys
from stats.text import texts

KINDS = ("stats", "last_login", "days", "account", "sessions", "moods", "billing")
# What the page shows of moods lies within this span, whatever the zone and the start of day.
PAGE_SPAN = timedelta(days=373)
# What it shows beside the charts: the mean of seven days.
WEEK_SPAN = timedelta(days=9)


@dataclass(eq=False)
class Dashboard:
    """What a logged-in user sees at the moment `now`."""

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
    clock: Clock = field(init=False)
    today: date = field(init=False)
    mood_score: float | None = field(init=False)
    mood_day: date | None = field(init=False)
    charts: str = field(init=False)

    def __post_init__(self) -> None:
        """Derive what nearly everything asks for: `mood_score` and `mood_day` are those of the
        latest entry, None while there is none; `charts` stands for the moods and the day on which
        they end.
        """
        snapshot, at = self.snapshot, self.snapshot.mood_at
        self.clock = snapshot.clock
        self.today = user_day(self.clock, self.now)
        self.mood_score = None if at is None else float(snapshot.fields["mood_score"])
        self.mood_day = None if at is None else user_day(self.clock, at)
        self.charts = f"{self.drawn}-{compact(self.today)}"

    @property
    def since(self) -> date:
        """The user's first day."""
        return user_day(self.clock, self.created)

    @property
    def version(self) -> int:
        """What stands for everything shown, as long as it is not stale."""
        return int(self.snapshot.fields["version"])

    @property
    def drawn(self) -> str:
        """The version in which the moods changed last, "0" if they never did."""
        return self.snapshot.fields.get("drawn", "0")

    @property
    def fresh_until(self) -> int:
        """The moment (s) until which the version stands for what is shown; 0 if not known."""
        return int(self.snapshot.fields.get("fresh_until", 0))

    @property
    def is_fresh(self) -> bool:
        """Whether the clock alone has not changed what is shown."""
        return self.now.timestamp() < self.fresh_until

    @property
    def next_change(self) -> int:
        """The next moment (s, rounded up) at which the clock alone changes what is shown."""
        ends = day_ends(self.clock, self.now)
        now, fields = self.now.timestamp(), self.snapshot.fields
        best = self.billing.best(now)
        others = (
            next_end(fields.get("paid", ""), now),
            int(fields.get("used_until", 0)),
            best and best.renews,
        )
        return min(ends, *(other for other in others if other and other > now), ends)

    @property
    def first_of_day(self) -> bool:
        """Whether this would be the first login of the user's day."""
        last = self.snapshot.last_day
        return last is None or last < self.today

    @property
    def conversations(self) -> int:
        """How many conversations there were."""
        return int(self.snapshot.fields["conversations"])

    @property
    def days_active(self) -> int:
        """On how many days the user was active."""
        return int(self.snapshot.fields["days_active"])

    @property
    def streak(self) -> int:
        """The streak that stands today."""
        return self.snapshot.streak(self.today)

    @property
    def longest_streak(self) -> int:
        """The longest streak there was."""
        return int(self.snapshot.fields["longest_streak"])

    @property
    def plan(self) -> Plan:
        """The user's plan."""
        return self.snapshot.plan(self.now)

    @property
    def used_today(self) -> int:
        """How many conversations were saved on the user's day."""
        return self.snapshot.used_today(self.now)

    @property
    def recent(self) -> list[RecentConversation]:
        """The last conversations, newest first."""
        return self.snapshot.recent

    @property
    def mood_word(self) -> str:
        """The word for the latest score, "" while there is none."""
        return "" if self.mood_score is None else word(self.mood_score)

    @property
    def today_mood(self) -> float | None:
        """The latest score if it is from today."""
        return self.mood_score if self.mood_day == self.today else None

    @property
    def moods(self) -> tuple[Entry, ...]:
        """The entries that were read, oldest first."""
        return tuple(map(entry, self.stored_moods))

    @cached_property
    def mood_days(self) -> dict[date, Sequence[float]]:
        """The scores that were read, by the user's day."""
        return scores_by_day(self.clock, self.stored_moods)

    @property
    def can_undo(self) -> bool:
        """Whether the entry recorded last can be taken back: it is for today or yesterday."""
        undo = self.snapshot.fields.get("undo")
        return undo is not None and user_day(self.clock, moment(int(undo))) >= self.today - DAY


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The session lives, and the version that is shown still stands for all that is stored."""

    session: Session


def get_dashboard(
    db: Db,
    user_id: str,
    session_id: str,
    *,
    span: timedelta = timedelta(0),
    shown: str = "",
    charts: str = "",
) -> Dashboard | Unchanged | None:
    """Return the dashboard for a live session, None if the session or the user is gone.

    It holds the moods of the last `span`; of the last days alone if the `charts` that are shown
    still stand. If `shown`, a version, is still current and fresh, only that is told: Unchanged.
    """
    now = datetime.now(UTC)
    drawn = charts.partition("-")[0]
    spans = milliseconds(now - span), milliseconds(now - WEEK_SPAN)
    arguments = (session_id, spans[0], shown, int(now.timestamp()), drawn, spans[1])
    reply = run(db, "look", user_keys(user_id, KINDS), *arguments)
    if reply is None:
        return None
    session = Session.read(reply[0])
    if not session.is_live(now.timestamp()):
        return None
    if len(reply) == 1:
        return Unchanged(session)
    board = _dashboard(user_id, session, reply, now)
    if drawn == board.drawn and charts != board.charts:
        # The same moods on another day: few of them were read.
        return get_dashboard(db, user_id, session_id, span=span)
    return board


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
        snapshot=Snapshot.read(reply[4:]),
        stored_moods=list(map(int, reply[2])),
        billing=BillingState.read(reply[3]),
        now=now,
    )


def renew(db: Db, board: Dashboard) -> Snapshot:
    """Give what is shown a new version and the next moment at which the clock changes it.

    Done once, however many polls notice at the same moment. Raises UserNotFound.
    """
    keys, now = user_keys(board.user_id, KINDS), int(board.now.timestamp())
    return Snapshot.read(run(db, "renew", keys, board.fresh_until, board.next_change, now))
