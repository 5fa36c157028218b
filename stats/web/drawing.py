"""What is drawn once and shown to many: the year's cells, empty charts, the plan's card."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from gettext import NullTranslations
from typing import NamedTuple

from flask import Flask, current_app
from markupsafe import Markup, escape

from stats.history import Day, Trend, Year, make_trend, make_year
from stats.plans import Plan
from stats.web import words


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
        self._plan = lru_cache(maxsize=1024)(self._draw_plan)
        self._empty = lru_cache(maxsize=16)(self._draw_empty)

    def draw(self, template: str, **values: object) -> Markup:
        """Return a template of ours with the values put in."""
        return Markup(self._templates.get_template(template).render(values))  # noqa: S704

    def plan(self, card: PlanCard) -> Markup:
        """Return the card of a plan; many people's look the same."""
        return self._plan(words.spoken(), card)

    def _draw_plan(self, _spoken: NullTranslations, card: PlanCard) -> Markup:
        return self.draw("_plan_card.html", card=card)

    def charts(self, trend: Trend, year: Year, today: date) -> Markup:
        """Return the charts of the dashboard."""
        return self.draw("_drawn.html", trend=trend, year=year, today=today)

    def empty_charts(self, today: date) -> Markup:
        """Return the charts of somebody without an entry: on one day they are everybody's."""
        return self._empty(words.spoken(), today)

    def _draw_empty(self, _spoken: NullTranslations, today: date) -> Markup:
        return self.charts(make_trend({}, today), make_year({}, today), today)


def init_app(app: Flask) -> None:
    """Give the templates addresses and the year's cells."""
    found = app.extensions["aira.drawing"] = Drawing(app)
    app.jinja_env.globals.update(url_for=found.url, year_cells=year_cells)


def drawing() -> Drawing:
    """Return the application's drawing."""
    found: Drawing = current_app.extensions["aira.drawing"]
    return found


def year_cells(weeks: Sequence[Sequence[Day | None]], weekday: int, today: date) -> Markup:
    """Return the cells of one weekday: a page has 371, and everybody's days are the same."""
    spoken = words.spoken()
    days = [week[weekday] for week in weeks]
    cells = [_cell(spoken, day.date, day.date == today).show(day.mean) for day in days if day]
    return Markup("".join(cells))  # noqa: S704


class Cell(NamedTuple):
    """A day's cell: empty, or what stands before, between and behind its mark and its score."""

    empty: str
    head: str
    middle: str
    tail: str

    def show(self, mean: float | None) -> str:
        """Return the cell with a mean from 0 to 10, or without one."""
        if mean is None:
            return self.empty
        return f"{self.head}{int(mean + 0.5)}{self.middle}{mean:g}{self.tail}"


@lru_cache(maxsize=4096)
def _cell(_spoken: NullTranslations, day: date, is_today: bool) -> Cell:
    current = Markup(' aria-current="date"') if is_today else ""
    empty = Markup('<td role="cell"{}><i>{}</i>').format(current, words.cell(day, ""))
    before, _, behind = words.cell(day, "\0").partition("\0")
    head = Markup('<td role="cell"{} data-m="').format(current)
    return Cell(empty, head, f'"><i>{escape(before)}', f"{escape(behind)}</i>")
