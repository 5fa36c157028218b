"""What the templates are given: a dashboard put into words."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property, lru_cache
from secrets import token_urlsafe

from flask import url_for
from markupsafe import Markup

from stats.activity import DAY
from stats.conversations import Conversation
from stats.dashboard import Dashboard
from stats.history import Trend, Year, make_trend, make_year, week_mean
from stats.moods import Entry, word
from stats.plans import Plan
from stats.web.drawing import PlanCard, draw_charts, draw_empty_charts, draw_plan
from stats.web.words import _, day_month, price_parts

MORNING, AFTERNOON, EVENING = 5, 12, 18


def who_is(user_id: str) -> str:
    """Return eight letters that stand for a user in the address of a poll."""
    return hashlib.blake2s(user_id.encode(), digest_size=4).hexdigest()


@dataclass(frozen=True, slots=True)
class Recent:
    """One recent conversation on the page."""

    summary: str
    timestamp: datetime
    absolute: str
    url: str | None = None


class StatsView:
    """A dashboard as the fragment shows it; everything else is the dashboard's own."""

    def __init__(self, board: Dashboard, prices: Mapping[Plan, str] | None = None) -> None:
        self._board = board
        self._prices = prices or {}

    def __getattr__(self, name: str) -> object:
        return getattr(self._board, name)

    @property
    def mood_word(self) -> str:
        """The word for the latest score, "" while there is none."""
        return _(self._board.mood_word)

    @property
    def mood_day(self) -> str | date | None:
        """`today`, `yesterday` or the date of the latest mood."""
        day, today = self._board.mood_day, self._board.today
        return {today: "today", today - DAY: "yesterday"}.get(day, day) if day else None

    @cached_property
    def _scores(self) -> dict[date, list[float]]:
        return self._board.mood_days

    @property
    def mean7(self) -> float | None:
        """The 7-day mean, None without an entry in the last seven days."""
        return week_mean(self._scores, self._board.today)

    @property
    def trend(self) -> Trend:
        """The last 30 days."""
        return make_trend(self._scores, self._board.today)

    @property
    def year(self) -> Year:
        """The last 53 weeks."""
        return make_year(self._scores, self._board.today)

    @property
    def who(self) -> str:
        """What tells one user's page from another's in the same browser."""
        return who_is(self._board.user_id)

    @property
    def plan_card(self) -> Markup:
        """The plan, drawn; many people's plans look the same."""
        return draw_plan(PlanView(self._board, self._prices).card())

    @property
    def drawn(self) -> Markup:
        """The charts."""
        if not self._board.moods:
            return draw_empty_charts(self._board.today)
        return draw_charts(self.trend, self.year, self._board.today)

    @property
    def updated_at(self) -> datetime:
        """When the numbers were read."""
        return self._board.now

    @property
    def updated_text(self) -> str:
        """When the numbers were read, as a clock in the user's zone shows it."""
        return clock_text(self._board, self._board.now)

    @property
    def recent(self) -> list[Recent]:
        """The recent conversations with their times in words."""
        moments = [(item, datetime.fromisoformat(item.timestamp)) for item in self._board.recent]
        return [
            Recent(item.summary, moment, moment_text(self._board, moment), _chat_url(item.chat_id))
            for item, moment in moments
        ]


class PlanView:
    """A user's plan in words: price, use, and what happens when."""

    def __init__(self, board: Dashboard, prices: Mapping[Plan, str]) -> None:
        self._board = board
        self._now = board.now.timestamp()
        self._best = board.billing.best(self._now)
        self.name = board.plan
        price = "£0" if board.plan == Plan.FREE else prices.get(board.plan)
        self.price = price and " ".join(price_parts(price)).strip()
        self.limit = board.plan.daily_conversations
        self.used = board.used_today

    def card(self) -> PlanCard:
        """Return what the dashboard shows of it."""
        return PlanCard(
            name=self.name,
            price=self.price,
            granted=self.granted,
            limit=self.limit,
            used=self.used,
            renews=self.renews,
            ends=self.ends,
            overdue=self.overdue,
            day_start=self._board.clock.day_start,
        )

    @property
    def granted(self) -> bool:
        """Whether the plan is a grant: nothing is paid for it."""
        return self.name != Plan.FREE and self._board.billing.plan(self._now) != self.name

    @property
    def renews(self) -> str | None:
        """The day on which it renews, None if it ends, nobody pays, or Stripe has not said."""
        best = self._best
        if self.granted or best is None or best.ends is not None or best.renews is None:
            return None
        return self._day(best.renews) if self._now < best.renews else None

    @property
    def ends(self) -> str | None:
        """The day on which it ends, None if it goes on."""
        best = self._best
        if self.granted or best is None or best.ends is None or self.overdue:
            return None
        return self._day(best.ends)

    @property
    def overdue(self) -> str | None:
        """The day until which an unpaid plan is kept, None if all is paid."""
        found = None if self.granted else self._board.billing.overdue(self._now)
        return None if found is None or found.ends is None else self._day(found.ends)

    def _day(self, moment: int) -> str:
        local = datetime.fromtimestamp(moment, self._board.clock.zone)
        return day_month(local, self._board.today)


@lru_cache(maxsize=1024)
def _chat_url(chat_id: str | None) -> str | None:
    return chat_id and url_for("conversations.one", chat_id=chat_id)


def clock_text(board: Dashboard, moment: datetime) -> str:
    """Return a moment as `19:31` in the user's zone."""
    return moment.astimezone(board.clock.zone).strftime("%H:%M")


def moment_text(board: Dashboard, moment: datetime) -> str:
    """Return a moment as `12 March, 19:31` in the user's zone, with the year if it is another."""
    local = moment.astimezone(board.clock.zone)
    return _("%(day)s, %(time)s", day=day_month(local, board.today), time=f"{local:%H:%M}")


def greeting(board: Dashboard) -> str:
    """Return `Good evening, Maya` by the user's clock."""
    hour = board.now.astimezone(board.clock.zone).hour
    if MORNING <= hour < AFTERNOON:
        return _("Good morning, %(name)s", name=board.name)
    if AFTERNOON <= hour < EVENING:
        return _("Good afternoon, %(name)s", name=board.name)
    return _("Good evening, %(name)s", name=board.name)


@dataclass(frozen=True, slots=True)
class MoodForm:
    """The check-in form: what was saved for today, or what was typed and why it will not do."""

    score: float | None
    day: str = "today"
    note: str = ""
    saved_at: datetime | None = None
    saved_text: str = ""
    can_undo: bool = False
    first: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)
    op: str = field(default_factory=lambda: token_urlsafe(9))

    @property
    def word(self) -> str:
        """The word for the score, "" without one."""
        return "" if self.score is None else _(word(self.score))


def mood_form(board: Dashboard) -> MoodForm:
    """Return the form as it stands when nothing was typed."""
    at = board.snapshot.mood_at
    if board.today_mood is None or at is None:
        return MoodForm(None, can_undo=board.can_undo, first=at is None)
    saved = clock_text(board, at)
    latest = board.snapshot.fields.get("undo") == board.snapshot.fields.get("mood_updated_at")
    undo = latest and board.can_undo
    return MoodForm(board.today_mood, saved_at=at, saved_text=saved, can_undo=undo)


@dataclass(frozen=True, slots=True)
class EntryView:
    """One mood entry on its day's page."""

    id: int
    score: float
    note: str
    at: datetime
    time: str

    @property
    def word(self) -> str:
        """The word for the score."""
        return _(word(self.score))


def day_entries(board: Dashboard, entries: Iterable[Entry]) -> list[EntryView]:
    """Return entries as the day's page shows them."""
    return [
        EntryView(one.id, one.score, one.note, one.at, clock_text(board, one.at)) for one in entries
    ]


class ChatView:
    """A conversation on the page; everything else is the conversation's own."""

    def __init__(self, chat: Conversation, board: Dashboard) -> None:
        self._chat = chat
        self.timestamp = datetime.fromisoformat(chat.saved_at)
        self.absolute = moment_text(board, self.timestamp)
        self.time = clock_text(board, self.timestamp)

    def __getattr__(self, name: str) -> object:
        return getattr(self._chat, name)
