"""The list of time zones: by region, with their offsets, and none that reads wrong."""

from datetime import UTC, datetime

import pytest

from stats.activity.clock import time_zones
from stats.web.templating.timezones import grouped_zones, zone_option

WINTER, SUMMER = datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "winter", "summer"),
    [
        ("Europe/Berlin", "Berlin (UTC+1)", "Berlin (UTC+2)"),
        ("Europe/London", "London (UTC)", "London (UTC+1)"),
        ("Asia/Kathmandu", "Kathmandu (UTC+5:45)", "Kathmandu (UTC+5:45)"),
        ("America/St_Johns", "St Johns (UTC−3:30)", "St Johns (UTC−2:30)"),
        (
            "America/Argentina/Buenos_Aires",
            "Buenos Aires, Argentina (UTC−3)",
            "Buenos Aires, Argentina (UTC−3)",
        ),
        ("Etc/GMT+1", "GMT+1 (UTC−1)", "GMT+1 (UTC−1)"),
        ("UTC", "UTC", "UTC"),
        ("Etc/UTC", "UTC", "UTC"),
    ],
)
def test_a_zone_says_its_place_and_its_present_offset(name: str, winter: str, summer: str) -> None:
    assert zone_option(name, WINTER) == (name, winter)
    assert zone_option(name, SUMMER) == (name, summer)


def test_regions_hold_places_that_can_be_chosen() -> None:
    groups = dict(grouped_zones(WINTER))
    names = [zone.name for zones in groups.values() for zone in zones]
    assert len(set(names)) == len(names) > 400
    assert set(names) <= time_zones()
    assert {region for region in groups if region} == {name.split("/")[0] for name in names} - {
        "UTC"
    }
    assert [zone.name for zone in groups[""]] == ["UTC"]
    for region, zones in groups.items():
        assert [zone.label for zone in zones] == sorted(zone.label for zone in zones)
        assert all(zone.name.startswith(f"{region}/") for zone in zones if region)
    assert not any("GMT" in name or name.startswith(("Etc", "US/", "SystemV")) for name in names)
