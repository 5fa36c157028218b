"""The profile's theme and live updates, the password, and the way out."""

from dataclasses import replace
from typing import Any, ClassVar

import pytest
from flask import Flask
from redis import Redis

from app import create_app
from stats.accounts import passwords
from stats.billing.customers import bind_customer
from stats.errors import BillingUnavailable
from stats.plans.plan import Plan
from tests.web.helpers import (
    PASSWORD,
    Browser,
    dump_all,
    field_error,
    log_in,
    remaining_keys,
    sign_up,
)

PROFILE = {"name": "Alice", "timezone": "UTC", "day_start": "0"}
NEW = "another sentence altogether"
CHANGE = {"current_password": PASSWORD, "new_password": NEW}
CONFIRM = {"confirm": "alice@example.com"}
POSTS = ["/settings", "/settings/password", "/settings/delete", "/settings/import"]


class Stripe:
    """A Stripe with one live subscription, and a list of those it was told to end."""

    products: ClassVar = {"prod_plus": Plan.PLUS}
    livemode = False

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.away = False

    def expire_sessions(self, customer: str, user_id: str) -> None:
        """There are none."""

    def subscriptions(self, customer: str) -> list[dict[str, Any]]:
        if self.away:
            raise BillingUnavailable("Stripe is busy.")
        items = {"data": [{"price": {"product": "prod_plus"}}]}
        statuses = {"sub_1": "active", "sub_0": "canceled"} | dict.fromkeys(self.ended, "canceled")
        return [{"id": id, "status": status, "items": items} for id, status in statuses.items()]

    def cancel(self, subscription: str) -> None:
        self.ended.append(subscription)


def untried(valkey: Redis) -> dict[str, bytes]:
    """All that is stored but the counts of tries."""
    return {key: value for key, value in dump_all(valkey).items() if "throttle" not in key}


@pytest.fixture
def stripe(app: Flask, valkey: Redis, alice: Browser) -> Stripe:
    """The Stripe at which Alice is a customer."""
    app.extensions["aira"].gateway = Stripe()
    bind_customer(valkey, alice.user_id, "cus_alice")
    return app.extensions["aira"].gateway


@pytest.mark.parametrize("theme", ["dark", "light", "system"])
def test_it_saves_the_theme(alice: Browser, theme: str) -> None:
    assert alice.post("/settings", PROFILE | {"theme": theme}).status_code == 303
    page = alice.get("/settings").text
    assert f'value="{theme}" checked' in page
    assert (f'data-theme="{theme}"' in page) == (theme != "system")


def test_it_saves_whether_pages_live(alice: Browser, valkey: Redis) -> None:
    for sent, kept in (({}, "0"), ({"live": "y"}, "1"), ({"live": "0"}, "0")):
        assert alice.post("/settings", PROFILE | sent).status_code == 303
        assert valkey.hget(alice.key("account"), "live") == kept
        shown = 'name="live" value="y" checked' in alice.get("/settings").text
        assert shown == (kept == "1")


def test_it_keeps_the_theme_that_is_not_sent(alice: Browser) -> None:
    alice.post("/settings", PROFILE | {"theme": "dark"})
    alice.post("/settings", PROFILE | {"name": "Alicia"})
    assert 'data-theme="dark"' in alice.get("/settings").text


@pytest.mark.parametrize("theme", ["", "Dark", "blue", '"><b>'])
def test_it_knows_no_other_theme(alice: Browser, valkey: Redis, theme: str) -> None:
    before = dump_all(valkey)
    answer = alice.post("/settings", PROFILE | {"name": "Alicia", "theme": theme})
    assert answer.status_code == 422
    assert field_error(answer, "theme") == "Choose system, light or dark."
    assert dump_all(valkey) == before


def test_it_changes_the_password(app: Flask, alice: Browser, bob: Browser) -> None:
    other = log_in(app, "Alice")
    answer = alice.post("/settings/password", CHANGE)
    assert (answer.status_code, answer.location) == (303, "/settings")
    assert "Your password is changed" in alice.get("/settings").text
    assert other.get("/dashboard").status_code == 302
    assert bob.get("/dashboard").status_code == 200
    old = {"email": "alice@example.com", "password": PASSWORD}
    assert Browser(app).post("/login", old).status_code == 422
    assert log_in(app, "Alice", password=NEW).get("/dashboard").status_code == 200


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("current_password", "", "This is not your current password."),
        ("current_password", NEW, "This is not your current password."),
        ("current_password", "p" * 5000, "This is not your current password."),
        ("new_password", "", "A password needs 8 to 128 characters."),
        ("new_password", "p" * 129, "A password needs 8 to 128 characters."),
        ("new_password", "pass\x00word", "password holds a character that cannot be stored."),
    ],
)
def test_it_says_why_a_password_stays(
    app: Flask, alice: Browser, valkey: Redis, field: str, value: str, sentence: str
) -> None:
    other = log_in(app, "Alice")
    before = dump_all(valkey)
    answer = alice.post("/settings/password", CHANGE | {field: value})
    assert answer.status_code == 422
    assert field_error(answer, field) == sentence
    assert untried(valkey) == before
    assert other.get("/dashboard").status_code == 200
    assert 'name="name" autocomplete="name" value="Alice"' in answer.text


def test_a_password_changed_meanwhile_stands(
    alice: Browser, valkey: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's change lands between the look at the password and the writing."""
    verify = passwords.verify_hash

    def overtaken(digest: str, password: str) -> bool:
        valkey.hset(alice.key("account"), "password", "changed meanwhile")
        return verify(digest, password)

    monkeypatch.setattr(passwords, "verify_hash", overtaken)
    answer = alice.post("/settings/password", CHANGE)
    assert answer.status_code == 422
    assert valkey.hget(alice.key("account"), "password") == "changed meanwhile"


@pytest.mark.parametrize("typed", ["alice@example.com", "  Alice@EXAMPLE.com "])
def test_it_deletes_the_account(
    app: Flask, alice: Browser, bob: Browser, valkey: Redis, typed: str
) -> None:
    alice.api("PATCH", "/api/mood", json={"score": 4})
    other = log_in(app, "Alice")
    answer = alice.post("/settings/delete", {"confirm": typed})
    assert (answer.status_code, answer.location) == (303, "/")
    assert "Your account and everything in it are gone." in alice.get("/").text
    assert not [key for key in valkey.scan_iter() if alice.user_id in key or "alice" in key]
    assert other.get("/dashboard").status_code == 302
    assert bob.get("/dashboard").status_code == 200
    assert sign_up(app, "Alice").stats()["mood_updated_at"] is None


@pytest.mark.parametrize("typed", ["", "alice", "bob@example.com", "delete", "\x00", "a" * 2000])
def test_it_deletes_nothing_without_the_address(
    alice: Browser, bob: Browser, valkey: Redis, typed: str
) -> None:
    before = dump_all(valkey)
    answer = alice.post("/settings/delete", {"confirm": typed})
    assert answer.status_code == 422
    assert field_error(answer, "confirm").startswith("Type the e-mail address")
    assert dump_all(valkey) == before


def test_it_ends_what_is_paid_first(alice: Browser, stripe: Stripe, valkey: Redis) -> None:
    assert alice.post("/settings/delete", CONFIRM).status_code == 303
    assert stripe.ended == ["sub_1"]
    assert remaining_keys(valkey) == []


def test_it_deletes_nothing_while_stripe_is_away(
    alice: Browser, stripe: Stripe, valkey: Redis
) -> None:
    stripe.away, before = True, dump_all(valkey)
    answer = alice.post("/settings/delete", CONFIRM)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert field_error(answer, "confirm").startswith("Your account was not deleted: Stripe")
    assert dump_all(valkey) == before
    assert alice.get("/dashboard").status_code == 200


@pytest.mark.parametrize("url", POSTS)
def test_it_wants_a_token_and_a_session(
    app: Flask, alice: Browser, bob: Browser, valkey: Redis, url: str
) -> None:
    form, before = PROFILE | CHANGE | CONFIRM, dump_all(valkey)
    assert alice.client.post(url, data=form).status_code == 400
    assert alice.client.post(url, data=form | {"csrf_token": bob.token}).status_code == 400
    stranger = Browser(app).post(url, form)
    assert (stranger.status_code, stranger.location[:7]) == (302, "/login?")
    assert dump_all(valkey) == before


NEW_ADDRESS = PROFILE | {"email": "Alice@New.example", "current_password": PASSWORD}


def test_it_changes_the_address_by_the_password_where_no_mail_is_offered(
    app: Flask, alice: Browser, valkey: Redis
) -> None:
    other = log_in(app, "Alice")
    answer = alice.post("/settings", NEW_ADDRESS | {"name": "Alicia"})
    assert (answer.status_code, answer.location) == (303, "/settings")
    page = alice.get("/settings").text
    assert "Your e-mail address is changed." in page
    assert '<p class="value">alice@new.example</p>' in page
    assert 'value="Alicia"' in page
    assert "confirmed" not in page
    assert other.get("/dashboard").status_code == 200
    assert log_in(app, "Alice", email="alice@new.example").get("/dashboard").status_code == 200
    old = {"email": "alice@example.com", "password": PASSWORD}
    assert Browser(app).post("/login", old).status_code == 422
    assert sign_up(app, "Alice").user_id != alice.user_id


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("current_password", "", "This is not your current password."),
        ("current_password", NEW, "This is not your current password."),
        ("current_password", "p" * 5000, "This is not your current password."),
        ("email", "", "This is not an e-mail address."),
        ("email", "alice", "This is not an e-mail address."),
        ("email", "a@example.com\r\nBcc: b@example.com", "This is not an e-mail address."),
        ("email", "bob@example.com", "There is an account with this e-mail address already."),
        ("name", "n" * 81, "A name needs 1 to 80 characters."),
    ],
)
def test_it_says_why_an_address_stays(
    alice: Browser, bob: Browser, valkey: Redis, field: str, value: str, sentence: str
) -> None:
    before = untried(valkey)
    before.pop(alice.key("account"))
    answer = alice.post("/settings", NEW_ADDRESS | {"name": "Alicia", field: value})
    assert answer.status_code == 422
    assert field_error(answer, field) == sentence
    assert '<details class="disclosure-button" open>' in answer.text
    after = untried(valkey)
    after.pop(alice.key("account"))
    assert after == before
    account = valkey.hgetall(alice.key("account"))
    assert (account["email"], account["name"]) == ("alice@example.com", "Alice")
    assert "change" not in account


def test_an_address_that_stays_needs_no_password(alice: Browser) -> None:
    for email in ("alice@example.com", " ALICE@example.com "):
        assert alice.post("/settings", PROFILE | {"email": email}).status_code == 303
    assert "Saved." in alice.get("/settings").text


@pytest.mark.parametrize("url", ["/settings", "/settings/password"])
def test_it_refuses_the_eleventh_wrong_password(app: Flask, alice: Browser, url: str) -> None:
    """It is counted with the failed log-ins, the right password is refused, too."""
    wrong = NEW_ADDRESS | {"new_password": NEW, "current_password": "wrong"}
    assert [alice.post(url, wrong).status_code for _ in range(10)] == [422] * 10
    refused = alice.post(url, wrong | {"current_password": PASSWORD})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 300
    log_in = {"email": "alice@example.com", "password": PASSWORD}
    assert Browser(app).post("/login", log_in).status_code == 429
    assert alice.get("/dashboard").status_code == 200


def test_it_counts_no_right_password(app: Flask, alice: Browser, valkey: Redis) -> None:
    for _ in range(12):
        weak = {"current_password": PASSWORD, "new_password": "x"}
        assert alice.post("/settings/password", weak).status_code == 422
    assert alice.post("/settings/password", CHANGE).status_code == 303


def test_throttling_can_be_switched_off(app: Flask, valkey: Redis) -> None:
    settings = app.extensions["aira"].base_settings
    loose = create_app(replace(settings, ratelimit_enabled=False), valkey)
    alice = sign_up(loose, "Alice")
    wrong = {"current_password": "wrong", "new_password": NEW}
    statuses = [alice.post("/settings/password", wrong).status_code for _ in range(12)]
    assert statuses == [422] * 12
