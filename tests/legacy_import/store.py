"""A store in the old layout, filled by hand: ordinary users, and some whose values are broken.

What is to come of each is put down beside it, and not worked out with what is being tested.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
NEW = {
    "conversations": 0,
    "mood_score": 0.0,
    "days_active": 1,
    "recent_conversations": [],
    "plan": "Free",
    "streak": 0,
    "longest_streak": 1,
    "mood_updated_at": None,
}
LONG_AGO = "2024-10-24"
NOON = "2024-10-24T12:00:00.000Z"
MS = 1_729_771_200_000  # the same moment
AT = {"timestamp": NOON}


@dataclass
class LegacyUser:
    """One user: what is stored, what is to come of it, and `warnings`: (part of the key, kind)."""

    id: str
    stats: Any = field(default_factory=dict)
    last_login: str | None = None
    moods: dict[Any, float] = field(default_factory=dict)
    expected: dict[str, Any] | None = field(default_factory=dict)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    last_day: date | None = None
    notes: dict[str, str] | None = None

    def write(self, db: Any) -> None:
        if isinstance(self.stats, dict):
            if self.stats:
                db.hset(f"user:{self.id}:stats", mapping=self.stats)
        else:
            db.set(f"user:{self.id}:stats", self.stats)
        if self.last_login is not None:
            db.set(f"user:{self.id}:last_login", self.last_login)
        if self.moods:
            db.zadd(f"user:{self.id}:mood_history", self.moods)

    def on(self, today: date) -> dict[str, Any]:
        """The stats that are to be shown on a day."""
        expected = {**NEW, **(self.expected or {})}
        if self.last_day is None or today - self.last_day > 2 * DAY:
            expected["streak"] = 0
        return expected


def mood(score: Any, timestamp: Any = NOON, **more: Any) -> str:
    return json.dumps({"score": score, "timestamp": timestamp, **more})


def iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def talk(summary: Any, timestamp: Any = NOON) -> dict[str, Any]:
    return {"timestamp": timestamp, "summary": summary}


FIELDS = {"conversations": "7", "days_active": "9", "plan": "Free", "mood_score": "0"}
KEPT = {"conversations": 7, "days_active": 9}
ONE_MOOD = {"mood_score": 5.0, "mood_updated_at": NOON}


def broken_users() -> list[LegacyUser]:
    """Each way in which a value can be broken, and that it loses nothing but itself."""
    two = json.dumps([talk("one"), talk("two")])
    four = [
        talk("a"),
        talk("b", "2024-10-25T00:00:00Z"),
        {"summary": "?"},
        talk(5),
        "x",
    ]
    four += [
        talk("a\0"),
        talk("\ud800"),
        talk("c", MS - 1000),
        talk("d", "2024-10-20T00:00:00Z"),
    ]
    newest = [
        talk("b", "2024-10-25T00:00:00.000Z"),
        talk("a"),
        talk("c", iso_ms(MS - 1000)),
    ]
    lost = [("mood_history", "mood_history")]
    return [
        LegacyUser("count-text", {**FIELDS, "conversations": "abc", "recent_conversations": two},
            expected={"conversations": 2, "days_active": 9,
                      "recent_conversations": [talk("one"), talk("two")]},
            warnings=[("stats", "conversations")]),
        LegacyUser("count-negative", {**FIELDS, "conversations": "-3"}, expected={"days_active": 9},
            warnings=[("stats", "conversations")]),
        LegacyUser("count-huge", {**FIELDS, "conversations": "9999999999"},
            expected={"days_active": 9},
            warnings=[("stats", "conversations")]),
        LegacyUser("days-empty", {**FIELDS, "days_active": ""},
            moods={mood(5): 0, mood(6, MS - 86_400_000): 0},
            expected={"conversations": 7, "days_active": 2, "longest_streak": 2, **ONE_MOOD},
            warnings=[("stats", "days_active")]),
        LegacyUser("score-range", {**FIELDS, "mood_score": "11"}, moods={mood(5): 0},
            expected={**KEPT, **ONE_MOOD}, warnings=[("stats", "mood_score")]),
        LegacyUser("score-nan", {**FIELDS, "mood_score": "NaN"}, LONG_AGO, expected=KEPT,
            warnings=[("stats", "mood_score")]),
        LegacyUser("score-other", {**FIELDS, "mood_score": "9"}, moods={mood(5): 0},
            expected={**KEPT, **ONE_MOOD}, warnings=[("stats", "mood_score")]),
        LegacyUser("score-alone", {**FIELDS, "mood_score": "6.5"}, "Thu Oct 24 2024",
            expected={**KEPT, "mood_score": 6.5, "mood_updated_at": NOON},
            warnings=[("stats", "mood_score")]),
        LegacyUser("score-nowhere", {**FIELDS, "mood_score": "6.5"}, expected=KEPT,
            warnings=[("stats", "mood_score")]),
        LegacyUser("recent-empty", {**FIELDS, "recent_conversations": ""}, expected=KEPT),
        LegacyUser("recent-json", {**FIELDS, "recent_conversations": '[{"timestamp'}, expected=KEPT,
            warnings=[("stats", "recent_conversations")]),
        LegacyUser("recent-bytes", {**FIELDS, "recent_conversations": b"\xff"}, expected=KEPT,
            warnings=[("stats", "recent_conversations")]),
        LegacyUser("recent-some", {**FIELDS, "recent_conversations": json.dumps(four)},
            expected={**KEPT, "recent_conversations": newest},
            warnings=[("stats", "recent_conversations")] * 5),
        LegacyUser("recent-long",
            {**FIELDS, "recent_conversations": json.dumps([talk("🌊" * 201)])},
            expected={**KEPT, "recent_conversations": [talk("🌊" * 200)]},
            warnings=[("stats", "recent_conversations")]),
        LegacyUser("plan-gold", {**FIELDS, "plan": "Gold"}, expected=KEPT,
            warnings=[("stats", "plan")]),
        LegacyUser("login-words", FIELDS, "yesterday", expected=KEPT,
            warnings=[("last_login", "last_login")]),
        LegacyUser("login-weekday", FIELDS, "Fri Oct 24 2024", expected=KEPT,
            warnings=[("last_login", "last_login")]),
        LegacyUser("login-never", FIELDS, "2024-02-30", expected=KEPT,
            warnings=[("last_login", "last_login")]),
        LegacyUser("login-future", FIELDS, "2099-01-01", expected=KEPT,
            warnings=[("last_login", "last_login")]),
        LegacyUser("mood-json", FIELDS,
            moods={mood(5): 0, "{": 1, "[5]": 2, b"\xff": 3, "[" * 5000: 4},
            expected={**KEPT, **ONE_MOOD}, warnings=lost * 4),
        LegacyUser("mood-score", FIELDS, moods={
            mood(5): 0, **{mood(bad, MS + 1): 1 for bad in ("7", True, 11, -0.1, None, [5])},
            '{"score": NaN, "timestamp": 1729771200000}': 2, f'{{"timestamp": {MS}}}': 3},
            expected={**KEPT, **ONE_MOOD}, warnings=lost * 8),
        LegacyUser("mood-time", FIELDS, moods={
            mood(5, None): MS, mood(4, "soon"): MS // 1000 - 1, mood(3, str(MS - 2000)): 7,
            mood(2, "2024-10-24T13:59:57+02:00"): 7, mood(1, "2099-01-01T00:00:00Z"): 7,
            mood(9, "0001-01-01T00:00:00+23:59"): 8, mood(8, "2024-10-24T12:00:00"): float("inf")},
            expected={**KEPT, **ONE_MOOD}, warnings=lost * 3),
        LegacyUser("mood-notes", FIELDS, moods={
            mood(1, MS - 5, note="x" * 281): 1, mood(2, MS - 4, note="a\0"): 2,
            mood(3, MS - 3, note="\ud800"): 3, mood(4, MS - 2, note=5): 4,
            mood(5, MS - 1, note=""): 5, mood(5, MS, note="<b>🌊\r\n"): 6},
            expected={**KEPT, **ONE_MOOD}, warnings=[("mood_history", "note")] * 4,
            notes={str(MS - 5): "x" * 280, str(MS): "<b>🌊\r\n"}),
        LegacyUser("type-stats", "text", LONG_AGO, {mood(5): 0}, expected=ONE_MOOD,
            warnings=[("stats", "stats")]),
        LegacyUser("nothing", {"plan": "?", "recent_conversations": "{"}, expected=None,
            warnings=[("stats", "plan"), ("stats", "recent_conversations")]),
        LegacyUser("has space", FIELDS, expected=None, warnings=[("*", "user id")]),
        LegacyUser("{x", FIELDS, LONG_AGO, expected=None, warnings=[("*", "user id")]),
        LegacyUser("line\nbreak", last_login=LONG_AGO, expected=None, warnings=[("*", "user id")]),
    ]  # fmt: skip


def iso_ms(at: int) -> str:
    return iso(datetime.fromtimestamp(at / 1000, UTC))


def unusual_users() -> list[LegacyUser]:
    """What is rare and not broken."""
    return [
        LegacyUser("only-login", last_login="Thu Oct 24 2024"),
        LegacyUser("only-moods", moods={mood(5): MS}, expected=ONE_MOOD),
        LegacyUser("only-stats", FIELDS, expected=KEPT),
        LegacyUser("a:b@c.de|stats", FIELDS, expected=KEPT),
        LegacyUser("old-names", {**FIELDS, "plan": "PRO"}, expected={**KEPT, "plan": "Plus"}),
        LegacyUser("same-moment", FIELDS,
            moods={mood(4): 1, mood(5): 2, mood(5, note="n"): 3, mood(5, MS): 4},
            expected={**KEPT, "mood_score": 5.0, "mood_updated_at": iso_ms(MS + 1)},
            notes={str(MS + 1): "n"}),
    ]  # fmt: skip


def ordinary(number: int) -> LegacyUser:
    """Somebody like everybody, made by chance."""
    chance = Random(number)
    last = NOW.date() - chance.choice((0, 1, 2, 3, 30, 400)) * DAY
    others = [last - chance.randrange(1, 12) * DAY for _ in range(chance.randrange(9))]
    days = sorted({last, *others})
    moments = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days[:-1]]
    entries = {}
    for place, at in enumerate(moments):
        at += timedelta(milliseconds=chance.randrange(86_400_000))
        ms = round(at.timestamp() * 1000)
        score = chance.choice((chance.randrange(11), chance.randrange(101) / 10))
        stamp = chance.choice((iso(at), ms, str(ms), iso(at).replace("Z", "+00:00")))
        note = {"note": f"note {place}"} if chance.random() < 0.3 else {}
        entries[mood(score, stamp, **note)] = (chance.choice((ms, ms // 1000)), float(score), ms)
    spoken = [talk(f"talk {n}", iso(NOW - (n + 1) * DAY)) for n in range(chance.randrange(4))]
    name, plan = chance.choice((("Free", "Free"), ("free", "Free"), ("Plus", "Plus"),
        ("pro", "Plus"), ("Premium", "Premium"), ("premium", "Premium")))  # fmt: skip
    conversations, active = chance.randrange(500), chance.randrange(400)
    latest = max(entries.values(), key=lambda entry: entry[2], default=(0, 0.0, None))
    return LegacyUser(
        f"user-{number}",
        {
            "conversations": str(conversations),
            "days_active": str(active),
            "mood_score": str(latest[1]),
            "recent_conversations": json.dumps(chance.sample(spoken, len(spoken))),
            "plan": name,
        },
        f"{last:%Y-%m-%d}" if number % 2 else f"{last:%a %b %d %Y}",
        {member: place for member, (place, _, _) in entries.items()},
        expected={
            "conversations": conversations,
            "days_active": max(active, len(days)),
            "mood_score": latest[1],
            "mood_updated_at": None if latest[2] is None else iso_ms(latest[2]),
            "recent_conversations": spoken,
            "plan": plan,
            "streak": _runs(days)[-1],
            "longest_streak": max(_runs(days)),
        },
        last_day=last,
    )


def _runs(days: list[date]) -> list[int]:
    """How many days in a row end at each day."""
    runs = [1]
    for before, after in pairwise(days):
        runs.append(runs[-1] + 1 if after - before == DAY else 1)
    return runs


def thousand_users() -> list[LegacyUser]:
    odd = [*broken_users(), *unusual_users()]
    return [*odd, *(ordinary(number) for number in range(1000 - len(odd)))]
