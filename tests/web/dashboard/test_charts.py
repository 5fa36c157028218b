"""The section of charts: within the page, alone, and when a page learns that it is old."""

import html
import re

from flask.testing import FlaskClient
from redis import Redis
from werkzeug.test import TestResponse

from tests.web.helpers import HTMX_HEADERS, Browser, displayed_stats, poll_url

CHATS = "/api/chat/save?userId="


def charts_url(response: TestResponse) -> str:
    """Return the address from which a page's charts ask for themselves."""
    return html.unescape(re.search(r'id="charts"[^>]* hx-get="([^"]+)"', response.text)[1])


def check_in(browser: Browser) -> None:
    assert browser.api("PATCH", "/api/mood", json={"score": 7}).status_code == 200


def test_the_page_holds_it(alice: Browser) -> None:
    check_in(alice)
    page, section = alice.get("/dashboard"), alice.get("/dashboard/charts")
    assert section.status_code == 200
    assert section.text.strip() in page.text
    assert 'hx-trigger="aira:moods from:body"' in section.text
    assert displayed_stats(section) == {}


def test_the_numbers_stand_before_it_under_a_heading(alice: Browser) -> None:
    page = alice.get("/dashboard").text
    heading = re.search(r'<h2 [^>]*id="numbers-title">Your numbers</h2>', page)
    assert heading
    last_number = page.rindex("data-stat=")
    assert heading.start() < page.index("data-stat=") < last_number < page.index('id="charts"')


def test_it_is_not_sent_while_it_stands(alice: Browser) -> None:
    url = charts_url(alice.get("/dashboard"))
    assert (alice.get(url).status_code, alice.get(url).data) == (204, b"")
    check_in(alice)
    section = alice.get(url)
    assert section.status_code == 200
    assert "1 of 3" in section.text
    assert alice.get(charts_url(section)).status_code == 204


def test_a_poll_says_when_moods_have_changed(alice: Browser) -> None:
    url = poll_url(alice.get("/dashboard"))
    check_in(alice)
    answer = alice.get(url, headers=HTMX_HEADERS)
    assert answer.headers["HX-Trigger"] == "aira:moods"
    assert "HX-Trigger" not in alice.get(poll_url(answer), headers=HTMX_HEADERS).headers


def test_a_poll_says_when_the_day_has_changed(valkey: Redis, alice: Browser) -> None:
    url = poll_url(alice.get("/dashboard"))
    yesterday = re.sub(r"-\d{8}", "-20240229", url)
    valkey.hset(alice.key("stats"), "fresh_until", 1)
    assert alice.get(yesterday, headers=HTMX_HEADERS).headers["HX-Trigger"] == "aira:moods"


def test_a_poll_does_not_ask_for_charts_that_stand(
    alice: Browser, service_client: FlaskClient
) -> None:
    url = poll_url(alice.get("/dashboard"))
    body = {"messages": [{"role": "user", "content": "Hello"}]}
    assert service_client.post(CHATS + alice.user_id, json=body).status_code == 200
    answer = alice.get(url, headers=HTMX_HEADERS)
    assert displayed_stats(answer)["conversations"] == "1"
    assert "HX-Trigger" not in answer.headers


def test_a_page_of_somebody_else_is_loaded_anew(alice: Browser, bob: Browser) -> None:
    answer = bob.get(charts_url(alice.get("/dashboard")), headers=HTMX_HEADERS)
    assert (answer.headers["HX-Refresh"], answer.data) == ("true", b"")


def test_it_is_for_members_alone(client: FlaskClient) -> None:
    assert client.get("/dashboard/charts", headers=HTMX_HEADERS).status_code == 401
    assert client.get("/dashboard/charts").status_code == 302


def test_it_keeps_no_session_alive(valkey: Redis, alice: Browser) -> None:
    [(session, stored)] = valkey.hgetall(alice.key("sessions")).items()
    made, seen, agent = stored.split(":", 2)
    old = f"{int(made) - 86_400}:{int(seen) - 86_400}:{agent}"
    valkey.hset(alice.key("sessions"), session, old)
    assert alice.get("/dashboard/charts").status_code == 200
    assert valkey.hget(alice.key("sessions"), session) == old
