"""The charts: cards that the templates draw once for all, with gaps for what is a user's own.

What fills the gaps is made of texts that all users share. A Look has at most 102 of them, 19 KB in
all; the trend has 61 Looks and one for each language (1 MB). A card of the year takes some 300 KB.
"""

from collections.abc import Callable
from datetime import date
from functools import lru_cache, partial
from gettext import NullTranslations
from operator import getitem
from typing import NamedTuple

from markupsafe import escape

from stats.activity import DAY
from stats.history import TREND_DAYS, Trend, Year, year_dates
from stats.moods import TENTHS, whole
from stats.web import words
from stats.web.frame import Frame
from stats.web.words import _

CELLS = 1024
# Some for each language and each of the three days that are somebody's today.
CARDS = 48
# With fewer days the trend has no line.
ENOUGH = 3
# Where the days of the trend stand from left to right, in per cent.
XS = tuple(f"{2.4 + day * 95.2 / (TREND_DAYS - 1):.2f}" for day in range(TREND_DAYS))


class Look(dict[float | None, bytes]):
    """How each mean in tenths looks in one place, and how None does; made when first wanted."""

    def __init__(self, show: Callable[[float | None], str]) -> None:
        super().__init__()
        self._show = show

    def __missing__(self, mean: float | None) -> bytes:
        text = self[mean] = self._show(mean).encode()
        return text


def _dot(place: int, mean: float | None) -> str:
    """Return the dot of a day, the last one with a ring around it."""
    mark, y, radius, ring = "", "168", "1.25", "5"
    if mean is not None:
        mark, y, radius, ring = f' data-m="{whole(mean)}"', f"{_height(mean):g}", "4", "7"
    at = f'{mark} cx="{XS[place]}%" cy="{y}"'
    dot = f'<circle{at} r="{radius}"/>' if mark else f'<circle class="none"{at} r="{radius}"/>'
    return dot if place < TREND_DAYS - 1 else f'{dot}<circle class="ring"{at} r="{ring}"/>'


def _point(place: int, mean: float | None) -> str:
    return "" if mean is None else f"{XS[place]} {_height(mean):.1f}"


def _height(mean: float) -> float:
    return round(160 - mean * 16, 1)


def _week_mean(mean: float | None) -> str:
    return f"<td>{'—' if mean is None else f'{mean:.1f}'}</td>"


DOTS = tuple(Look(partial(_dot, place)) for place in range(TREND_DAYS))
POINTS = tuple(Look(partial(_point, place)) for place in range(TREND_DAYS))
WEEK_MEANS = Look(_week_mean)


@lru_cache(maxsize=16)
def _moods(_spoken: NullTranslations) -> Look:
    none = f'<td class="muted">{_("Not logged")}</td>'
    return Look(lambda mean: none if mean is None else f"<td>{mean:g}</td>")


class Cell(NamedTuple):
    """The cell of a day: empty, and what stands before its shade, before its score and behind.

    Texts of a day and of a score apart stay in the processor's cache, where those of both do not.
    """

    empty: bytes
    head: bytes
    middle: bytes
    tail: bytes


# What the cell of a day with that mean says: its shade and its score.
SAID = {mean: (b"%d" % whole(mean), b"%g" % mean) for mean in TENTHS}


@lru_cache(maxsize=CELLS)
def _cell(_spoken: NullTranslations, day: date, is_today: bool) -> Cell:
    head = '<td role="cell" aria-current="date"' if is_today else '<td role="cell"'
    before, _, behind = words.cell(day, "\0").partition("\0")
    empty = f"{head}><i>{escape(words.cell(day, ''))}</i>"
    logged = f'{head} data-m="', f'"><i>{escape(before)}', f"{escape(behind)}</i>"
    return Cell(*(text.encode() for text in (empty, *logged)))


class YearFrame(NamedTuple):
    """The card of the year with empty cells, and where each one is and its parts when logged."""

    frame: Frame
    cells: dict[date, tuple[int, bytes, bytes, bytes]]


class Charts:
    """Draws the cards of the trend and the year. `draw` draws a template of ours."""

    def __init__(self, draw: Callable[..., str]) -> None:
        self._draw = draw
        self._trend = lru_cache(maxsize=CARDS)(self._trend_frame)
        self._year = lru_cache(maxsize=CARDS)(self._year_frame)

    def trend_card(self, trend: Trend, first: bool) -> list[bytes]:
        """Return the last 30 days. `first`: there were never enough check-ins for a line."""
        spoken, logged = words.spoken(), min(trend.logged, ENOUGH)
        frame = self._trend(spoken, trend.dates[-1], logged, first)
        return frame.fill(_trend_values(spoken, trend))

    def _trend_frame(
        self, _spoken: NullTranslations, today: date, logged: int, first: bool
    ) -> Frame:
        dates, few = year_dates(today)[-TREND_DAYS:], logged < ENOUGH
        how = {"dates": dates, "logged": logged, "few": few, "first": first, "xs": XS}
        return Frame(lambda gap: self._draw("_trend.html", gap=gap, **how))

    def year_card(self, year: Year) -> list[bytes]:
        """Return the year as a table."""
        frame, cells = self._year(words.spoken(), year.dates[-1], year.logged > 0)
        texts = frame.fill({"logged": b"%d" % year.logged})
        for day, mean in year.means.items():
            (place, head, middle, tail), (shade, score) = cells[day], SAID[mean]
            texts[place] = b"".join((head, shade, middle, score, tail))
        return texts

    def _year_frame(self, spoken: NullTranslations, today: date, logged: bool) -> YearFrame:
        dates = year_dates(today)
        how = {"dates": dates, "months": [_month(day) for day in dates[::7]], "logged": logged}
        frame = Frame(lambda gap: self._draw("_year.html", gap=gap, **how))
        cells = {}
        for day in dates:
            [place] = frame.places.pop(day)
            frame.texts[place], head, middle, tail = _cell(spoken, day, day == today)
            cells[day] = place, head, middle, tail
        return YearFrame(frame, cells)


def _trend_values(spoken: NullTranslations, trend: Trend) -> dict[object, bytes]:
    values: dict[object, bytes] = {"dots": b"".join(map(getitem, DOTS, trend.means))}
    if trend.mean is None:
        return values
    known = [mean for mean in trend.means if mean is not None]
    values |= {"mean": b"%.1f" % trend.mean, "logged": b"%d" % trend.logged}
    values |= {"lowest": b"%g" % min(known), "highest": b"%g" % max(known)}
    if trend.logged >= ENOUGH:
        values["line"] = _line(trend)
    mood = _moods(spoken)
    for day, mean, week in zip(trend.dates, trend.means, trend.week_means, strict=True):
        values[day] = mood[mean] + WEEK_MEANS[week]
    return values


def _line(trend: Trend) -> bytes:
    """Return the path of the 7-day mean, which breaks where nothing was logged."""
    means = trend.week_means
    moves = (b"M" if before is None else b"L" for before in (None, *means[:-1]))
    places = zip(moves, POINTS, means, strict=True)
    return b"".join([move + look[mean] for move, look, mean in places if mean is not None])


def _month(monday: date) -> str:
    """Return the name of the month that begins in a week, "" if none does."""
    first = next((day for n in range(7) if (day := monday + n * DAY).day == 1), None)
    return "" if first is None else words.SHORT_MONTHS[first.month - 1]
