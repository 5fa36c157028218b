"""The globals of all templates: translation, dates, means, limits."""

from typing import Any

from flask import Flask

from stats.moods.entries import NOTE_LENGTH
from stats.moods.tags import MAX_TAGS, TAG_LENGTH
from stats.web.templating.bidi import isolate, isolate_plain
from stats.web.templating.dates import (
    day_month,
    day_month_year,
    month_year,
    server_time,
    short_day_month,
    short_weekday,
    weekday,
    weekday_day_month,
)
from stats.web.templating.entries import is_chosen, offered_tags, tag_key
from stats.web.templating.formatting import unbroken
from stats.web.templating.means import mean_text
from stats.web.templating.translation import language, price_parts, translate, translate_plural


def init_app(app: Flask) -> None:
    """Install gettext, dates, means, tags and limits in the Jinja environment."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    install: Any = app.jinja_env.install_gettext_callables  # type: ignore[attr-defined]
    install(translate, translate_plural, newstyle=True)
    app.jinja_env.filters.update(isolate=isolate, isolate_plain=isolate_plain, unbroken=unbroken)
    app.jinja_env.globals.update(
        language=language,
        weekday=weekday,
        short_weekday=short_weekday,
        day_month=day_month,
        mean_text=mean_text,
        short_day_month=short_day_month,
        month_year=month_year,
        day_month_year=day_month_year,
        weekday_day_month=weekday_day_month,
        price_parts=price_parts,
        note_length=NOTE_LENGTH,
        max_tags=MAX_TAGS,
        tag_length=TAG_LENGTH,
        is_chosen=is_chosen,
        offered_tags=offered_tags,
        tag_key=tag_key,
        server_time=server_time,
    )
