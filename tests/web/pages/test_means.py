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


def mood_tile(page: str) -> tuple[str, str]:
    """What stands above and below the mood's number."""
    tile = re.search(
        r'<dt>([^<]*)</dt>\s*<dd class="stat-value" data-stat="mood_score">.*?</dd>\s*'
        r'<dd class="caption">(.*?)</dd>',
        page,
        re.S,
    )
    assert tile
    return tile[1], text(tile[2])


@pytest.mark.parametrize("path", ["/dashboard", "/dashboard/charts", "/history"])
def test_charts_say_where_they_show_a_mean(on_12_march: Browser, path: str) -> None:
    page = on_12_march.get(path).text
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
    for day, said in (("12", "7.2, mean of 3 check-ins"), ("10", "One check-in")):
        subtitle = SUBTITLE.search(on_12_march.get(f"/history/2026-03-{day}").text)
        assert subtitle
        assert text(subtitle[1]).startswith(said)


def test_the_tile_has_the_latest_score_above_the_mean(
    on_12_march: Browser, service_client: FlaskClient
) -> None:
    page = on_12_march.get("/dashboard")
    assert mood_tile(page.text) == ("Mood today", "Mean of 3: 7.2")
    assert displayed_stats(page)["mood_score"] == "9"
    url = poll_url(page)
    service_client.patch(f"/api/mood?userId={on_12_march.user_id}", json={"score": 8.5})
    assert mood_tile(on_12_march.get(url).text) == ("Mood today", "Mean of 4: 7.5")


@pytest.mark.parametrize(
    ("scores", "below"),
    [([7], "7-day mean 7.0"), ([7, 7], "Mean of 2: 7"), ([6, 8, 7], "Mean of 3: 7")],
)
def test_the_tile_names_a_mean_of_several_alone(
    alice: Browser, service_client: FlaskClient, scores: list[float], below: str
) -> None:
    for score in scores:
        service_client.patch(f"/api/mood?userId={alice.user_id}", json={"score": score})
    assert mood_tile(alice.get("/dashboard").text) == ("Mood today", below)
