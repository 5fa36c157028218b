"""Recent log-ins on the settings page."""

import re
from dataclasses import replace

import pytest
from flask import Flask
from redis import Redis

from app import create_app
from stats.web.accounts.recent_logins import agent_text
from tests.web.helpers import PASSWORD, Browser, Client, log_in, sign_up

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 "
ANDROID = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0"


def section(browser: Browser) -> str:
    """What the settings page says of log-ins, as plain text."""
    match = re.search(
        r'<section[^>]* id="security".*?</section>', browser.get("/settings").text, re.S
    )
    return " ".join(re.sub("<[^>]+>", " ", match[0]).split())


def fail(app: Flask, **kwargs: str) -> None:
    browser = Browser(app)
    wrong = {"email": "alice@example.com", "password": "not this one"}
    assert browser.post("/login", wrong, **kwargs).status_code == 422


def test_it_tells_of_log_ins_in_words(app: Flask, alice: Browser) -> None:
    visitor = Browser(app)
    data = {"email": "alice@example.com", "password": PASSWORD}
    visitor.post("/login", data, headers={"User-Agent": FIREFOX})
    said = section(visitor)
    assert "Password Firefox on Linux, 127.0.0.1" in said
    assert "Signed up An unknown browser, 127.0.0.1" in said
    assert "Tries that failed" not in said
    assert "You log in with a password only." in said


def test_it_tells_of_failed_tries_apart(app: Flask, alice: Browser) -> None:
    for _ in range(7):
        fail(app, headers={"User-Agent": "curl/8.0"})
    said = section(alice)
    assert said.count("Wrong password curl, 127.0.0.1") == 5
    assert said.count("Signed up") == 1


def test_it_shows_the_last_ten(app: Flask, alice: Browser) -> None:
    for _ in range(11):
        log_in(app, "Alice")
    said = section(alice)
    assert said.count("Password An") == 10
    assert "Signed up" not in said


def test_it_shows_times_of_the_members_zone(app: Flask, valkey: Redis) -> None:
    ada = sign_up(app, "Ada", timezone="Asia/Tokyo")
    valkey.delete(ada.key("logins"))
    entry = "1893423600000000 password 192.0.2.1 agent"
    valkey.zadd(ada.key("logins"), {entry: 1893423600})
    assert "31 December 2029, 23:00" not in section(ada)
    assert "1 January 2030, 00:00" in section(ada)


def test_others_see_none_of_it(app: Flask, alice: Browser, bob: Browser) -> None:
    fail(app)
    assert "Wrong password" in section(alice)
    assert "Wrong password" not in section(bob)


def test_what_an_agent_says_executes_nothing(app: Flask, alice: Browser) -> None:
    fail(app, headers={"User-Agent": "<script>alert(1)</script> Firefox"})
    page = alice.get("/settings").text
    assert "<script>alert" not in page
    assert "Wrong password Firefox," in section(alice)


def test_a_sample_has_a_list_without_two_factor(app: Flask, valkey: Redis) -> None:
    open_to_all = create_app(replace(app.extensions["aira"].base_settings, redis_url=None), valkey)
    open_to_all.test_client_class = Client
    robin = Browser(open_to_all)
    robin.post("/sample")
    assert "wo-factor" not in section(robin)


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (FIREFOX, "Firefox on Linux"),
        (MAC + "Version/18.0 Safari/605.1.15", "Safari on macOS"),
        (WINDOWS + "Safari/537.36", "Chrome on Windows"),
        (WINDOWS + "Safari/537.36 Edg/140.0", "Edge on Windows"),
        (WINDOWS + "Safari/537.36 OPR/120.0", "Opera on Windows"),
        (ANDROID, "Chrome on Android"),
        (IPHONE + " Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        (IPHONE + " FxiOS/140.0 Mobile/15E148 Safari/605.1.15", "Firefox on iPhone"),
        ("curl/8.5.0", "curl"),
        ("Something (Windows NT 10.0)", "Windows"),
        ("", "An unknown browser"),
        ("Werkzeug/3.1.0", "An unknown browser"),
    ],
)
def test_it_names_browsers(app: Flask, agent: str, said: str) -> None:
    with app.test_request_context():
        assert agent_text(agent) == said
