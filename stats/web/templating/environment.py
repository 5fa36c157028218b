"""What all templates are given."""

from typing import Any

from flask import Flask

from stats.web.templating.dates import (
    cell,
    day_month,
    day_month_year,
    month_year,
    short_day_month,
    short_weekday,
    weekday,
    weekday_day_month,
)
from stats.web.templating.translation import language, look_up, look_up_plural, price_parts


def init_app(app: Flask) -> None:
    """Give the templates the words."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    install: Any = app.jinja_env.install_gettext_callables  # type: ignore[attr-defined]
    install(look_up, look_up_plural, newstyle=True)
    app.jinja_env.globals.update(
        language=language,
        weekday=weekday,
        short_weekday=short_weekday,
        day_month=day_month,
        cell_label=cell,
        short_day_month=short_day_month,
        month_year=month_year,
        day_month_year=day_month_year,
        weekday_day_month=weekday_day_month,
        price_parts=price_parts,
    )
