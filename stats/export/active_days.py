"""Two accounts of the days on which somebody was active, made one that neither contradicts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from stats.activity.streak import is_forgivable, streak_on
from stats.lib.timestamps import DAY


class Run(NamedTuple):
    """A streak as of its last active day, with the last missed day that was forgiven."""

    streak: int
    last_day: date | None
    forgiven: date | None

    def stands(self, today: date) -> int:
        """Return what is left of the streak today."""
        return streak_on(self.streak, self.last_day, self.forgiven, today)


@dataclass(frozen=True, slots=True)
class ActiveDays:
    """The days that are known and what was counted, which may be more: some days are not known."""

    days: frozenset[date]
    days_active: int
    longest_streak: int
    run: Run

    @property
    def unknown(self) -> int:
        """How many days were counted and are not known."""
        return max(self.days_active - len(self.days), 0)


def merge(here: ActiveDays, archived: ActiveDays, today: date) -> ActiveDays:
    """Return what both say together; `today` is the user's day.

    No figure is lower than before, and merging the same again changes nothing.
    """
    days = here.days | archived.days
    # Of runs that are worth the same, the one that the days themselves tell comes first.
    histories = [list(_follow(run, sorted(days))) for run in (NO_RUN, here.run, archived.run)]
    run = _best([history[-1] for history in histories], today)
    if run.stands(today) < here.run.stands(today):
        # The file has a day to come here (it was another zone's), and today is not over yet.
        run = run._replace(streak=here.run.streak)
    streaks = [run.streak for history in histories for run in history]
    return ActiveDays(
        days=days,
        days_active=len(days) + max(here.unknown, archived.unknown),
        longest_streak=max(here.longest_streak, archived.longest_streak, *streaks),
        run=run,
    )


NO_RUN = Run(0, None, None)


def _best(runs: list[Run], today: date) -> Run:
    """Return the run that is worth most today, of those that end last."""
    last_day = max((run.last_day for run in runs if run.last_day), default=None)
    return max(
        (run for run in runs if run.last_day == last_day),
        key=lambda run: (run.stands(today), run.streak),
    )


def _follow(run: Run, days: Iterable[date]) -> Iterator[Run]:
    """Yield a run and what becomes of it on each later day, as logging in on them would have it."""
    yield run
    for day in days:
        if run.last_day is None or day > run.last_day:
            run = _next(run, day)
            yield run


def _next(run: Run, day: date) -> Run:
    yesterday = day - DAY
    if run.last_day == yesterday:
        return Run(run.streak + 1, day, run.forgiven)
    if run.last_day == yesterday - DAY and is_forgivable(yesterday, run.forgiven):
        return Run(run.streak + 1, day, yesterday)
    return Run(1, day, run.forgiven)
