"""The history's ranges, a week, a month or a year: what is read for one and what it shows."""

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from statistics import fmean
from typing import Any

from flask import render_template, request

from stats.dashboard import Dashboard
from stats.insights.periods import Comparison, compare_periods, make_period
from stats.insights.spread import count_scores
from stats.insights.stored_tags import StoredTags, read_tags
from stats.insights.tag_effects import find_tag_effects
from stats.insights.tagged_days import tagged_year
from stats.insights.weekdays import compare_weekdays
from stats.lib.tags import fold_tag
from stats.lib.timestamps import DAY
from stats.moods.entries import read_moods
from stats.moods.history import (
    TREND_DAYS,
    WEEKS,
    Activity,
    make_day,
    make_trend,
    make_year,
    read_history,
)
from stats.moods.ranges import Range, year_ago
from stats.moods.scores import mean_score
from stats.web.http.current_user import current_dashboard
from stats.web.pages.day_strip import day_strip
from stats.web.pages.range_addresses import address, addresses_around
from stats.web.runtime import db
from stats.web.templating import insight_charts
from stats.web.templating.charts import trend_context, year_context
from stats.web.templating.dates import day_month, day_month_year, month, month_year
from stats.web.templating.entries import EntryView, entry_view
from stats.web.templating.translation import _
from stats.web.templating.year_chart import year_chart

RECENT_DAYS = 14
# How many tags a line names before it counts the rest.
MOST_NAMES = 12


@dataclass(frozen=True)
class Diary:
    """What is read for a range: all that lies in the year up to its end."""

    scores: Mapping[date, list[float]]
    activity: Activity
    tags: StoredTags

    @cached_property
    def words(self) -> dict[date, list[str]]:
        """The tags of each day's check-ins, in the order of the alphabet; no day without one."""
        by_day = {
            day: sorted(tag.name for tag in tags if not tag.in_conversations)
            for day, tags in self.tags.by_day.items()
        }
        return {day: words for day, words in by_day.items() if words}

    @property
    def means(self) -> dict[date, float]:
        """The mean of each day with a check-in."""
        return {day: fmean(scores) for day, scores in self.scores.items()}


def show_range(make_range: Callable[[date | None], Range]) -> str:
    """Show a range, which is made of the day of the first entry."""
    dashboard = current_dashboard()
    diary = _read(dashboard, make_range(None).last)
    span = make_range(diary.tags.first_entry)
    tag = "" if span.kind == "week" else _name(diary, request.args.get("tag", "").strip())
    days = _days(dashboard, diary, span, tag)
    context: dict[str, Any] = {
        "span": span,
        "title": _title(span),
        "addresses": addresses_around(span, dashboard.today, tag),
        "all_days": address(span, dashboard.today),
        "days": days,
        "begins_here": len(days) < RECENT_DAYS,
        "tag": tag,
        "tag_mean": _mean([one["day"].mean for one in days]) if tag else None,
        "dashboard": dashboard,
        "is_current": span.last == dashboard.today,
    }
    if span.kind == "week":
        context["entries"] = _entries(dashboard, span.first, span.last)
        context["strip"] = day_strip(span.first, dashboard.today, diary.scores)
    else:
        context |= _cards(dashboard, diary, span, tag)
    return render_template("history/page.html", **context)


def _cards(dashboard: Dashboard, diary: Diary, span: Range, tag: str) -> dict[str, Any]:
    """Return the context of the cards; with a tag without those that count all days."""
    shown = _charts(diary, span, tag) | {"all_tags": _all_tags(diary, span)}
    if tag:
        return shown
    past = _year_ago(dashboard) if span.last == dashboard.today else None
    return shown | _findings(diary, span, dashboard.today) | {"year_ago": past}


def _read(dashboard: Dashboard, last: date) -> Diary:
    place = (db(), dashboard.user_id, dashboard.calendar, last - WEEKS * 7 * DAY)
    return Diary(*read_history(*place), read_tags(*place))


def _title(span: Range) -> str:
    if span.kind == "month":
        return month_year(span.first)
    last = day_month_year(span.last)
    if span.first == span.last:
        return last
    return _("%(first)s – %(last)s", first=day_month(span.first, span.last), last=last)


def _days(dashboard: Dashboard, diary: Diary, span: Range, tag: str) -> list[dict[str, Any]]:
    """Return the days that are listed, newest first: with a tag all that have it, else the last."""
    later = (day for day in diary.scores if day > dashboard.today)
    dates = sorted((*span.dates, *later) if span.last == dashboard.today else span.dates)[::-1]
    begins = _first_day(dashboard, diary)
    dates = [day for day in dates if day >= begins] or dates
    if tag:
        dates = [day for day in dates if tag in diary.words.get(day, ())]
    elif span.kind == "year":
        dates = dates[: RECENT_DAYS + sum(day > dashboard.today for day in dates)]
    return [
        {"day": make_day(day, diary.scores, diary.activity), "tags": diary.words.get(day, [])}
        for day in dates
    ]


def _first_day(dashboard: Dashboard, diary: Diary) -> date:
    """Return the first day that can hold something: the account's, or an earlier one that does."""
    first_entry = diary.tags.first_entry or dashboard.since
    activity = diary.activity
    return min(dashboard.since, first_entry, *activity.active, *activity.conversations)


def _mean(means: Sequence[float | None]) -> float | None:
    """Return the mean of the days that have one, None without any."""
    logged = [mean for mean in means if mean is not None]
    return mean_score(logged) if logged else None


def _entries(dashboard: Dashboard, first: date, last: date) -> dict[date, list[EntryView]]:
    """Return the check-ins of some days, newest first, by day."""
    calendar = dashboard.calendar
    span = {"since": calendar.begins(first), "before": calendar.ends(last)}
    by_day: dict[date, list[EntryView]] = {}
    for entry in read_moods(db(), dashboard.user_id, **span):
        by_day.setdefault(calendar.day_of(entry.id), []).append(entry_view(calendar, entry))
    return by_day


def _year_ago(dashboard: Dashboard) -> dict[str, Any] | None:
    """Return the day a year ago with its check-ins, None if there was none."""
    day = year_ago(dashboard.today)
    entries = day and _entries(dashboard, day, day).get(day)
    return {"date": day, "entries": entries} if entries else None


def _name(diary: Diary, tag: str) -> str:
    """Return a tag as the diary writes it, as it is if the diary has none such."""
    names = {word for words in diary.words.values() for word in words}
    return next((name for name in names if fold_tag(name) == fold_tag(tag)), tag)


def _charts(diary: Diary, span: Range, tag: str) -> dict[str, Any]:
    """Return the context of trend, year and activity; with a tag the year's others are blank."""
    context = year_context(make_year(diary.scores, span.last, diary.activity), diary.words)
    year = context["year"]
    if span.kind == "month":
        context |= _month_trend(diary, span)
    if tag and span.kind == "year":
        scores = {day: own for day, own in diary.scores.items() if tag in diary.words.get(day, ())}
        with_tag = make_year(scores, span.last, diary.activity)
        context |= {"year": with_tag, "year_chart": year_chart(with_tag, context["lines"])}
    return context | {
        "activity_year": year,
        "active_days": sum(bool(day.active) for day in year.days),
        "conversations": sum(day.conversations or 0 for day in year.days),
    }


def _month_trend(diary: Diary, span: Range) -> dict[str, Any]:
    """Return the context of the trend of a month, whose days to come have their places, too."""
    trend = make_trend(diary.scores, span.last, len(span.dates))
    places = monthrange(span.last.year, span.last.month)[1]
    return trend_context(trend, places) | {"month": month_year(span.first)}


def _findings(diary: Diary, span: Range, today: date) -> dict[str, Any]:
    """Return what the days of a range say, with the places of all marks."""
    means = diary.means
    own = {day: mean for day, mean in means.items() if day in span}
    comparison = _compare(span, means)
    pattern, distribution = compare_weekdays(own), count_scores(own)
    effects = find_tag_effects(tagged_year(means, diary.tags.by_day, span.last, today))
    return {
        "periods": [insight_charts.period_row(p) for p in (comparison.period, comparison.before)],
        "periods_title": _periods_title(span),
        "halves": [insight_charts.halves(p) for p in (comparison.period, comparison.before)],
        "weekdays": insight_charts.weekday_marks(pattern.weekdays),
        "bars": insight_charts.score_bars(distribution),
        "findings": [_(one.finding) for one in (comparison, pattern, distribution)],
        "effects": effects,
        "tag_axis": insight_charts.tag_axis(effects),
        "most_names": MOST_NAMES,
    }


def _compare(span: Range, means: Mapping[date, float]) -> Comparison:
    """Return the month beside the one before, or the last 30 days beside the 30 before."""
    if span.kind == "month":
        first, before = span.first, (span.first - DAY).replace(day=1)
    else:
        first = span.last - (TREND_DAYS - 1) * DAY
        before = first - TREND_DAYS * DAY
    period = make_period(means, first, span.last)
    return compare_periods(period, make_period(means, before, first - DAY))


def _periods_title(span: Range) -> str:
    if span.kind == "month":
        before = span.first - DAY
        return _("%(month)s and %(before)s", month=month(span.first), before=month(before))
    return _("30 days and the 30 before")


def _all_tags(diary: Diary, span: Range) -> list[str]:
    """Return the tags of the range's check-ins, in the order of the alphabet."""
    return sorted({word for day in span.dates for word in diary.words.get(day, ())})
