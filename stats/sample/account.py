"""The sample account, with a generated year, for visitors who only look around."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from math import exp
from random import Random

from stats.accounts.email_address import SAMPLE_HOST
from stats.accounts.sessions import Login, new_session
from stats.accounts.sign_up import new_login
from stats.activity.clock import Clock, day_begins, user_day
from stats.export.archive_format import (
    Archive,
    ArchivedConversation,
    ArchivedMood,
    ArchivedProfile,
    ArchivedRecent,
    ArchivedStats,
)
from stats.export.restore import restore
from stats.lib.timestamps import DAY
from stats.sample.cleanup import note_sample
from stats.sample.tags import conversation_tags, sample_tags
from stats.sample.texts import BRIGHT, LOW, PLAIN, Note, SampleConversation, sample_conversations
from stats.store.client import Db

NAME = "Robin"
DAYS = 365
CONVERSATION_COUNT = 140
MEAN_SCORE = 6.4
# What is added from Monday to Sunday.
WEEK = (-0.9, -0.3, 0.0, 0.1, 0.6, 0.9, 0.2)
# The low patch: its middle (the last week of January), its depth, its width in days.
WINTER, DEPTH, WIDTH = 27, 2.6, 18
SATURDAY = 5


def make_sample(db: Db, clock: Clock, agent: str = "") -> Login:
    """Make a throw-away account with its session, in one step; nobody can log in to it again."""
    login, now = new_login(), datetime.now(UTC)
    note_sample(db, login.user_id)
    restore(
        db,
        login.user_id,
        make_year(Random(), clock, now),  # noqa: S311 - nothing secret comes of it
        create_day=user_day(clock, now).isoformat(),
        account={"email": f"sample-{login.user_id}@{SAMPLE_HOST}", "sample": 1},
        sessions={login.session_id: new_session(agent).store()},
    )
    return login


def make_year(random: Random, clock: Clock, now: datetime) -> Archive:
    """Return a year that ends on the user's day of `now`, with no mood on that day yet, and one on
    the evening before."""
    today = user_day(clock, now)
    runs = list(_runs(random))
    days = _active_days(runs, today)
    conversations = _conversations(random, clock, days[:-1])
    return Archive(
        account=ArchivedProfile(
            NAME, clock.timezone, clock.day_start, _at(random, clock, days[0], 8, 9)
        ),
        stats=ArchivedStats(
            conversations=len(conversations),
            days_active=len(days),
            streak=runs[0][0],
            longest_streak=max(run for run, _ in runs),
            last_login=today,
            recent_conversations=[_recent(conversation) for conversation in conversations[-3:]],
        ),
        days=frozenset(days),
        moods=[mood for day in days[:-1] for mood in _moods(random, clock, day, today)],
        conversations=conversations,
    )


def _runs(random: Random) -> Iterator[tuple[int, int]]:
    """Yield days in a row and the days missed before them, newest first.

    At least two are missed, so that every streak ends where it seems to.
    """
    yield random.randint(18, 22), 2
    longest, length = random.randint(2, 5), random.randint(38, 42)
    for number in range(1, 40):
        row = length if number == longest else random.randint(9, 17)
        yield row, random.randint(2, 3)


def _active_days(runs: Sequence[tuple[int, int]], today: date) -> list[date]:
    """Return the active days of the year up to `today`, oldest first."""
    active_days = itertools.chain.from_iterable([True] * row + [False] * gap for row, gap in runs)
    year = itertools.islice(active_days, DAYS)
    return [today - back * DAY for back, active in enumerate(year) if active][::-1]


def _at(random: Random, clock: Clock, day: date, first: int, last: int) -> datetime:
    """Return a moment on a user's day between two hours after it began."""
    return day_begins(clock, day) + timedelta(seconds=random.randint(first * 3600, last * 3600))


def _moods(random: Random, clock: Clock, day: date, today: date) -> Iterator[ArchivedMood]:
    """Yield the entries of a day: mostly one in the evening, now and then one before or none."""
    if random.random() < 0.1:
        yield ArchivedMood(_at(random, clock, day, 7, 10), _score(random, day))
    if random.random() < 0.96 or day == today - DAY:
        score = _score(random, day)
        note = _note(random, score) if random.random() < 0.22 else Note("")
        tags = sample_tags(
            random, score - MEAN_SCORE, is_workday=day.weekday() < SATURDAY, said=note.tags
        )
        yield ArchivedMood(_at(random, clock, day, 18, 22), score, note.text, tags)


def _score(random: Random, day: date) -> float:
    from_winter = (day.timetuple().tm_yday - WINTER + 182) % 365 - 182
    patch = DEPTH * exp(-((from_winter / WIDTH) ** 2))
    score = random.gauss(MEAN_SCORE + WEEK[day.weekday()] - patch, 0.9)
    return min(max(round(score * 2) / 2, 1.0), 10.0)


def _note(random: Random, score: float) -> Note:
    return random.choice(BRIGHT if score >= 7.5 else LOW if score < 5 else PLAIN)


def _conversations(
    random: Random, clock: Clock, days: Sequence[date]
) -> list[ArchivedConversation]:
    """Return conversations on some of these days, oldest first; no text twice in thirty."""
    times = sorted(
        _at(random, clock, day, 7, 22) for day in random.choices(days, k=CONVERSATION_COUNT)
    )
    texts = random.sample(sample_conversations(), len(sample_conversations()))
    return [
        _conversation(f"sample-{number:03}", sample, at)
        for number, (sample, at) in enumerate(zip(itertools.cycle(texts), times, strict=False), 1)
    ]


def _conversation(chat_id: str, sample: SampleConversation, at: datetime) -> ArchivedConversation:
    roles = itertools.cycle(("user", "assistant"))
    messages = [
        {"role": role, "content": turn} for role, turn in zip(roles, sample.turns, strict=False)
    ]
    tags = conversation_tags((sample.title, sample.summary, *sample.turns))
    return ArchivedConversation(chat_id, sample.title, sample.summary, at, messages, tags)


def _recent(conversation: ArchivedConversation) -> ArchivedRecent:
    return ArchivedRecent(conversation.saved_at, conversation.summary, conversation.chat_id)
