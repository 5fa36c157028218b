"""What the templates are given: a dashboard put into words."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from urllib.parse import quote

from markupsafe import Markup

from stats.activity import DAY, Clock
from stats.conversations import Conversation
from stats.dashboard import Dashboard
from stats.history import week_mean
from stats.moods import Entry, word
from stats.plans import Plan
from stats.snapshot import RecentConversation
from stats.web.drawing import Drawing
from stats.web.plan_view import PlanView
from stats.web.words import _, day_month

MORNING, AFTERNOON, EVENING = 5, 12, 18
# Stands where the charts go. Nothing that anybody wrote comes before them.
GAP = Markup("\0")


def who_is(user_id: str) -> str:
    """Return eight letters that stand for a user in the address of a poll."""
    return hashlib.blake2s(user_id.encode(), digest_size=4).hexdigest()


class Recent(NamedTuple):
    """One recent conversation on the page."""

    summary: str
    timestamp: str
    absolute: str
    url: str | None = None


def fragment(
    board: Dashboard, prices: Mapping[Plan, str], drawing: Drawing, charts: str = ""
) -> bytes:
    """Return what a poll answers; the browser keeps its `charts` if they still stand.

    A poll never waits for Stripe: it shows the `prices` that are known. The charts are most of an
    answer, so they are put in last, when it is in bytes.
    """
    view = StatsView(board, prices, drawing, charts)
    text = drawing.draw("_stats.html", d=view, charts=GAP)
    if view.charts_kept:
        return text.encode()
    head, _gap, tail = text.partition(GAP)
    return b"".join((head.encode(), view.drawn, tail.encode()))


class StatsView:
    """A dashboard as the fragment shows it, made at once: a template asks for nearly all of it."""

    def __init__(
        self,
        board: Dashboard,
        prices: Mapping[Plan, str],
        drawing: Drawing,
        charts: str = "",
    ) -> None:
        self._board, self._drawing = board, drawing
        self.today = board.today
        self.charts, self.charts_kept = board.charts, charts == board.charts
        self.poll = _poll(board, drawing)
        self.conversations = board.conversations
        self.mood_score = board.mood_score
        self.mood_word = _(board.mood_word)
        self.mood_day = _mood_day(board)
        self.mean7 = week_mean(board.mood_days, board.today)
        self.days_active = board.days_active
        self.since = board.since
        self.streak = board.streak
        self.longest_streak = board.longest_streak
        self.recent = [_recent(item, board, drawing) for item in board.recent]
        self.plan_card = drawing.plan(PlanView(board, prices).card())

    @property
    def drawn(self) -> bytes:
        """The charts."""
        return self._drawing.charts(self._board.mood_days, self.today)

    @property
    def updated_at(self) -> datetime:
        """When the numbers were read."""
        return self._board.now

    @property
    def updated_text(self) -> str:
        """When the numbers were read, as a clock in the user's zone shows it."""
        return clock_text(self._board.clock, self._board.now)


def _poll(board: Dashboard, drawing: Drawing) -> str:
    path, who = drawing.url("dashboard.stats"), who_is(board.user_id)
    return f"{path}?v={board.version}&charts={board.charts}&who={who}"


def _mood_day(board: Dashboard) -> str | date | None:
    """Return `today`, `yesterday` or the date of the latest mood."""
    day, today = board.mood_day, board.today
    if day is None or day == today:
        return day and "today"
    return "yesterday" if day == today - DAY else day


def _recent(item: RecentConversation, board: Dashboard, drawing: Drawing) -> Recent:
    absolute = moment_text(board, datetime.fromisoformat(item.timestamp))
    url = item.chat_id and _chat_url(item.chat_id, drawing)
    return Recent(item.summary, item.timestamp, absolute, url)


def _chat_url(chat_id: str, drawing: Drawing) -> str:
    # Everybody's conversations have other addresses, which are all alike.
    start, end = drawing.url("conversations.one", chat_id="|").split("%7C")
    return f"{start}{quote(chat_id, safe=':@')}{end}"


def clock_text(clock: Clock, moment: datetime) -> str:
    """Return a moment as `19:31` in the user's zone."""
    return _clock(moment.astimezone(clock.zone))


def _clock(local: datetime) -> str:
    return f"{local.hour:02d}:{local.minute:02d}"


def moment_text(board: Dashboard, moment: datetime) -> str:
    """Return a moment as `12 March, 19:31` in the user's zone, with the year if it is another."""
    local = moment.astimezone(board.clock.zone)
    return _("%(day)s, %(time)s", day=day_month(local, board.today), time=_clock(local))


def greeting(board: Dashboard) -> str:
    """Return `Good evening, Maya` by the user's clock."""
    hour = board.now.astimezone(board.clock.zone).hour
    if MORNING <= hour < AFTERNOON:
        return _("Good morning, %(name)s", name=board.name)
    if AFTERNOON <= hour < EVENING:
        return _("Good afternoon, %(name)s", name=board.name)
    return _("Good evening, %(name)s", name=board.name)


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
        EntryView(one.id, one.score, one.note, one.at, clock_text(board.clock, one.at))
        for one in entries
    ]


class ChatView:
    """A conversation on the page; everything else is the conversation's own."""

    def __init__(self, chat: Conversation, board: Dashboard) -> None:
        self._chat = chat
        self.timestamp = datetime.fromisoformat(chat.saved_at)
        self.absolute = moment_text(board, self.timestamp)
        self.time = clock_text(board.clock, self.timestamp)

    def __getattr__(self, name: str) -> object:
        return getattr(self._chat, name)
