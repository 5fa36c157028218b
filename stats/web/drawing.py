"""What needs nothing of a request: the charts and the plan's card, the same ones drawn once."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from gettext import NullTranslations
from typing import NamedTuple

from flask import Flask, current_app
from markupsafe import Markup

from stats.history import make_trend, make_year
from stats.plans import Plan
from stats.web import words
from stats.web.charts import ENOUGH, Charts
from stats.web.frame import Frame


class PlanCard(NamedTuple):
    """All that the dashboard shows of a plan."""

    name: Plan
    price: str | None
    granted: bool
    limit: int | None
    used: int
    renews: str | None
    ends: str | None
    overdue: str | None
    day_start: int


class Drawing:
    """Draws what needs nothing of a request, and remembers what many people share."""

    def __init__(self, app: Flask) -> None:
        self._templates = app.jinja_env
        addresses = app.url_map.bind("localhost")
        # An address depends on nothing but its parts, and building one costs as much as a card.
        self.url = lru_cache(maxsize=4096)(
            lambda endpoint, **values: addresses.build(endpoint, values)
        )
        self._cards = Charts(self.draw)
        self._frame = lru_cache(maxsize=1024)(self._draw_frame)
        self._plan = lru_cache(maxsize=1024)(self._draw_plan)
        self._empty = lru_cache(maxsize=16)(self._draw_empty)

    def draw(self, template: str, **values: object) -> Markup:
        """Return a template of ours with the values put in."""
        return Markup(self._templates.get_template(template).render(values))  # noqa: S704

    def frame(self, template: str, shape: Hashable) -> Frame:
        """Return a template of ours with gaps; all that share its `shape` share it."""
        return self._frame(words.spoken(), template, shape)

    def _draw_frame(self, _spoken: NullTranslations, template: str, shape: Hashable) -> Frame:
        return Frame(lambda gap: self.draw(template, gap=gap, shape=shape))

    def plan(self, card: PlanCard) -> bytes:
        """Return the card of a plan; many people's look the same."""
        return self._plan(words.spoken(), card)

    def _draw_plan(self, _spoken: NullTranslations, card: PlanCard) -> bytes:
        return self.draw("_plan_card.html", card=card).encode()

    def charts(self, scores: Mapping[date, Sequence[float]], today: date) -> bytes:
        """Return the charts of the dashboard for the scores of all entries by the user's day.

        Scores are in tenths and no day is empty. Without an entry the charts are everybody's.
        """
        if not scores:
            return self._empty(words.spoken(), today)
        return self._draw_charts(scores, today)

    def _draw_empty(self, _spoken: NullTranslations, today: date) -> bytes:
        return self._draw_charts({}, today)

    def _draw_charts(self, scores: Mapping[date, Sequence[float]], today: date) -> bytes:
        year = make_year(scores, today)
        trend = self._cards.trend_card(make_trend(scores, today), year.logged < ENOUGH)
        return b"".join([*trend, b"\n", *self._cards.year_card(year)])


def init_app(app: Flask) -> None:
    """Give the templates addresses."""
    found = app.extensions["aira.drawing"] = Drawing(app)
    app.jinja_env.globals["url_for"] = found.url


def in_a_page(drawn: bytes) -> Markup:
    """Return what was drawn as the template of a whole page puts it in."""
    return Markup(drawn.decode())  # noqa: S704 - from templates of ours


def drawing() -> Drawing:
    """Return the application's drawing."""
    found: Drawing = current_app.extensions["aira.drawing"]
    return found
