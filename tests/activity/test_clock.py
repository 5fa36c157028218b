"""Which day it is for a user: every zone, every hour at which a day can begin."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.activity.clock import Clock, check_clock, day_begins, time_zones, user_day
from stats.errors import InvalidInput

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
ZONES = sorted(time_zones())
CLOCKS = st.builds(Clock, st.sampled_from(ZONES), st.integers(0, 6))
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def holds(clock: Clock, now: datetime) -> bool:
    """Whether a moment lies within the user's day that it is said to belong to."""
    day = user_day(clock, now)
    return day_begins(clock, day) <= now < day_begins(clock, day + DAY)


@cache
def shifts(zone: str, year: int = 2026) -> tuple[datetime, ...]:
    """The moments of a year at which a zone's clocks are moved."""
    changes, hour = [], timedelta(hours=1)
    local = ZoneInfo(zone)
    for day in range(0, 366, 2):
        low = datetime(year, 1, 1, tzinfo=UTC) + day * DAY
        high = low + 2 * DAY
        before = low.astimezone(local).utcoffset()
        if high.astimezone(local).utcoffset() == before:
            continue
        while high - low > hour:
            middle = low + (high - low) / 2
            middle = middle.replace(minute=0, second=0, microsecond=0)
            if middle.astimezone(local).utcoffset() == before:
                low = middle
            else:
                high = middle
        changes.append(high)
    return tuple(changes)


@given(CLOCKS, MOMENTS)
def test_it_puts_each_moment_into_its_day(clock, now):
    assert holds(clock, now)


@given(CLOCKS, st.dates(date(2024, 1, 1), date(2037, 1, 1)), st.integers(-2, 2))
def test_it_changes_the_day_exactly_when_the_day_begins(clock, day, hours):
    begins = day_begins(clock, day)
    assert user_day(clock, begins) == day
    assert user_day(clock, begins - INSTANT) == day - DAY
    assert holds(clock, begins + timedelta(hours=hours))


@given(CLOCKS, st.dates(date(2024, 1, 1), date(2037, 1, 1)))
def test_it_makes_days_of_about_a_day(clock, day):
    length = day_begins(clock, day + DAY) - day_begins(clock, day)
    assert timedelta(hours=20) <= length <= timedelta(hours=28)


@pytest.mark.parametrize("day_start", range(7))
def test_it_holds_around_every_moving_of_the_clocks(day_start):
    wrong = {
        zone
        for zone in ZONES
        for shift in shifts(zone)
        for quarter in range(-20, 21)
        if not holds(Clock(zone, day_start), shift + quarter * timedelta(minutes=15))
    }
    assert wrong == set()


def test_it_finds_the_moving_of_the_clocks():
    """The test above would hold for no zones at all."""
    assert shifts("Europe/Berlin") == (at("2026-03-29T01:00Z"), at("2026-10-25T01:00Z"))
    assert shifts("Asia/Tokyo") == ()
    assert len({shifts(zone) for zone in ZONES}) > 10


@pytest.mark.parametrize("zone", ["Etc/GMT-14", "Pacific/Kiritimati", "Etc/GMT+12", "UTC"])
@pytest.mark.parametrize("day_start", range(7))
def test_it_begins_the_day_at_the_hour_set_in_the_farthest_zones(zone, day_start):
    clock = Clock(zone, day_start)
    begins = datetime(2026, 3, 12, day_start, tzinfo=ZoneInfo(zone))
    assert day_begins(clock, date(2026, 3, 12)) == begins
    assert user_day(clock, begins.astimezone(UTC)) == date(2026, 3, 12)
    assert user_day(clock, begins.astimezone(UTC) - INSTANT) == date(2026, 3, 11)


def test_it_is_three_days_at_once_on_earth():
    now = at("2026-03-12T11:30Z")
    zones = ("Etc/GMT+12", "UTC", "Etc/GMT-14")
    assert [user_day(Clock(zone), now).day for zone in zones] == [11, 12, 13]


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-03-29T01:59:59+01:00", 28),  # the next second is 03:00 already
        ("2026-03-29T03:00:00+02:00", 29),
        ("2026-10-25T01:59:59+02:00", 24),  # the hour from 02:00 comes twice
        ("2026-10-25T02:00:00+02:00", 25),
        ("2026-10-25T02:00:00+01:00", 25),
        ("2026-10-25T02:59:59+01:00", 25),
    ],
)
def test_it_lets_daylight_saving_move_no_day_back(now, day):
    assert user_day(Clock("Europe/Berlin", 2), at(now)).day == day


def test_it_begins_a_day_after_the_gap_where_its_hour_is_left_out():
    assert day_begins(Clock("Europe/Berlin", 2), date(2026, 3, 29)) == at("2026-03-29T01:00Z")
    assert day_begins(Clock("Africa/Cairo", 0), date(2026, 4, 24)) == at("2026-04-23T22:00Z")


def test_it_asks_for_no_particular_zone_of_the_moment():
    now, clock = at("2026-03-12T23:30:00-05:00"), Clock("Asia/Tokyo", 3)
    assert user_day(clock, now) == user_day(clock, now.astimezone(UTC)) == date(2026, 3, 13)


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT-14"]
)
@pytest.mark.parametrize("day_start", [0, 6])
def test_it_takes_a_zone_and_an_hour(zone, day_start):
    assert check_clock(zone, day_start) == Clock(zone, day_start)
    assert check_clock(zone) == Clock(zone, 0)


@pytest.mark.parametrize(
    "zone",
    [
        "",
        "Mars/Base",
        "europe/berlin",
        "../etc/passwd",
        "/etc/localtime",
        "localtime",
        "a\0b",
        "+1",
    ],
)
def test_it_refuses_other_zones(zone):
    with pytest.raises(InvalidInput) as refused:
        check_clock(zone)
    assert refused.value.field == "timezone"


@pytest.mark.parametrize("day_start", [-1, 7, 24])
def test_it_refuses_other_hours(day_start):
    with pytest.raises(InvalidInput) as refused:
        check_clock("UTC", day_start)
    assert refused.value.field == "day_start"


def test_it_knows_where_people_live():
    assert len(ZONES) > 400
    assert {"Europe/London", "America/New_York", "Asia/Kolkata", "Pacific/Chatham"} <= set(ZONES)
