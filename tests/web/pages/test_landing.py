"""The landing page: the product's year, drawn from the sample's data."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from redis import Redis

from app import create_app
from stats.sample.landing_year import sample_year
from tests.web.helpers import Browser, remaining_keys

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
YEAR = re.compile(r'<section class="card year">.*?</section>', re.S)
CELLS = re.compile(r"<a>(.*?)</a>")


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def year(browser: Browser) -> str:
    match = YEAR.search(browser.get("/").text)
    assert match
    return match[0]


def test_it_draws_a_counted_year_and_makes_no_account(app: Flask, valkey: Redis) -> None:
    drawn = year(Browser(app))
    assert "<h2>A year of evenings</h2>" in drawn
    cells = CELLS.findall(drawn)
    assert len(cells) == 365
    assert cells.count("Tue 1 Dec · Not logged") == 0, "it ends with an evening"
    logged = [cell for cell in cells if "Not logged" not in cell]
    assert 280 <= len(logged) <= 340
    assert f"Sample data · {len(logged)} of 365 days</p>" in drawn
    assert remaining_keys(valkey) == []


def test_its_squares_lead_to_no_page_and_take_no_focus(app: Flask) -> None:
    drawn = year(Browser(app))
    assert "href=" not in drawn
    assert "tabindex" not in drawn
    assert 'role="grid"' not in drawn


def test_everybody_sees_the_same_year_on_a_day(
    app: Flask, valkey: Redis, clock: time_machine.Traveller
) -> None:
    seen = year(Browser(app))
    sample_year.cache_clear()  # as in another worker
    other = create_app(app.extensions["aira"].base_settings, valkey)
    clock.move_to(NOON + timedelta(hours=11))
    assert year(Browser(other)) == seen
    clock.move_to(NOON + timedelta(hours=12))
    tomorrow = year(Browser(other))
    assert "Wed 2 Dec" in tomorrow
    assert len(CELLS.findall(tomorrow)) == 365


def test_log_in_stands_in_the_header_and_the_sample_is_a_button(app: Flask, valkey: Redis) -> None:
    header, _, rest = Browser(app).get("/").text.partition("</header>")
    assert re.search(r'<a [^>]*href="/login">Log in</a>', header)
    assert "/login" not in rest
    embedded = create_app(replace(app.extensions["aira"].base_settings, redis_url=None), valkey)
    page = Browser(embedded).get("/").text
    assert '<button class="button" type="submit">Look around with sample data</button>' in page
