"""The check-in form: as it is shown, and as it comes back once a mood was saved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from gettext import NullTranslations
from secrets import token_urlsafe

from stats.activity import Clock
from stats.dashboard import Dashboard
from stats.moods import word
from stats.web import words
from stats.web.drawing import Drawing
from stats.web.frame import Frame, safe
from stats.web.views import clock_text
from stats.web.words import _

TEMPLATE = "_mood_form.html"
# What the page listens for, to ask for its numbers anew.
REFRESH = "aira:refresh"


@dataclass(frozen=True, slots=True)
class MoodForm:
    """The check-in form: what was saved for today, or what was typed and why it will not do.

    `saved_at` is ISO 8601, `op` what a repeated answer is known by.
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
        return "" if self.score is None else _(word(self.score))


def mood_form(board: Dashboard) -> MoodForm:
    """Return the form as it stands when nothing was typed."""
    at = board.snapshot.mood_at
    if board.today_mood is None or at is None:
        return MoodForm(None, can_undo=board.can_undo, first=at is None)
    saved = clock_text(board.clock, at)
    latest = board.snapshot.fields.get("undo") == board.snapshot.fields.get("mood_updated_at")
    undo = latest and board.can_undo
    return MoodForm(board.today_mood, saved_at=at.isoformat(), saved_text=saved, can_undo=undo)


def saved_form(drawing: Drawing, score: float, day: str, clock: Clock, token: str) -> bytes:
    """Return the form as it stands when a mood was saved just now, with a page's CSRF token."""
    now = datetime.now(UTC)
    values: dict[object, str] = {
        "token": token,
        "op": token_urlsafe(9),
        "at": now.isoformat(),
        "text": clock_text(clock, now),
    }
    frame = _frame(words.spoken(), drawing, score, day)
    return b"".join(frame.fill({name: safe(text) for name, text in values.items()}))


@lru_cache(maxsize=512)
def _frame(_spoken: NullTranslations, drawing: Drawing, score: float, day: str) -> Frame:
    """Return the form with gaps for what is not the same for everybody who saves this score."""

    def draw(gap: Callable[[object], str]) -> str:
        form = MoodForm(score, day, "", gap("at"), gap("text"), can_undo=True, op=gap("op"))
        return drawing.draw(TEMPLATE, mood=form, csrf_token=lambda: gap("token"))

    return Frame(draw)
