"""What is drawn once and shown to many: the year's cells, empty charts, the plan's card."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from gettext import NullTranslations
from typing import NamedTuple

from flask import Flask, current_app
from markupsafe import Markup

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


def init_app(app: Flask) -> None:
    """Give the templates the cells."""
    app.jinja_env.globals["year_cells"] = year_cells


def draw(template: str, **values: object) -> Markup:
    """Return a template of ours that needs nothing of the request, with the values put in."""
    found = current_app.jinja_env.get_template(template)
    return Markup(found.render(**values))  # noqa: S704


def draw_plan(card: PlanCard) -> Markup:
    """Return the card of a plan; many people's look the same."""
    return _plan(words.spoken(), card)


@lru_cache(maxsize=1024)
def _plan(_spoken: NullTranslations, card: PlanCard) -> Markup:
    return draw("_plan_card.html", card=card)


def draw_charts(trend: Trend, year: Year, today: date) -> Markup:
    """Return the charts of the dashboard."""
    return draw("_drawn.html", trend=trend, year=year, today=today)


def draw_empty_charts(today: date) -> Markup:
    """Return the charts of somebody without an entry: on one day they are everybody's."""
    return _empty(words.spoken(), today)


@lru_cache(maxsize=16)
def _empty(_spoken: NullTranslations, today: date) -> Markup:
    return draw_charts(make_trend({}, today), make_year({}, today), today)


def year_cells(weeks: Sequence[Sequence[Day | None]], weekday: int, today: date) -> Markup:
    """Return the cells of one weekday: a page has 371, and everybody's days are the same."""
    spoken = words.spoken()
    days = [week[weekday] for week in weeks]
    cells = [_cell(spoken, day.date, day.mean, day.date == today) for day in days if day]
    return Markup("".join(cells))  # noqa: S704


@lru_cache(maxsize=16_384)
def _cell(_spoken: NullTranslations, day: date, mean: float | None, is_today: bool) -> str:
    current = Markup(' aria-current="date"') if is_today else ""
    if mean is None:
        return Markup('<td role="cell"{}><i>{}</i>').format(current, words.cell(day, ""))
    said = words.cell(day, f"{mean:g}")
    return Markup('<td role="cell"{} data-m="{}"><i>{}</i>').format(current, int(mean + 0.5), said)
