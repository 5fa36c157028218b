"""Settings: the profile, the password, the data to take along or bring back, and the way out."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user
from wtforms import BooleanField, IntegerField, RadioField, StringField
from wtforms.validators import AnyOf, DataRequired, InputRequired

from stats import accounts
from stats.activity import check_clock, time_zones
from stats.archive import read_archive
from stats.checkout import close_account
from stats.errors import BillingUnavailable, InvalidInput
from stats.export import export_user, mood_table
from stats.identity import THEMES, is_address
from stats.restore import restore
from stats.sample import is_sample
from stats.sentences import N_
from stats.web.auth import add_error
from stats.web.forms import Form
from stats.web.members import board
from stats.web.runtime import db, runtime
from stats.web.security import takes
from stats.web.words import _, reason

bp = Blueprint("account", __name__)

FILE_LIMIT = 16 * 1024 * 1024
WRONG = N_("This is not your current password.")
WRONG_ADDRESS = N_("Type the e-mail address of this account to delete it.")
NOT_DELETED = N_(
    "Your subscription could not be ended just now, so nothing was deleted. Try again in a minute."
)
FAREWELL = N_("Your account and everything in it are gone. Take care.")


class ProfileForm(Form):
    """What a member can change."""

    name = StringField(validators=[DataRequired(N_("Tell us what to call you."))])
    timezone = StringField(validators=[DataRequired(N_("Choose a time zone."))])
    day_start = IntegerField(default=0, validators=[InputRequired(N_("Choose an hour."))])
    theme = RadioField(
        choices=THEMES,
        validate_choice=False,
        validators=[AnyOf(THEMES, N_("Choose system, light or dark."))],
    )
    live = BooleanField(false_values=(False, "false", "0", "off", ""))


def _profile_form(typed: Mapping[str, str] | None = None) -> ProfileForm:
    clock = board().clock
    return ProfileForm(
        typed,
        name=current_user.name,
        timezone=clock.timezone,
        day_start=clock.day_start,
        theme=current_user.theme,
        live=current_user.live,
    )


def _page(form: ProfileForm | None = None, **errors: Any) -> str:
    others = set(accounts.sessions(db(), current_user.id)) - {session["sid"]}
    shown = {"password_errors": {}, "import_error": "", "delete_error": ""}
    if is_sample(current_user.email):
        del shown["password_errors"]
    return render_template(
        "settings.html",
        form=form or _profile_form(),
        zones=sorted(time_zones()),
        other_sessions=len(others),
        **(shown | errors),
    )


@bp.route("/settings", methods=["GET", "POST"])
def settings() -> ResponseReturnValue:
    """Show the settings, or save the profile."""
    form = _profile_form(request.form if request.method == "POST" else None)
    if form.validate_on_submit() and _save(form):
        flash(_("Saved."))
        return _back()
    return _page(form), 422 if form.is_submitted() else 200


def _save(form: ProfileForm) -> bool:
    try:
        accounts.update_profile(
            db(),
            current_user.id,
            name=form.name.data,
            clock=check_clock(form.timezone.data, form.day_start.data),
            theme=form.theme.data,
            live=form.live.data,
        )
    except InvalidInput as error:
        add_error(form, error)
        return False
    return True


def _back() -> ResponseReturnValue:
    return redirect(url_for("account.settings"), 303)


@bp.post("/settings/password")
def password() -> ResponseReturnValue:
    """Change the password; every other session ends."""
    errors = _change_password(
        request.form.get("current_password", ""), request.form.get("new_password", "")
    )
    if errors:
        return _page(password_errors=errors), 422
    flash(_("Your password is changed, and you are logged in only here."))
    return _back()


def _change_password(current: str, new: str) -> dict[str, str]:
    """Change the password; return what is wrong, by field."""
    try:
        done = accounts.change_password(db(), current_user.id, current, new, session["sid"])
    except InvalidInput as error:
        return {"new_password": reason(error)}
    return {} if done else {"current_password": _(WRONG)}


@bp.post("/settings/sessions/revoke")
def revoke() -> ResponseReturnValue:
    """Log out everywhere else."""
    accounts.log_out_elsewhere(db(), current_user.id, session["sid"])
    flash(_("You are logged in only here now."))
    return _back()


@bp.post("/settings/delete")
def delete() -> ResponseReturnValue:
    """Delete the account once its address was typed; its subscriptions end first."""
    if not is_address(request.form.get("confirm", ""), current_user.email):
        return _page(delete_error=_(WRONG_ADDRESS)), 422
    try:
        close_account(db(), runtime().gateway, current_user.id)
    except BillingUnavailable:
        return _page(delete_error=_(NOT_DELETED)), 503, {"Retry-After": "60"}
    logout_user()
    session.clear()
    flash(_(FAREWELL))
    return redirect(url_for("pages.landing"), 303)


@bp.get("/settings/export.json")
def export_json() -> ResponseReturnValue:
    """Hand over all that is stored."""
    text = json.dumps(export_user(db(), current_user.id), ensure_ascii=False, indent=1)
    return _download(text, "application/json", "json")


@bp.get("/settings/export.csv")
def export_csv() -> ResponseReturnValue:
    """Hand over the mood history."""
    return _download(mood_table(db(), current_user.id), "text/csv", "csv")


def _download(text: str, kind: str, ending: str) -> Response:
    answer = Response(text, content_type=f"{kind}; charset=utf-8")
    name = f"aira-{datetime.now(UTC):%Y-%m-%d}.{ending}"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


@bp.post("/settings/import")
@takes(FILE_LIMIT)
def import_() -> ResponseReturnValue:
    """Read an export back into an empty account."""
    file = request.files.get("file")
    try:
        archive = read_archive(file.read() if file else b"")
        restore(db(), current_user.id, archive)
    except InvalidInput as error:
        return _page(import_error=reason(error)), 422
    flash(_("Everything is back where it was."))
    return _back()
