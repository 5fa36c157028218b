"""The values of the old layout, read strictly.

Each function takes what is stored and a function that is told the kind and the reason of whatever
is lost; it returns what can be read. `now` is in milliseconds.
"""

import json
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from stats.errors import InvalidInput
from stats.lib.text import clean, cut
from stats.lib.timestamps import iso_ms, milliseconds, moment
from stats.moods.entries import CLOCK_SKEW, EARLIEST, ID_FACTOR, NOTE_LENGTH
from stats.moods.scores import to_tenths
from stats.plans.plan import Plan
from stats.snapshot import MAX_COUNT
from stats.user_stats import SUMMARY_LENGTH, recent_line

PLANS = {"free": Plan.FREE, "plus": Plan.PLUS, "pro": Plan.PLUS, "premium": Plan.PREMIUM}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# The day is fourteen hours ahead in Kiribati.
AHEAD = timedelta(hours=14)

_COUNT = re.compile(rb"[0-9]{1,10}")
_SCORE = re.compile(rb"[0-9]{1,2}(?:\.[0-9]{1,30})?")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONG_DAY = re.compile(r"([A-Z][a-z]{2}) ([A-Z][a-z]{2}) ([0-9]{2}) ([0-9]{4})")
_MILLISECONDS = re.compile(r"[0-9]{1,16}")

ReportLoss = Callable[[str, str], None]


def read_count(name: str, raw: bytes | None, lose: ReportLoss) -> int | None:
    """Return a whole number from 0."""
    if raw is None:
        return None
    if not _COUNT.fullmatch(raw) or int(raw) > MAX_COUNT:
        lose(name, "is no whole number from 0")
        return None
    return int(raw)


def read_score(raw: bytes | None, lose: ReportLoss) -> int | None:
    """Return a score in tenths."""
    if raw is None:
        return None
    try:
        return _tenths(float(raw) if _SCORE.fullmatch(raw) else None)
    except InvalidInput:
        lose("mood_score", "is no number from 0 to 10")
        return None


def _tenths(score: object) -> int:
    return to_tenths(score)


def read_plan(raw: bytes | None, lose: ReportLoss) -> Plan | None:
    """Return a plan, by any of the names that occurred."""
    if raw is None:
        return None
    plan = PLANS.get(raw.decode(errors="replace").lower())
    if plan is None:
        lose("plan", "is none of the plans")
    return plan


def read_last_login(raw: bytes | None, now: int, lose: ReportLoss) -> date | None:
    """Return a day, in either of its spellings."""
    if raw is None:
        return None
    day = _day(raw.decode(errors="replace"))
    if day is None:
        lose("last_login", "is no date in either of its spellings")
        return None
    if not EARLIEST.date() <= day <= (moment(now) + AHEAD).date():
        lose("last_login", "lies in the future or before this century")
        return None
    return day


def _day(text: str) -> date | None:
    try:
        if _ISO_DAY.fullmatch(text):
            return date.fromisoformat(text)
        if match := _LONG_DAY.fullmatch(text):
            day = date(int(match[4]), MONTHS.index(match[2]) + 1, int(match[3]))
            return day if WEEKDAYS[day.weekday()] == match[1] else None
    except ValueError:
        pass  # 30 February, or no month
    return None


def read_recent(raw: bytes | None, now: int, lose: ReportLoss) -> list[str]:
    """Return the newest three conversations as JSON, newest first."""
    if not raw:
        return []
    kind = "recent_conversations"
    listed = _json(raw)
    if not isinstance(listed, list):
        lose(kind, "is no JSON list")
        return []
    lines = [_line(item, now) for item in listed]
    for _ in range(lines.count(None)):
        lose(kind, "one has no moment that can be true or no summary that can be stored")
    kept = sorted(filter(None, lines), key=lambda line: line[0], reverse=True)[:3]
    if any(len(summary) > SUMMARY_LENGTH for _, summary in kept):
        lose(kind, f"a summary is longer than {SUMMARY_LENGTH} characters and is cut")
    return [recent_line(iso_ms(at), cut(summary, SUMMARY_LENGTH)) for at, summary in kept]


def _line(item: Any, now: int) -> tuple[int, str] | None:
    if not isinstance(item, dict):
        return None
    at = _moment(item.get("timestamp"), now)
    try:
        return None if at is None else (at, clean(item.get("summary"), "summary"))
    except InvalidInput:
        return None


def _json(raw: bytes) -> Any:
    """Return a decoded JSON value, None for what is none."""
    try:
        return json.loads(raw.decode())
    except (ValueError, RecursionError):
        return None


def _moment(value: object, now: int) -> int | None:
    """Return a moment in milliseconds, None for one that is not written out or cannot be true."""
    if isinstance(value, str) and _MILLISECONDS.fullmatch(value):
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _in_time(value, now) or _in_time(value * 1000, now)
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return None if at is None or at.tzinfo is None else _in_time(milliseconds(at), now)


def _in_time(at: float, now: int) -> int | None:
    """Return milliseconds that lie in this century and in the past."""
    latest = now + CLOCK_SKEW / timedelta(milliseconds=1)
    return int(at) if milliseconds(EARLIEST) <= at <= latest else None


def read_moods(
    members: Sequence[tuple[bytes, float]], now: int, lose: ReportLoss
) -> list[tuple[int, str]]:
    """Return entries (the stored integer, the note) in order, from members and their places."""
    entries = [_entry(member, place, now, lose) for member, place in members]
    return _each_once([entry for entry in entries if entry is not None])


def _entry(member: bytes, place: float, now: int, lose: ReportLoss) -> tuple[int, int, str] | None:
    """Return moment, tenths and note of an entry."""
    entry, kind = _json(member), "mood_history"
    if not isinstance(entry, dict):
        lose(kind, "an entry is no JSON object")
        return None
    try:
        tenths = _tenths(entry.get("score"))
    except InvalidInput:
        lose(kind, "an entry has no score from 0 to 10")
        return None
    at = _moment(entry.get("timestamp"), now) or _moment(place, now)
    if at is None:
        lose(kind, "an entry has no moment that can be true")
        return None
    return at, tenths, _note(entry.get("note"), lose)


def _note(raw: Any, lose: ReportLoss) -> str:
    if raw is None:
        return ""
    try:
        text = clean(raw, "note")
    except InvalidInput:
        lose("note", "is no text that can be stored")
        return ""
    if len(text) > NOTE_LENGTH:
        lose("note", f"is longer than {NOTE_LENGTH} characters and is cut")
    return cut(text, NOTE_LENGTH)


def _each_once(entries: Sequence[tuple[int, int, str]]) -> list[tuple[int, str]]:
    """Return entries in order; one that stands there with a note and without is one."""
    noted = {(at, tenths) for at, tenths, note in entries if note}
    kept = [item for item in set(entries) if item[2] or item[:2] not in noted]
    return [(at * ID_FACTOR + tenths, note) for at, tenths, note in sorted(kept)]
