"""Time zones as text, and the list from which one is chosen."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import NamedTuple

from stats.activity.clock import Clock, time_zones

MINUTE = timedelta(minutes=1)


class ZoneOption(NamedTuple):
    """A time zone as it is offered: its IANA name, and `Berlin (UTC+1)`."""

    name: str
    label: str


def place_name(timezone: str) -> str:
    """Return the place that an IANA name ends with: `Buenos Aires`."""
    return timezone.rpartition("/")[2].replace("_", " ")


def zone_option(timezone: str, now: datetime) -> ZoneOption:
    """Return a zone with its places, the smallest first, and its offset at an aware moment."""
    places = ", ".join(reversed(timezone.split("/")[1:] or [timezone])).replace("_", " ")
    offset = offset_text(timezone, now)
    return ZoneOption(timezone, places if places == offset else f"{places} ({offset})")


def offset_text(timezone: str, now: datetime) -> str:
    """Return a zone's offset at an aware moment: `UTC`, `UTC+1`, `UTC−3:30`."""
    minutes = (now.astimezone(Clock(timezone).zone).utcoffset() or timedelta()) // MINUTE
    hours, rest = divmod(abs(minutes), 60)
    sign = "−" if minutes < 0 else "+"
    return "UTC" + (f"{sign}{hours}" + (f":{rest:02}" if rest else "") if minutes else "")


def grouped_zones(now: datetime) -> list[tuple[str, Sequence[ZoneOption]]]:
    """Return the zones to choose from by region, each with its offset at an aware moment.

    The last region, "", holds UTC, which lies in none.
    """
    return [
        (region, sorted((zone_option(name, now) for name in names), key=lambda zone: zone.label))
        for region, names in groupby(_offered(), key=_region)
    ]


def _region(name: str) -> str:
    return name.partition("/")[0] if "/" in name else ""


@cache
def _offered() -> tuple[str, ...]:
    """Return the names of the zones in which people live, sorted, and UTC.

    zone.tab has one for each place and country: no older names, and none like Etc/GMT+1, whose
    sign is turned round (https://data.iana.org/time-zones/theory.html#naming).
    """
    rows = (files("tzdata") / "zoneinfo" / "zone.tab").read_text().splitlines()
    names = {row.split("\t")[2] for row in rows if not row.startswith("#")}
    return (*sorted(names & time_zones()), "UTC")
