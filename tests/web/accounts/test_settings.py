"""The settings page."""

import re

import pytest
from flask import Flask
from redis import Redis

from tests.web.helpers import Browser, dump_all, field_error, log_in, poll_url

GOOD = {"name": "Alicia", "timezone": "Europe/Berlin", "day_start": "4"}


def selected(browser: Browser) -> list[str]:
    """The values that the selects of the page stand on."""
    return re.findall(r'<option value="([^"]*)" selected', browser.get("/settings").text)


def test_it_shows_who_one_is(alice: Browser) -> None:
    page = alice.get("/settings")
    assert page.status_code == 200
    assert f">{alice.user_id}</span>" in page.text
    assert "alice@example.com" in page.text
    assert 'name="name" autocomplete="name" value="Alice"' in page.text
    assert selected(alice) == ["UTC", "0"]


def test_it_saves_name_zone_and_start_of_day(alice: Browser) -> None:
    answer = alice.post("/settings", GOOD)
    assert (answer.status_code, answer.location) == (303, "/settings")
    page = alice.get("/settings")
    assert "Saved." in page.text
    assert 'value="Alicia"' in page.text
    assert selected(alice) == ["Europe/Berlin", "4"]
    assert "Saved." not in alice.get("/settings").text
    assert ", <bdi>Alicia</bdi></h1>" in alice.get("/dashboard").text


def test_it_moves_the_day_with_the_zone(alice: Browser) -> None:
    days = []
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        url = poll_url(alice.get("/dashboard"))
        alice.post("/settings", GOOD | {"timezone": zone, "day_start": "0"})
        assert alice.get(url).status_code == 200
        [day] = re.findall(r'id="today" datetime="([^"]+)"', alice.get("/dashboard").text)
        days.append(day)
    assert days[0] > days[1]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Tell us what to call you."),
        ("name", "   ", "Tell us what to call you."),
        ("name", "n" * 81, "A name needs 1 to 80 characters."),
        ("name", "a\x00b", "name holds a character that cannot be stored."),
        ("timezone", "", "Choose a time zone."),
        ("timezone", "Mars/Base", "Choose a time zone from the list."),
        ("timezone", "../UTC", "Choose a time zone from the list."),
        ("timezone", "localtime", "Choose a time zone from the list."),
        ("day_start", "", "Choose an hour."),
        ("day_start", "x", "Not a valid integer value."),
        ("day_start", "7", "A day can begin between 0 and 6 o'clock."),
        ("day_start", "-1", "A day can begin between 0 and 6 o'clock."),
        ("day_start", "9" * 100, "A day can begin between 0 and 6 o'clock."),
    ],
)
def test_it_says_beside_the_field_what_will_not_do(
    valkey: Redis, alice: Browser, field: str, value: str, sentence: str
) -> None:
    before = dump_all(valkey)
    answer = alice.post("/settings", GOOD | {field: value})
    assert answer.status_code == 422
    assert field_error(answer, field) == sentence
    assert dump_all(valkey) == before
    for name in {"name", "timezone"} - {field}:
        assert f'value="{GOOD[name]}"' in answer.text


def test_it_keeps_a_name_with_markup_as_words(alice: Browser) -> None:
    alice.post("/settings", GOOD | {"name": "<b>'A\" & \u202eB</b>"})
    for url in ("/settings", "/dashboard"):
        text = alice.get(url).text
        assert "&lt;b&gt;&#39;A&#34; &amp; \u202eB&lt;/b&gt;" in text
        assert "<b>'A" not in text


def test_it_logs_out_everywhere_else(app: Flask, alice: Browser, bob: Browser) -> None:
    others = [log_in(app, "Alice") for _ in range(2)]
    assert "in 2 other places" in alice.get("/settings").text
    answer = alice.post("/settings/sessions/revoke")
    assert (answer.status_code, answer.location) == (303, "/settings")
    page = alice.get("/settings")
    assert "logged in only here now" in page.text
    assert "Only here, as far as we can see." in page.text
    for other in others:
        assert other.get("/dashboard").status_code == 302
    assert bob.get("/dashboard").status_code == 200
