"""Changing a check-in, deleting it and putting it back, on its day's page or on the dashboard."""

from datetime import date

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from stats.errors import InvalidInput
from stats.lib.timestamps import moment
from stats.moods import entries as moods
from stats.moods.entries import MoodEntry
from stats.web.http.current_user import current_dashboard
from stats.web.http.forms.base_form import (
    NUMBER,
    form_operation,
    read_note,
    read_score,
    read_tags,
)
from stats.web.http.forms.check_ins import (
    deleted_context,
    is_on_dashboard,
    keep_deleted,
    swapped_entries,
)
from stats.web.http.forms.form_day import return_url
from stats.web.http.forms.repeated_forms import repeatable
from stats.web.pages.day import show_day
from stats.web.pages.history import bp
from stats.web.runtime import db
from stats.web.templating.entries import Correction, is_chosen
from stats.web.templating.translation import _, error_message


@bp.post("/entries/<int(max=4102444800000):entry_id>")
def edit(entry_id: int) -> ResponseReturnValue:
    """Change the score, the note and the tags of an entry."""
    score, note = request.form.get("score", ""), read_note(request.form.get("note", "")).strip()
    try:
        stored = _stored(entry_id)
        # White space around it and its line breaks are not what a form can change.
        kept = stored.note if read_note(stored.note).strip() == note else note
        tags = _tags(stored)
        moods.edit_mood(db(), current_user.id, entry_id, read_score(score), kept, tags)
    except InvalidInput as error:
        shown = min(float(score), 10.0) if NUMBER.fullmatch(score) else 5.0
        submitted = MoodEntry(entry_id, shown, note, tuple(read_tags(request.form)))
        return _refused(Correction({entry_id: error_message(error)}, submitted))
    if is_on_dashboard():
        return swapped_entries()
    flash(_("Saved."))
    return _back(entry_id)


def _refused(correction: Correction) -> ResponseReturnValue:
    if is_on_dashboard():
        return swapped_entries(correction)
    [entry_id] = correction.errors
    return show_day(_day_of(entry_id), correction=correction), 422


def _stored(entry_id: int) -> MoodEntry:
    """Return an entry as it is stored, an empty one if there is none."""
    at, after = moment(entry_id), moment(entry_id + 1)
    entries = moods.read_moods(db(), current_user.id, since=at, before=after)
    return entries[0] if entries else MoodEntry(entry_id, 0.0)


def _tags(stored: MoodEntry) -> list[str]:
    """Return the tags in the form; those that are stored keep their order and their spelling.

    A form that has none to choose changes none.
    """
    if "tags" not in request.form and "more_tags" not in request.form:
        return list(stored.tags)
    chosen = read_tags(request.form)
    kept = [tag for tag in stored.tags if is_chosen(tag, chosen)]
    return [*kept, *(tag for tag in chosen if not is_chosen(tag, kept))]


@bp.post("/entries/<int(max=4102444800000):entry_id>/delete")
@repeatable
def delete(entry_id: int) -> ResponseReturnValue:
    """Delete an entry; what is shown next offers to put it back."""
    deleted = moods.delete_mood(db(), current_user.id, entry_id)
    if is_on_dashboard():
        return swapped_entries(Correction(deleted=deleted_context(deleted)))
    keep_deleted(deleted)
    return _back(entry_id)


@bp.post("/entries/<int(max=4102444800000):entry_id>/restore")
def restore(entry_id: int) -> ResponseReturnValue:
    """Put an entry back that was just deleted, once."""
    score, tags = read_score(request.form.get("score", "")), read_tags(request.form)
    note = read_note(request.form.get("note", ""))
    words = (score, note, *([tags] if tags else []))
    op = form_operation("restore", request.form.get("op", ""), entry_id, *words)
    at = moment(entry_id)
    moods.record_mood(db(), current_user.id, score, note=note, tags=tags, at=at, op=op)
    if is_on_dashboard():
        return swapped_entries()
    flash(_("The check-in is back."))
    return _back(entry_id)


def _back(entry_id: int) -> ResponseReturnValue:
    return redirect(return_url(_day_of(entry_id)), 303)


def _day_of(entry_id: int) -> date:
    return current_dashboard().calendar.day_of(entry_id)
