"""Public pages, htmx and the sample account."""

import mimetypes
from datetime import UTC, datetime
from importlib.resources import as_file, files

from flask import (
    Blueprint,
    Flask,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from stats.activity.clock import Clock, user_day
from stats.lib.messages import N_
from stats.moods.scores import round_score
from stats.sample.account import make_sample
from stats.sample.cleanup import make_room
from stats.sample.landing_year import sample_year
from stats.web.accounts.auth import browser_clock
from stats.web.http.access import public
from stats.web.http.current_user import begin_session
from stats.web.http.forms.repeated_forms import repeatable
from stats.web.http.rate_limits import HOUR, by_address, limited
from stats.web.runtime import current_runtime, db
from stats.web.templating.charts import year_context

bp = Blueprint("pages", __name__)

NAV = [
    ("dashboard.page", N_("Dashboard")),
    ("history.page", N_("History")),
    ("conversations.page", N_("Conversations")),
    ("billing.plans", N_("Plans")),
    ("account.settings", N_("Settings")),
]
mimetypes.add_type("application/manifest+json", ".webmanifest")


def init_app(app: Flask) -> None:
    """Register the globals and filters of the templates."""
    app.jinja_env.globals["nav"] = NAV
    app.jinja_env.filters["format_score"] = lambda score: f"{score:g}"
    app.jinja_env.filters["format_mean"] = lambda mean: f"{mean:.1f}"
    app.jinja_env.filters["round_score"] = round_score


def offer_sample(app: Flask) -> None:
    """Add the route that logs visitors in to a sample account."""
    app.add_url_rule("/sample", "pages.sample", sample, methods=["POST"])


@bp.get("/htmx.min.js")
@public
def htmx() -> ResponseReturnValue:
    """Serve htmx from its package."""
    with as_file(files("js_lib_htmx") / "static" / "htmx" / "htmx.min.js") as path:
        return send_file(path, mimetype="text/javascript", max_age=31_536_000)


@bp.get("/")
@public
def landing() -> ResponseReturnValue:
    """Show the landing page, or redirect a user to the dashboard."""
    if current_user.is_authenticated:
        return redirect(url_for("dashboard.page"))
    return render_template(
        "public/landing.html",
        offers_sample=current_runtime().base_settings.embedded,
        **year_context(sample_year(user_day(Clock(), datetime.now(UTC)))),
    )


@limited(60, HOUR, by=by_address)
@public
@repeatable
def sample() -> ResponseReturnValue:
    """Create a sample account and log in to it."""
    if not current_user.is_authenticated:
        clock = browser_clock(request.form.get("timezone", "")) or Clock()
        runtime = current_runtime()
        make_room(db(), runtime.gateway, runtime.settings.secret_keys)
        login = make_sample(db(), clock, request.user_agent.string)
        begin_session(login, remember=False)
    return redirect(url_for("dashboard.page"))


@bp.get("/privacy")
@public
def privacy() -> ResponseReturnValue:
    """Show the privacy page."""
    return render_template("public/privacy.html")
