"""The check-in form, on the dashboard and on the page of a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from secrets import token_urlsafe

from flask import request

from stats.errors import InvalidInput, OperationReused
from stats.lib.messages import N_
from stats.moods.scores import score_word
from stats.web.http.forms.base_form import NUMBER
from stats.web.templating.translation import _, error_message

# A form that was answered, though the response got lost: what is in it now is another check-in.
SENT_BEFORE = N_("This was saved already, with something else in it. Save again to add this too.")


@dataclass(frozen=True, slots=True)
class MoodForm:
    """The check-in form: at rest, or with the values that were submitted and their errors.

    `date` is the day that the page calls today, `op` what a repeated answer is known by,
    `more_tags` what was typed beside the tags to choose from.
    """

    date: date
    score: float | None = None
    day: str = "today"
    note: str = ""
    tags: Sequence[str] = ()
    more_tags: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    op: str = field(default_factory=lambda: token_urlsafe(9))

    @property
    def word(self) -> str:
        """The word for the score, "" without one."""
        return "" if self.score is None else _(score_word(self.score))


def invalid_form(error: InvalidInput, today: date, day: str, note: str) -> MoodForm:
    """Return the form as it was submitted, with what is wrong with it."""
    reused = isinstance(error, OperationReused)
    typed = request.form.get("score", "").strip()
    return MoodForm(
        today,
        min(float(typed), 10.0) if NUMBER.fullmatch(typed) else None,
        day=day,
        note=note,
        tags=request.form.getlist("tags"),
        more_tags=request.form.get("more_tags", ""),
        errors={error.field or "form": _(SENT_BEFORE) if reused else error_message(error)},
        op=token_urlsafe(9) if reused else request.form.get("op", ""),
    )
