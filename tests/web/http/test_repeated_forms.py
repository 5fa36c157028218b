"""Two presses of one button: the second leads where the first one led."""

import re
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from app import create_app
from stats.store.client import connect
from tests.support.two_factor import NOW, stop_clock, totp_code
from tests.web.accounts.test_sign_in_links import create_sign_in_link
from tests.web.accounts.two_factor.two_factor_helpers import (
    CREDENTIALS,
    TWO_FACTOR_URL,
    browser_after_password,
    displayed_secret,
    enable_two_factor,
    recorded_events,
    recovery_codes,
)
from tests.web.forms import Twin, fields_of, forms_of
from tests.web.helpers import (
    HTMX_HEADERS,
    PASSWORD,
    Browser,
    dump_all,
    log_in,
    remaining_keys,
    sign_up,
)

IMPORT = "/settings/import"
# POSTs that may be repeated as they are: an `op` of their own, or nothing but a value that is set.
IDEMPOTENT = {
    "dashboard.mood",
    "dashboard.undo",
    "account.timezone",
    "billing.portal",
    "history.add",
    "history.edit",
    "history.restore",
}


@pytest.fixture
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)


def is_in(browser: Browser) -> bool:
    return browser.get("/dashboard").status_code == 200


def sessions(valkey: Redis, user: Browser) -> int:
    return int(valkey.hlen(user.key("sessions")))


def twin_of_link(app: Flask, alice: Browser, service_client: FlaskClient) -> Twin:
    path, browser = create_sign_in_link(service_client, alice.user_id), Browser(app)
    return Twin(app, browser, path, fields_of(browser.get(path)))


def test_every_form_is_repeatable_or_idempotent(app: Flask) -> None:
    posts = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "POST" in rule.methods and not rule.rule.startswith("/api/")
    }
    plain = {one for one in posts if not hasattr(app.view_functions[one], "is_repeatable")}
    assert plain == IDEMPOTENT


def test_every_form_on_a_page_has_an_op_of_its_own(alice: Browser, app: Flask) -> None:
    pages = [alice.get(url) for url in ("/settings", TWO_FACTOR_URL, "/dashboard", "/plans")]
    pages += [Browser(app).get(url) for url in ("/login", "/signup")]
    posts = [fields for page in pages for _, fields in forms_of(page) if "csrf_token" in fields]
    ops = [fields["op"] for fields in posts if "entry" in fields or "op" in fields]
    assert len(posts) - len(ops) <= 1, "the form of Undo gets its own with its button"
    assert len(set(ops)) == len(ops)
    assert min(map(len, ops)) >= 12


@pytest.mark.parametrize("way", ["one_by_one", "at_once"])
def test_a_sign_in_link_lets_both_presses_in_by_one_session(
    app: Flask, alice: Browser, service_client: FlaskClient, valkey: Redis, way: str
) -> None:
    twin = twin_of_link(app, alice, service_client)
    with recorded_events() as events:
        answers = getattr(twin, way)()
    assert [(one.status_code, one.location) for one in answers] == [(302, "/dashboard")] * 2
    assert all(map(is_in, twin.browsers))
    assert sessions(valkey, alice) == 2, "one from the sign-up, one from the link"
    assert [name for name, _ in events] == ["login"]


def test_a_page_of_either_press_has_a_token_that_holds(
    app: Flask, alice: Browser, service_client: FlaskClient
) -> None:
    twin = twin_of_link(app, alice, service_client)
    twin.one_by_one()
    first, second = twin.browsers
    form = {"csrf_token": first.token, "timezone": "UTC"}
    assert second.client.post("/settings/timezone", data=form).status_code == 303


def test_another_browser_with_the_same_form_gets_nothing(
    app: Flask, alice: Browser, service_client: FlaskClient
) -> None:
    twin = twin_of_link(app, alice, service_client)
    other = Browser(app)
    own_token = fields_of(other.get(twin.url))["csrf_token"]
    assert twin.press(0).status_code == 302
    for token in (own_token, twin.fields["csrf_token"]):
        answer = other.client.post(twin.url, data=twin.fields | {"csrf_token": token})
        assert answer.status_code in (400, 404)
        assert not is_in(other)


def test_another_page_of_the_same_browser_gets_nothing(
    app: Flask, alice: Browser, service_client: FlaskClient
) -> None:
    twin = twin_of_link(app, alice, service_client)
    later = fields_of(twin.browsers[1].get(twin.url))
    twin.press(0)
    assert twin.browsers[1].client.post(twin.url, data=later).status_code == 404


@pytest.mark.parametrize("way", ["one_by_one", "at_once"])
@pytest.mark.usefixtures("stopped_clock")
def test_both_presses_show_the_same_recovery_codes(app: Flask, alice: Browser, way: str) -> None:
    secret = displayed_secret(alice)
    filled = {"code": totp_code(secret, NOW - 30), "current_password": PASSWORD}
    on = fields_of(alice.get(TWO_FACTOR_URL), TWO_FACTOR_URL, action="on", **filled)
    first, second = getattr(Twin(app, alice, TWO_FACTOR_URL, on), way)()
    assert first.status_code == second.status_code == 200
    assert len(recovery_codes(first)) == 10
    assert recovery_codes(first) == recovery_codes(second)

    filled["code"] = totp_code(secret)
    new = fields_of(alice.get(TWO_FACTOR_URL), TWO_FACTOR_URL, action="codes", **filled)
    third, fourth = getattr(Twin(app, alice, TWO_FACTOR_URL, new), way)()
    assert recovery_codes(third) == recovery_codes(fourth) != recovery_codes(first)
    assert "10 recovery codes are left" in alice.get(TWO_FACTOR_URL).text


@pytest.mark.usefixtures("stopped_clock")
def test_redis_holds_neither_codes_nor_sessions_nor_the_secret_of_the_browser(
    app: Flask, alice: Browser, valkey: Redis
) -> None:
    secret = displayed_secret(alice)
    filled = {"code": totp_code(secret, NOW - 30), "current_password": PASSWORD}
    on = fields_of(alice.get(TWO_FACTOR_URL), TWO_FACTOR_URL, action="on", **filled)
    codes = recovery_codes(Twin(app, alice, TWO_FACTOR_URL, on).press(0))
    with alice.client.session_transaction() as session:
        private = [*codes, session["sid"], session["csrf_token"], on["op"], PASSWORD]
    results = {key: valkey.get(key) for key in valkey.keys("result:*")}
    assert results
    assert not [text for text in private if text in str(results)]
    assert all(0 < valkey.ttl(key) <= 300 for key in results)


@pytest.mark.usefixtures("stopped_clock")
def test_a_second_factor_lets_both_presses_in(app: Flask, alice: Browser, valkey: Redis) -> None:
    secret, _ = enable_two_factor(alice)
    browser = browser_after_password(app)
    form = fields_of(browser.get("/login/code"), "/login/code", code=totp_code(secret))
    twin = Twin(app, browser, "/login/code", form)
    answers = twin.at_once()
    assert [(one.status_code, one.location) for one in answers] == [(302, "/dashboard")] * 2
    assert all(map(is_in, twin.browsers))
    assert sessions(valkey, alice) == 2


def test_a_sign_up_and_a_login_count_once(app: Flask, valkey: Redis) -> None:
    browser = Browser(app)
    form = fields_of(browser.get("/signup"), "/signup", name="Alice", **CREDENTIALS)
    twin = Twin(app, browser, "/signup", form)
    assert [one.location for one in twin.at_once()] == ["/dashboard"] * 2
    assert all(map(is_in, twin.browsers))
    assert len(valkey.keys("user:*:account")) == 1
    form = fields_of(Browser(app).get("/login"), "/login")
    visitor = Browser(app)
    form = fields_of(visitor.get("/login"), "/login", **CREDENTIALS)
    twin = Twin(app, visitor, "/login", form)
    twin.at_once()
    assert all(map(is_in, twin.browsers))
    [key] = valkey.keys("user:*:sessions")
    assert valkey.hlen(key) == 2


def settings_twin(app: Flask, alice: Browser, url: str, **values: str) -> Twin:
    return Twin(app, alice, url, fields_of(alice.get("/settings"), url, **values))


def test_both_presses_of_log_out_lead_to_the_first_page(app: Flask, alice: Browser) -> None:
    answers = settings_twin(app, alice, "/logout").one_by_one()
    assert [(one.status_code, one.location) for one in answers] == [(302, "/")] * 2


def test_a_deletion_says_goodbye_to_both_presses_and_leaves_nothing_of_the_account(
    app: Flask, alice: Browser, valkey: Redis
) -> None:
    twin = settings_twin(app, alice, "/settings/delete", confirm="alice@example.com")
    answers = twin.one_by_one()
    assert [(one.status_code, one.location) for one in answers] == [(303, "/")] * 2
    for browser in twin.browsers:
        assert "Your account and everything in it are gone" in browser.get("/").text
    assert remaining_keys(valkey) == []


def test_a_changed_password_is_changed_for_both_presses(app: Flask, alice: Browser) -> None:
    filled = {"current_password": PASSWORD, "new_password": "another sentence altogether"}
    twin = settings_twin(app, alice, "/settings/password", **filled)
    assert [one.status_code for one in twin.one_by_one()] == [303] * 2
    for browser in twin.browsers:
        assert "Your password is changed" in browser.get("/settings").text


def test_who_has_copied_the_cookie_gets_nothing_by_repeating(app: Flask, alice: Browser) -> None:
    """The `op` stands on the page of the owner alone."""
    log_in(app, "Alice")
    thief = Browser(app, alice.session)
    stolen = fields_of(thief.get("/settings"), "/settings/delete", confirm="alice@example.com")
    settings_twin(app, alice, "/settings/delete", confirm="alice@example.com").press(0)
    answer = thief.client.post("/settings/delete", data=stolen)
    assert answer.location.startswith("/login")


def test_a_deleted_conversation_is_gone_for_both_presses(app: Flask, alice: Browser) -> None:
    chat = {"chatId": "c", "messages": [{"role": "user", "content": "Hi"}]}
    alice.api("POST", "/api/chat/save", json=chat)
    form = fields_of(alice.get("/conversations/c"), "/conversations/c/delete")
    twin = Twin(app, alice, "/conversations/c/delete", form)
    assert [one.status_code for one in twin.one_by_one()] == [303] * 2


def test_what_failed_is_tried_again(app: Flask, alice: Browser) -> None:
    visitor = Browser(app)
    form = fields_of(visitor.get("/login"), "/login", **CREDENTIALS | {"password": "wrong one"})
    twin = Twin(app, visitor, "/login", form)
    with recorded_events() as events:
        assert [one.status_code for one in twin.one_by_one()] == [422] * 2
    assert [name for name, _ in events] == ["login.failed"] * 2


def test_other_content_is_another_press(app: Flask, alice: Browser) -> None:
    form = fields_of(alice.get("/settings"), "/settings", name="Ada", theme="dark", day_start="0")
    form["timezone"] = "UTC"
    twin = Twin(app, alice, "/settings", form)
    assert twin.press(0).status_code == 303
    twin.fields = form | {"name": "Ada L."}
    assert twin.press(1).status_code == 303
    assert 'value="Ada L."' in alice.get("/settings").text


@pytest.mark.parametrize("headers", [{}, HTMX_HEADERS], ids=["plain", "htmx"])
def test_an_import_says_to_both_presses_what_it_took(
    app: Flask, alice: Browser, headers: dict[str, str]
) -> None:
    alice.post("/dashboard/mood", {"score": "7"})
    export = alice.get("/settings/export.json").data
    bob = sign_up(app, "Bob")
    form = fields_of(bob.get("/settings"), IMPORT)
    for browser in Twin(app, bob, IMPORT, form).browsers:
        file = {"file": (BytesIO(export), "aira.json")}
        answer = browser.client.post(IMPORT, data=form | file, headers=headers)
        assert "/settings" in (answer.location or answer.headers.get("HX-Redirect", ""))
        assert "Taken: " in browser.get("/settings").text
    other = {"file": (BytesIO(export), "aira-2.json")}
    assert bob.client.post(IMPORT, data=form | other, headers=headers).status_code < 400
    assert "Nothing is new" in bob.get("/settings").text


def test_nothing_is_done_while_the_store_is_away(app: Flask, alice: Browser) -> None:
    settings = app.extensions["aira"].base_settings
    without_store = create_app(settings, connect("unix:///nowhere.sock"))
    visitor = Browser(app)
    form = fields_of(visitor.get("/login"), "/login", **CREDENTIALS)
    answers = Twin(without_store, Browser(without_store, visitor.session), "/login", form)
    assert [one.status_code for one in answers.one_by_one()] == [503] * 2
    assert Twin(app, visitor, "/login", form).press(0).status_code == 302


def test_a_repeated_form_wants_its_token(app: Flask, alice: Browser, valkey: Redis) -> None:
    twin = settings_twin(app, alice, "/logout")
    twin.press(0)
    before = dump_all(valkey)
    answer = twin.browsers[1].client.post("/logout", data=twin.fields | {"csrf_token": "x"})
    assert re.match("/login", answer.location or "")
    assert dump_all(valkey) == before
