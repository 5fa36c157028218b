"""The check-in form of the dashboard."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_urlsafe

from stats.activity.clock import Clock
from stats.dashboard import Dashboard
from stats.moods.entries import score_word
from stats.web.templating.formatting import clock_text
from stats.web.templating.translation import _

TEMPLATE = "dashboard/_mood_form.html"
# The client event at which the page requests its numbers again.
REFRESH = "aira:refresh"


@dataclass(frozen=True, slots=True)
class MoodForm:
    """The check-in form: the mood saved for today, or the submitted values and their errors.

    `saved_at` is ISO 8601; `op` makes a repeated submission idempotent.
    """

    score: float | None
    day: str = "today"
    note: str = ""
    saved_at: str = ""
    saved_text: str = ""
    can_undo: bool = False
    first: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)
    op: str = field(default_factory=lambda: token_urlsafe(9))

    @property
    def word(self) -> str:
        """The word for the score, "" without one."""
        return "" if self.score is None else _(score_word(self.score))


def mood_form(dashboard: Dashboard) -> MoodForm:
    """Return the form as a page load shows it."""
    at = dashboard.snapshot.mood_at
    if dashboard.today_mood is None or at is None:
        return MoodForm(None, can_undo=dashboard.can_undo, first=at is None)
    saved = clock_text(dashboard.clock, at)
    latest = dashboard.snapshot.undo == dashboard.snapshot.mood_updated_at
    undo = latest and dashboard.can_undo
    return MoodForm(dashboard.today_mood, saved_at=at.isoformat(), saved_text=saved, can_undo=undo)


def saved_form(score: float, day: str, clock: Clock) -> MoodForm:
    """Return the form after a mood was saved."""
    now = datetime.now(UTC)
    saved = clock_text(clock, now)
    return MoodForm(score, day, saved_at=now.isoformat(), saved_text=saved, can_undo=True)
