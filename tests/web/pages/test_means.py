"""A day with several check-ins: the tile shows the latest, and all says where it is a mean."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient

from tests.web.helpers import Browser, displayed_stats, poll_url

NOON = datetime(2026, 3, 12, 12, tzinfo=UTC)
LINE = re.compile(r'<a id="[^"]*" href="/history/[\d-]{10}"[^>]*>(.*?)</a>')
ROW = re.compile(r'<tr><th scope="row">(.*?)</th><td.*?>(.*?)</td>')
RECENT = re.compile(
    r'<a href="/history/2026-[^>]*>(.*?)</a>.*?recent-days-score[^>]*>(.*?)</li>', re.S
)
SUBTITLE = re.compile(r'<p class="subtitle">(.*?)</p>', re.S)
MONTH = "/history/month/2026-03"


@pytest.fixture
def on_12_march(alice: Browser, service_client: FlaskClient) -> Browser:
    """Alice with three check-ins on 12 March, two that are alike on the 11th, one on the 10th."""
    for ago, score in ((48, 4), (25, 6), (24, 6), (2, 6), (1, 6.5), (0, 9)):
        mood = {"score": score, "at": (NOON - timedelta(hours=ago)).isoformat()}
        url = f"/api/mood?userId={alice.user_id}"
        assert service_client.patch(url, json=mood).status_code == 200
    return alice


@pytest.fixture(autouse=True)
def at_noon() -> object:
    with time_machine.travel(NOON, tick=False):
        yield


def text(markup: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", markup)).strip()


def under_the_score(page: str) -> str:
    tile = re.search(r'data-stat="mood_score">.*?<dd class="caption">(.*?)</dd>', page, re.S)
    assert tile
    return text(tile[1])


@pytest.mark.parametrize("paths", [("/dashboard",), ("/dashboard/charts",), ("/history", MONTH)])
def test_charts_say_where_they_show_a_mean(on_12_march: Browser, paths: tuple[str, ...]) -> None:
    page = "".join(on_12_march.get(path).text for path in paths)
    lines = [text(line) for line in LINE.findall(page)]
    for line in (
        "Thu 12 Mar · 7.2 Good · mean of 3",
        "Wed 11 Mar · 6 All right · mean of 2",
        "Tue 10 Mar · 4 A little low",
    ):
        assert lines.count(line) == 2, "in the trend and in the year"
    rows = dict(ROW.findall(page))
    assert rows["Today"] == "7.2, mean of 3"
    assert rows["Wednesday 11 March"] == "6, mean of 2"
    assert rows["Tuesday 10 March"] == "4"
    assert "the lowest day 4, the highest day 7.2" in page


def test_the_last_days_say_where_they_show_a_mean(on_12_march: Browser) -> None:
    days = on_12_march.get("/history").text.partition('class="card recent-days"')[2]
    recent = {day: text(score) for day, score in RECENT.findall(days)}
    assert recent["Today"] == "Mood 7.2, mean of 3"
    assert recent["Tuesday 10 March"] == "Mood 4"


def test_a_days_page_says_that_it_is_a_mean(on_12_march: Browser) -> None:
    for day, said in (("12", "Mean 7.2 from 3 check-ins"), ("10", "One check-in")):
        subtitle = SUBTITLE.search(on_12_march.get(f"/history/2026-03-{day}").text)
        assert subtitle
        assert text(subtitle[1]).startswith(said)


def test_the_tile_shows_the_latest_and_says_the_mean(
    on_12_march: Browser, service_client: FlaskClient
) -> None:
    page = on_12_march.get("/dashboard")
    assert under_the_score(page.text) == "Mean of 3: 7.2"
    assert displayed_stats(page)["mood_score"] == "9"
    url = poll_url(page)
    service_client.patch(f"/api/mood?userId={on_12_march.user_id}", json={"score": 8.5})
    poll = on_12_march.get(url)
    assert under_the_score(poll.text) == "Mean of 4: 7.5"
    assert displayed_stats(poll)["mood_score"] == "8.5"


def test_the_list_says_the_same_mean_as_tile_and_charts(on_12_march: Browser) -> None:
    page = on_12_march.get("/dashboard").text
    [today] = re.findall(r"Today’s check-ins</h2><p[^>]*>([^<]*)<", page)
    assert today == under_the_score(page) == "Mean of 3: 7.2"
    assert "7.2</b> Good · mean of 3" in page


def test_one_check_in_is_no_mean(alice: Browser, service_client: FlaskClient) -> None:
    service_client.patch(f"/api/mood?userId={alice.user_id}", json={"score": 7})
    page = alice.get("/dashboard").text
    assert under_the_score(page) == "7-day mean 7.0"
    assert "Mean of" not in page
