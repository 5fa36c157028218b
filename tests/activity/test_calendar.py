"""The calendar: what a day was stays, whatever time zone or start of day comes later."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from stats.accounts.profile import update_profile
from stats.activity.calendar import Calendar, EarlierClock
from stats.activity.clock import Clock
from stats.lib.timestamps import EPOCH, milliseconds
from stats.moods.entries import record_mood
from stats.moods.history import read_history
from stats.user_stats import create_user_stats, open_stats

TOKYO, BERLIN, PAGO = Clock("Asia/Tokyo"), Clock("Europe/Berlin"), Clock("Pacific/Pago_Pago")
NOON = datetime(2026, 3, 12, 12, tzinfo=UTC)


def calendar(db, user_id="alice"):
    return open_stats(db, user_id, create=False).calendar


def move(db, clock):
    update_profile(db, "alice", name="Alice", clock=clock)


def test_it_keeps_twenty_days_of_tokyo_in_berlin(db):
    """Seen by clocks in Berlin, the evenings and the mornings of Tokyo share a day."""
    begins = datetime(2026, 3, 1, 22, tzinfo=UTC)
    with time_machine.travel(begins, tick=False) as traveller:
        create_user_stats(db, "alice")
        move(db, TOKYO)
        for day in range(20):
            traveller.move_to(begins + timedelta(days=day, hours=5 * (day % 2)))
            record_mood(db, "alice", 7)
        days, activity = read_history(db, "alice", calendar(db), date(2026, 1, 1))
        move(db, BERLIN)
        assert read_history(db, "alice", calendar(db), date(2026, 1, 1)) == (days, activity)
        assert len(days) == 20
        assert days.keys() <= activity.active
        assert open_stats(db, "alice").streak == 21


def test_it_starts_a_day_elsewhere_from_then_on(db):
    night = datetime(2026, 3, 12, 1, tzinfo=UTC)
    with time_machine.travel(night, tick=False) as traveller:
        create_user_stats(db, "alice")
        record_mood(db, "alice", 3)
        traveller.shift(60)
        move(db, Clock("UTC", 4))
        record_mood(db, "alice", 5)
        moods, _ = read_history(db, "alice", calendar(db), date(2026, 1, 1))
    assert moods == {date(2026, 3, 12): [3.0], date(2026, 3, 11): [5.0]}


def test_it_keeps_the_clocks_in_their_order_and_no_more_than_a_hundred(db):
    create_user_stats(db, "alice")
    with time_machine.travel(NOON, tick=False) as traveller:
        for change in range(130):
            traveller.shift(60)
            move(db, Clock("UTC", change % 7))
            move(db, Clock("UTC", change % 7))
    earlier = calendar(db).earlier
    assert len(earlier) == 100
    assert [period.until for period in earlier] == sorted(period.until for period in earlier)
    assert [period.clock.day_start for period in earlier[-3:]] == [0, 1, 2]


def test_it_knows_the_clock_of_each_moment():
    at = milliseconds(NOON)
    days = Calendar(BERLIN, (EarlierClock(at, TOKYO), EarlierClock(at + 1000, PAGO)))
    clocks = [days.clock_at(moment) for moment in (0, at - 1, at, at + 999, at + 1000)]
    assert clocks == [TOKYO, TOKYO, PAGO, PAGO, BERLIN]


@pytest.mark.parametrize("clock", [TOKYO, BERLIN, PAGO, Clock("UTC", 6)])
def test_it_holds_every_moment_of_a_day_between_its_bounds(clock):
    change = EarlierClock(milliseconds(NOON), clock)
    days = Calendar(BERLIN, (change,))
    for hour in range(-72, 72):
        moment = NOON + timedelta(hours=hour)
        day = days.day_at(moment)
        assert days.begins(day) <= moment < days.ends(day)


def test_it_finds_the_last_second_of_a_day_that_is_over():
    days = Calendar(BERLIN)
    assert EPOCH + timedelta(milliseconds=days.last_moment(date(2026, 3, 11), NOON)) == datetime(
        2026, 3, 11, 22, 59, 59, tzinfo=UTC
    )
    assert days.last_moment(date(2026, 3, 12), NOON) is None
    assert days.last_moment(date(2026, 3, 13), NOON) is None


def test_it_finds_no_moment_in_a_day_that_was_never_lived():
    """From Pago Pago to Kiritimati, 25 hours ahead, there is no 13 March."""
    change = datetime(2026, 3, 13, 10, 30, tzinfo=UTC)
    days = Calendar(Clock("Pacific/Kiritimati"), (EarlierClock(milliseconds(change), PAGO),))
    now = change + timedelta(days=2)
    assert days.day_at(change - timedelta(seconds=1)) == date(2026, 3, 12)
    assert days.day_at(change) == date(2026, 3, 14)
    assert days.last_moment(date(2026, 3, 13), now) is None
    assert days.same_time_on(date(2026, 3, 13), now) is None
    assert days.day_of(days.same_time_on(date(2026, 3, 12), now)) == date(2026, 3, 12)


def test_it_reads_a_zone_that_has_gone_in_utc(caplog):
    assert Clock("Mars/Olympus").zone.key == "UTC"
    assert [record.message for record in caplog.records] == [
        "time zone 'Mars/Olympus' is not in the zone database: its days are read in UTC"
    ]
