"""The mood of a day as text, which says when it is the mean of several check-ins."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from markupsafe import Markup, escape

from stats.moods.history import Year
from stats.moods.scores import score_word
from stats.web.templating.bidi import isolate
from stats.web.templating.dates import short_weekdays_days_months
from stats.web.templating.translation import _, ngettext


def mean_text(mean: float, count: int) -> str:
    """Return the mean of a day with `count` check-ins: `7`, or `7.2, mean of 3`."""
    score = f"{mean:g}"
    return score if count < 2 else _("%(score)s, mean of %(num)s", score=score, num=count)


def day_lines(year: Year, tags: Mapping[date, Sequence[str]]) -> dict[date, Markup]:
    """Return what each day of the year holds, as one line, with its score in a `b` element.

    `Sun 17 May · 8.5 Very good · mean of 2 · 1 conversation · friends, walk`: conversations where
    the year knows of them, and the tags of the day.
    """
    means, moods, blank = year.means, _mood_texts(set(year.means.values())), escape(_("Not logged"))
    lines = {}
    for day, text in zip(year.dates, short_weekdays_days_months(year.dates), strict=True):
        mood = moods[means[day]] if day in means else blank
        parts = (escape(text), mood, *map(escape, _more(day, year, tags)))
        lines[day] = Markup(" · ".join(parts))  # noqa: S704 - all parts are escaped
    return lines


def _mood_texts(means: Iterable[float]) -> dict[float, Markup]:
    """Return `8.5 Very good` for each mean."""
    pattern = escape(_("%(score)s %(word)s"))
    return {
        mean: pattern % {"score": Markup("<b>{:g}</b>").format(mean), "word": _(score_word(mean))}
        for mean in means
    }


def _more(day: date, year: Year, tags: Mapping[date, Sequence[str]]) -> Iterator[str | Markup]:
    entries = len(year.scores.get(day, ()))
    if entries > 1:
        yield _("mean of %(num)s", num=entries)
    if year.activity and (num := year.activity.conversations.get(day, 0)):
        yield ngettext("%(num)s conversation", "%(num)s conversations", num)
    if words := tags.get(day):
        yield Markup(", ").join(map(isolate, words))
