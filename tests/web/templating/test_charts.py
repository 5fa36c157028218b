"""The charts: what they show of every day, on the dashboard and in the history."""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from flask import Flask, render_template

from stats.moods.history import Activity
from stats.moods.scores import score_word
from stats.web.templating.charts import charts
from stats.web.templating.dates import weekday_day_month
from tests.web.helpers import Browser

TODAY = date(2024, 2, 29)
CELL = re.compile(
    r'<td role="gridcell"( aria-current="date")?(?: data-m="(\d+)")?>'
    r'<a id="year-[\d-]{10}" href="/history/[\d-]{10}"(?: tabindex="-1")?>(.*?)</a>'
)
ROW = re.compile(r'<tr><th scope="row">(.*?)</th><td.*?>(.*?)</td><td>(.*?)</td></tr>')
DOT = re.compile(r'<circle data-m="(\d+)" cx="([\d.]+)%" cy="([\d.]+)" r="4"/>')
TENTHS = [tenths / 10 for tenths in range(101)]

Scores = Mapping[date, Sequence[float]]
Draw = Callable[[Scores, date], str]


@pytest.fixture
def draw_charts(app: Flask) -> Iterator[Draw]:
    """What draws the charts."""
    with app.test_request_context():
        yield lambda moods, today: render_template("history/_charts.html", **charts(moods, today))


def back(days: int, today: date = TODAY) -> date:
    return today - timedelta(days)


def short(day: date) -> str:
    return f"{day.day} {day:%b}"


def line_of(drawn: str) -> str:
    match = re.search(r'<path class="mean-line" d="(.*?)"/>', drawn)
    return match[1] if match else ""


def some_moods(chance: Random, today: date) -> dict[date, list[float]]:
    """Return moods on some days of a little more than a year, on some several."""
    days = [back(days, today) for days in range(380) if chance.random() < 0.6]
    return {day: chance.choices(TENTHS, k=chance.choice((1, 1, 2, 3))) for day in days}


def mean(scores: Sequence[float]) -> Fraction:
    return Fraction(sum(round(score * 10) for score in scores), 10 * len(scores))


def half_up(means: list[Fraction]) -> float:
    """The mean of exact means to one decimal, halves up."""
    return math.floor(sum(means) / len(means) * 10 + Fraction(1, 2)) / 10


def line(day: date, scores: Sequence[float] = ()) -> str:
    """What a day says of itself."""
    if not scores:
        return f"{day:%a} {short(day)} · Not logged"
    score = half_up([mean(scores)])
    several = f" · mean of {len(scores)}" if len(scores) > 1 else ""
    return f"{day:%a} {short(day)} · <b>{score:g}</b> {score_word(score)}{several}"


def said(scores: Sequence[float]) -> str:
    """What stands where the mean of a day stands."""
    score = f"{half_up([mean(scores)]):g}"
    return score if len(scores) == 1 else f"{score}, mean of {len(scores)}"


def week_mean(moods: Scores, day: date) -> str:
    return f"{half_up([mean(moods[d]) for d in moods if back(7, day) < d <= day]):.1f}"


@pytest.mark.parametrize("seed", range(8))
def test_they_show_the_mean_of_every_day(draw_charts: Draw, seed: int) -> None:
    chance = Random(seed)
    today = TODAY + timedelta(seed)
    moods = some_moods(chance, today)
    drawn = draw_charts(moods, today)
    means = {day: said(felt) for day, felt in moods.items()}
    year = [back(days, today) for days in range(365)]
    cells = sorted(text for _, _, text in CELL.findall(drawn))
    assert cells == sorted(line(day, moods.get(day, ())) for day in year)
    logged = sum(day in means for day in year)
    assert f'<p class="tabular-nums">{logged} of 365 days</p>' in drawn
    rows = ROW.findall(drawn)
    assert [name for name, _, _ in rows[:2]] == ["Today", weekday_day_month(back(1, today))]
    for days, (_, mood, week) in enumerate(rows):
        day = back(days, today)
        wanted = (means[day], week_mean(moods, day)) if day in means else ("Not logged", "—")
        assert (mood, week) == wanted, day
    assert len(rows) == 30


@pytest.mark.parametrize(
    ("score", "shade", "height", "said", "mean"),
    [
        (0.0, "0", "160", "0", "0.0"),
        (0.4, "0", "153.6", "0.4", "0.4"),
        (0.5, "1", "152", "0.5", "0.5"),
        (6.5, "7", "56", "6.5", "6.5"),
        (9.4, "9", "9.6", "9.4", "9.4"),
        (9.5, "10", "8", "9.5", "9.5"),
        (10.0, "10", "0", "10", "10.0"),
    ],
)
def test_every_score_is_in_its_place(
    draw_charts: Draw, score: float, shade: str, height: str, said: str, mean: str
) -> None:
    drawn = draw_charts({back(days): [score] for days in (0, 1, 29)}, TODAY)
    dots = DOT.findall(drawn)
    assert dots == [(shade, x, height) for x in ("0.00", "96.55", "100.00")]
    assert f'<circle class="ring" data-m="{shade}" cx="100.00%" cy="{height}" r="7"/>' in drawn
    y = f"{float(height):.1f}"
    assert line_of(drawn) == f"M0.00 {y}M96.55 {y}L100.00 {y}"
    assert ("", shade, line(back(29), [score])) in CELL.findall(drawn)
    assert ROW.findall(drawn)[0] == ("Today", said, mean)
    assert f"the lowest day {said}, the highest day {said}, the mean {mean}." in drawn


UNBROKEN = '<span class="nowrap">check-in</span>'
FIRST = f"Three days with a {UNBROKEN} draw your first line."
AGAIN = f"Three days with a {UNBROKEN}, of these 30, draw a line."


@pytest.mark.parametrize(
    ("near", "far", "below"),
    [(3, 0, []), (2, 0, [FIRST]), (2, 1, [AGAIN]), (1, 0, [FIRST]), (0, 3, [AGAIN])],
)
def test_a_line_takes_three_days(draw_charts: Draw, near: int, far: int, below: list[str]) -> None:
    drawn = draw_charts({back(day): [5.0] for day in (*range(near), *range(60, 60 + far))}, TODAY)
    assert [said for said in (FIRST, AGAIN) if said in drawn] == below
    assert bool(line_of(drawn)) == (near == 3)
    assert ("placeholder-line" in drawn) == (near == 0)
    assert (len(DOT.findall(drawn)), len(ROW.findall(drawn))) == (near, 30 if near else 0)
    assert f"{near + far} of 365 days" in drawn
    assert (f">{near} of 30 days</p>" in drawn) == (0 < near < 3)


def test_today_is_marked_alone_whoever_else_has_another_day(draw_charts: Draw) -> None:
    moods = {back(days): [3.0] for days in range(3)}
    for today in (TODAY, back(-1), TODAY, back(1), back(-1)):
        drawn = draw_charts(moods, today)
        current = [text for now, _, text in CELL.findall(drawn) if now]
        assert current == [line(today, moods.get(today, ()))]
        assert [name for name, _, _ in ROW.findall(drawn)].count("Today") == 1


LINK = re.compile(r'<a id="(?:year|trend)-[\d-]{10}" href="/history/([\d-]{10})"( tabindex="-1")?>')
DAYS = re.compile(r'<(?:table|ol) class="days".*?</(?:table|ol)>', re.S)


def test_each_chart_has_one_tab_stop_which_is_today(draw_charts: Draw) -> None:
    drawn = DAYS.findall(draw_charts({back(days): [5.0] for days in range(3)}, TODAY))
    links = [LINK.findall(chart) for chart in drawn]
    assert [len(chart) for chart in links] == [30, 365]
    for chart in links:
        assert len({day for day, _ in chart}) == len(chart)
        assert [day for day, rest in chart if not rest] == [TODAY.isoformat()]


def test_days_say_their_conversations_and_tags_where_they_are_known(app: Flask) -> None:
    activity = Activity(frozenset(), {TODAY: 2, back(1): 1, back(40): 1})
    tags = {TODAY: ["walk", "<i>"], back(2): []}
    with app.test_request_context():
        values = charts({TODAY: [7.0]}, TODAY, activity, tags)
        drawn = DAYS.findall(render_template("history/_charts.html", **values))
    assert len(drawn) == 2
    for chart in drawn:
        today = "<b>7</b> Good · 2 conversations · <bdi>walk</bdi>, <bdi>&lt;i&gt;</bdi></a>"
        assert f">Thu 29 Feb · {today}" in chart
        assert ">Wed 28 Feb · Not logged · 1 conversation</a>" in chart
        assert ">Tue 27 Feb · Not logged</a>" in chart
    assert ">Sat 20 Jan · Not logged · 1 conversation</a>" in drawn[1]


def test_a_day_at_zero_is_a_day_like_any_other(draw_charts: Draw) -> None:
    drawn = draw_charts({TODAY: [0.0], back(1): [4.0], back(2): [8.0]}, TODAY)
    assert [said for _, *said in ROW.findall(drawn)[:2]] == [["0", "4.0"], ["4", "6.0"]]


def test_both_pages_draw_the_same_year(alice: Browser) -> None:
    now = datetime.now(UTC)
    for days in (0, 1, 2, 3, 50):
        mood: dict[str, Any] = {"score": 2 + days / 10, "at": (now - timedelta(days)).isoformat()}
        assert alice.api("PATCH", "/api/mood", json=mood).status_code == 200
    pages = [alice.get(page).text for page in ("/dashboard", "/history")]
    drawn = [re.search(r'<section class="card year">.*?</section>', page, re.S) for page in pages]
    assert drawn[0]
    assert drawn[1]
    assert drawn[0][0] == drawn[1][0]
