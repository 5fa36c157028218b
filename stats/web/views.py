"""What the templates are given: a dashboard put into words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from secrets import token_urlsafe

from stats.activity import DAY
from stats.dashboard import Dashboard
from stats.moods import word

MORNING, AFTERNOON, EVENING = 5, 12, 18


@dataclass(frozen=True, slots=True)
class Recent:
    """One recent conversation on the page."""

    summary: str
    timestamp: datetime
    absolute: str


class StatsView:
    """A dashboard as the fragment shows it; everything else is the dashboard's own."""

    conversations_month: int | None = None

    def __init__(self, board: Dashboard) -> None:
        self._board = board

    def __getattr__(self, name: str) -> object:
        return getattr(self._board, name)

    @property
    def mood_day(self) -> str | date | None:
        """`today`, `yesterday` or the date of the latest mood."""
        day, today = self._board.mood_day, self._board.today
        return {today: "today", today - DAY: "yesterday"}.get(day, day) if day else None

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
            Recent(item.summary, moment, moment_text(self._board, moment))
            for item, moment in moments
        ]


def clock_text(board: Dashboard, moment: datetime) -> str:
    """Return a moment as `19:31` in the user's zone."""
    return moment.astimezone(board.clock.zone).strftime("%H:%M")


def moment_text(board: Dashboard, moment: datetime) -> str:
    """Return a moment as `12 March, 19:31` in the user's zone, with the year if it is another."""
    local = moment.astimezone(board.clock.zone)
    year = "" if local.year == board.today.year else f" {local.year}"
    return f"{local.day} {local:%B}{year}, {local:%H:%M}"


def greeting(board: Dashboard) -> str:
    """Return `Good evening, Maya` by the user's clock."""
    hour = board.now.astimezone(board.clock.zone).hour
    if MORNING <= hour < AFTERNOON:
        return f"Good morning, {board.name}"
    return f"Good {'afternoon' if AFTERNOON <= hour < EVENING else 'evening'}, {board.name}"


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
        return "" if self.score is None else word(self.score)


def mood_form(board: Dashboard) -> MoodForm:
    """Return the form as it stands when nothing was typed."""
    at = board.snapshot.mood_at
    if board.today_mood is None or at is None:
        return MoodForm(None, can_undo=board.can_undo, first=at is None)
    saved = clock_text(board, at)
    return MoodForm(board.today_mood, saved_at=at, saved_text=saved, can_undo=board.can_undo)
