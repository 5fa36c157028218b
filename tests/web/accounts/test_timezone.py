"""The time zone: taken from the press of a sign-in link, offered on the dashboard, or chosen."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from stats.user_stats import open_stats
from tests.web.helpers import Browser, form_token, sign_up


def come_by_link(app: Flask, service_client: FlaskClient, user_id: str, timezone: str) -> Browser:
    """Press the button of a new sign-in link in a browser that is in this time zone."""
    service_client.post("/api/login", query_string={"userId": user_id})
    url = service_client.post(f"/api/users/{user_id}/link").get_json()["url"]
    browser, path = Browser(app), "/login/link/" + url.rpartition("/")[2]
    page = browser.get(path)
    assert 'name="timezone" data-detect-timezone' in page.text
    form = {"csrf_token": form_token(page), "timezone": timezone}
    assert browser.client.post(path, data=form).status_code == 302
    browser.user_id = user_id
    return browser


def clock(valkey: Redis, browser: Browser) -> tuple[str, int]:
    return tuple(open_stats(valkey, browser.user_id, create=False).clock)


def test_it_takes_the_zone_of_the_first_press_and_no_later_one(
    app: Flask, service_client: FlaskClient, valkey: Redis
) -> None:
    for timezone in ("Asia/Tokyo", "Europe/Berlin"):
        browser = come_by_link(app, service_client, "u", timezone)
        assert clock(valkey, browser) == ("Asia/Tokyo", 0)


@pytest.mark.parametrize("timezone", ["", "Mars/Olympus", "../etc/passwd"])
def test_it_chooses_nothing_for_a_zone_that_is_none(
    app: Flask, service_client: FlaskClient, valkey: Redis, timezone: str
) -> None:
    browser = come_by_link(app, service_client, "u", timezone)
    assert clock(valkey, browser) == ("UTC", 0)
    browser = come_by_link(app, service_client, "u", "Asia/Tokyo")
    assert clock(valkey, browser) == ("Asia/Tokyo", 0)


def test_it_keeps_the_zone_that_its_user_chose(
    app: Flask, service_client: FlaskClient, valkey: Redis
) -> None:
    alice = sign_up(app, "Alice", timezone="America/Lima")
    come_by_link(app, service_client, alice.user_id, "Asia/Tokyo")
    assert clock(valkey, alice) == ("America/Lima", 0)


def test_it_takes_the_first_press_of_whoever_signed_up_without_a_zone(
    app: Flask, service_client: FlaskClient, valkey: Redis
) -> None:
    alice = sign_up(app, "Alice")
    come_by_link(app, service_client, alice.user_id, "Asia/Tokyo")
    assert clock(valkey, alice) == ("Asia/Tokyo", 0)


def test_it_takes_the_zone_that_the_dashboard_offers_and_keeps_the_start_of_day(
    alice: Browser, valkey: Redis
) -> None:
    form = {"name": "Alice", "timezone": "Europe/Berlin", "day_start": "4"}
    alice.post("/settings", form)
    answer = alice.post("/settings/timezone", {"timezone": "America/Argentina/Buenos_Aires"})
    assert (answer.status_code, answer.location) == (303, "/dashboard")
    assert "Your days follow the time in Buenos Aires now." in alice.get("/dashboard").text
    assert clock(valkey, alice) == ("America/Argentina/Buenos_Aires", 4)


def test_it_refuses_an_offered_zone_that_is_none(alice: Browser, valkey: Redis) -> None:
    for timezone in ("", "Mars/Olympus"):
        assert alice.post("/settings/timezone", {"timezone": timezone}).status_code == 400
    assert clock(valkey, alice) == ("UTC", 0)


def test_it_changes_no_zone_without_a_token(alice: Browser, valkey: Redis) -> None:
    answer = alice.client.post("/settings/timezone", data={"timezone": "Asia/Tokyo"})
    assert answer.status_code == 400
    assert clock(valkey, alice) == ("UTC", 0)


def test_settings_offer_places_by_region_with_their_offset(alice: Browser) -> None:
    page = alice.get("/settings").text
    assert re.search(r'<optgroup label="Asia">.*<option value="Asia/Tokyo">Tokyo \(UTC\+9\)', page)
    assert '<option value="UTC" selected>UTC</option>' in page
    assert "GMT+1" not in page


@pytest.mark.parametrize(
    ("zone", "label"),
    [("Etc/GMT+1", "GMT+1 (UTC−1)"), ("Asia/Calcutta", "Calcutta (UTC+5:30)")],
)
def test_settings_keep_a_zone_that_is_offered_no_more(
    alice: Browser, valkey: Redis, zone: str, label: str
) -> None:
    form = {"name": "Alice", "timezone": zone, "day_start": "0"}
    assert alice.post("/settings", form).status_code == 303
    page = alice.get("/settings").text
    assert f'<option value="{zone}" selected>{label}</option>' in page
    assert page.count(" selected>") == 2, "the zone, and the start of the day"
    assert "no longer a time zone" not in page
    assert alice.post("/settings", form).status_code == 303
    assert clock(valkey, alice) == (zone, 0)


def test_it_shows_every_page_to_whoever_has_a_zone_that_has_gone(
    alice: Browser, valkey: Redis
) -> None:
    valkey.hset(alice.key("stats"), "timezone", "Mars/Olympus")
    for path in ("/dashboard", "/history", "/settings", "/plans", "/conversations"):
        assert alice.get(path).status_code == 200, path
    assert "Mars/Olympus is no longer a time zone" in alice.get("/settings").text
    answer = alice.post(
        "/settings", {"name": "Alice", "timezone": "Mars/Olympus", "day_start": "0"}
    )
    assert answer.status_code == 422
