"""Sign-up: who gets in, who does not and why."""

import pytest
from flask import Flask
from redis import Redis

from tests.web.helpers import (
    PASSWORD,
    Browser,
    displayed_stats,
    field_error,
    log_in,
    remaining_keys,
    sign_up,
)

TYPED = {"name": "Alice <3", "email": "alice@example.com", "password": PASSWORD}


def test_it_makes_an_account_and_logs_in(app: Flask) -> None:
    visitor = Browser(app)
    answer = visitor.post("/signup", TYPED | {"timezone": "Europe/Berlin"})
    assert (answer.status_code, answer.location) == (302, "/dashboard")
    page = visitor.get("/dashboard")
    assert "Alice &lt;3" in page.text
    expected = {"conversations": "0", "mood_score": "—", "days_active": "1", "streak": "1"}
    assert displayed_stats(page).items() >= (expected | {"plan": "Free"}).items()
    assert 'value="Europe/Berlin" selected' in visitor.get("/settings").text


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../etc/passwd"])
def test_it_keeps_nobody_out_by_an_odd_time_zone(app: Flask, zone: str) -> None:
    assert 'value="UTC" selected' in sign_up(app, "Alice", timezone=zone).get("/settings").text


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Tell us what to call you."),
        ("name", "   ", "Tell us what to call you."),
        ("name", "n" * 81, "A name needs 1 to 80 characters."),
        ("name", "a\x00b", "name holds a character that cannot be stored."),
        ("email", "", "Enter your e-mail address."),
        ("email", "alice", "This is not an e-mail address."),
        ("email", "alice@@example.com", "This is not an e-mail address."),
        ("email", "{alice}\n@example.com", "This is not an e-mail address."),
        ("password", "", "Choose a password."),
        ("password", "seven77", "A password needs 8 to 128 characters."),
        ("password", "p" * 129, "A password needs 8 to 128 characters."),
        ("password", "passwo\x00rd", "password holds a character that cannot be stored."),
    ],
)
def test_it_says_beside_the_field_what_will_not_do(
    app: Flask, valkey: Redis, field: str, value: str, sentence: str
) -> None:
    typed = TYPED | {field: value}
    answer = Browser(app).post("/signup", typed)
    assert answer.status_code == 422
    assert field_error(answer, field) == sentence
    if field != "name":
        assert 'value="Alice &lt;3"' in answer.text
    if field != "email":
        assert 'value="alice@example.com"' in answer.text
    assert PASSWORD not in answer.text
    assert remaining_keys(valkey) == []


def test_it_says_all_that_will_not_do_at_once(app: Flask, valkey: Redis) -> None:
    typed = {"name": "n" * 81, "email": "alice", "password": "short"}
    answer = Browser(app).post("/signup", typed)
    assert {field: field_error(answer, field) for field in typed} == {
        "name": "A name needs 1 to 80 characters.",
        "email": "This is not an e-mail address.",
        "password": "A password needs 8 to 128 characters.",
    }
    assert remaining_keys(valkey) == []


@pytest.mark.parametrize("email", ["alice@example.com", "Alice@EXAMPLE.com"])
def test_it_refuses_an_address_that_has_an_account(
    app: Flask, valkey: Redis, alice: Browser, email: str
) -> None:
    before = valkey.keys()
    answer = Browser(app).post("/signup", TYPED | {"email": email})
    assert answer.status_code == 422
    assert "account with this e-mail address already" in field_error(answer, "email")
    assert sorted(valkey.keys()) == sorted(before)


@pytest.mark.parametrize("password", ["8 chars!", "ß" * 128, "😀" * 128, "  spaces stay  "])
def test_it_takes_any_password_of_8_to_128_characters(app: Flask, password: str) -> None:
    sign_up(app, "Alice", password=password)
    assert log_in(app, "Alice", password=password).get("/dashboard").status_code == 200


def test_it_never_cuts_a_password(app: Flask) -> None:
    sign_up(app, "Alice", password="p" * 127 + "!")
    wrong = {"email": "alice@example.com", "password": "p" * 127 + "?"}
    assert Browser(app).post("/login", wrong).status_code == 422


def test_it_stores_no_password(app: Flask, valkey: Redis, alice: Browser) -> None:
    assert valkey.hget(alice.key("account"), "password").startswith("$argon2id$")
    for kind in ("account", "stats", "sessions"):
        assert PASSWORD not in str(valkey.hgetall(alice.key(kind)))
