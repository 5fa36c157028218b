"""The addresses of the history's ranges: one, those around the same day, those beside it."""

from datetime import date

from flask import url_for

from stats.moods.ranges import Range, month_range, week_range, year_range

MAKERS = {"week": week_range, "month": month_range, "year": year_range}


def address(span: Range, today: date, tag: str = "") -> str:
    """Return the address of a range, or of its days with a tag; a week shows them all."""
    with_tag = tag or None
    if span.kind == "month":
        return url_for("history.month", month=f"{span.first:%Y-%m}", tag=with_tag)
    if span.kind == "week":
        return url_for("history.week", day=span.first.isoformat())
    if span.last == today:
        return url_for("history.page", tag=with_tag)
    return url_for("history.year", day=span.last.isoformat(), tag=with_tag)


def addresses_around(span: Range, today: date, tag: str) -> dict[str, str]:
    """Return the addresses of the ranges around the same last day, and of those beside it."""
    same = {kind: make(span.last, today, None) for kind, make in MAKERS.items()}
    make = MAKERS[span.kind]
    beside = {"previous": span.previous, "next": span.next}
    ranges = same | {name: make(day, today, None) for name, day in beside.items() if day}
    return {name: address(one, today, tag) for name, one in ranges.items()}
