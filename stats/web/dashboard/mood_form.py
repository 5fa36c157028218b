"""The check-in form of the dashboard."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from secrets import token_urlsafe

from stats.activity.clock import user_day
from stats.dashboard import Dashboard
from stats.moods.scores import score_word
from stats.snapshot import Snapshot
from stats.web.templating.formatting import clock_text
from stats.web.templating.translation import _

TEMPLATE = "dashboard/_mood_form.html"
# The client event at which the page requests its numbers again.
REFRESH = "aira:refresh"


@dataclass(frozen=True, slots=True)
class MoodForm:
    """The check-in form: the mood saved for today, or the submitted values and their errors.

    `date` is the day that the page calls today, `saved_at` ISO 8601, `entry_id` that of the entry
    that Undo takes back, `op` what a repeated answer is known by.
    """

    date: date
    score: float | None = None
    day: str = "today"
    note: str = ""
    saved_at: str = ""
    saved_text: str = ""
    entry_id: int | None = None
    first: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)
    op: str = field(default_factory=lambda: token_urlsafe(9))

    @property
    def word(self) -> str:
        """The word for the score, "" without one."""
        return "" if self.score is None else _(score_word(self.score))


def mood_form(dashboard: Dashboard) -> MoodForm:
    """Return the form as it stands when nothing was typed."""
    at, undo = dashboard.snapshot.mood_at, dashboard.snapshot.undo
    if dashboard.today_mood is None or at is None:
        return MoodForm(dashboard.today, first=at is None)
    return MoodForm(
        dashboard.today,
        dashboard.today_mood,
        saved_at=at.isoformat(),
        saved_text=clock_text(dashboard.clock, at),
        entry_id=undo if undo == dashboard.snapshot.mood_updated_at else None,
    )


def saved_form(score: float, day: str, page_day: date | None, snapshot: Snapshot) -> MoodForm:
    """Return the form as it stands when a mood was saved just now.

    The page keeps its day, whatever day has begun meanwhile.
    """
    now = datetime.now(UTC)
    return MoodForm(
        page_day or user_day(snapshot.clock, now),
        score,
        day,
        saved_at=now.isoformat(),
        saved_text=clock_text(snapshot.clock, now),
        entry_id=snapshot.undo,
    )
