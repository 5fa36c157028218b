"""Settings."""

from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField
from wtforms.validators import DataRequired, InputRequired

from stats import accounts
from stats.activity import check_clock, time_zones
from stats.errors import InvalidInput
from stats.web.auth import add_error
from stats.web.members import board
from stats.web.runtime import db

bp = Blueprint("account", __name__)


class ProfileForm(FlaskForm):  # type: ignore[misc]
    """What a member can change."""

    name = StringField(validators=[DataRequired("Tell us what to call you.")])
    timezone = StringField(validators=[DataRequired("Choose a time zone.")])
    day_start = IntegerField(default=0, validators=[InputRequired("Choose an hour.")])


@bp.route("/settings", methods=["GET", "POST"])
def settings() -> ResponseReturnValue:
    """Show the settings, or save name, time zone and start of day."""
    clock = board().clock
    form = ProfileForm(name=current_user.name, timezone=clock.timezone, day_start=clock.day_start)
    if form.validate_on_submit() and _save(form):
        flash("Saved.")
        return redirect(url_for("account.settings"), 303)
    others = set(accounts.sessions(db(), current_user.id)) - {session["sid"]}
    page = render_template(
        "settings.html", form=form, zones=sorted(time_zones()), other_sessions=len(others)
    )
    return page, 422 if form.is_submitted() else 200


def _save(form: ProfileForm) -> bool:
    try:
        clock = check_clock(form.timezone.data, form.day_start.data)
        accounts.update_profile(db(), current_user.id, name=form.name.data, clock=clock)
    except InvalidInput as error:
        add_error(form, error)
        return False
    return True


@bp.post("/settings/sessions/revoke")
def revoke() -> ResponseReturnValue:
    """Log out everywhere else."""
    accounts.log_out_elsewhere(db(), current_user.id, session["sid"])
    flash("You are logged in only here now.")
    return redirect(url_for("account.settings"), 303)
