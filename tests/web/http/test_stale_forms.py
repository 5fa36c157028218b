"""Forms in a tab from before a new log-in: nothing is done, and the act is one press away."""

from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.samples import MESSAGES
from tests.web.accounts.test_sign_in_links import create_sign_in_link, open_sign_in_link
from tests.web.accounts.two_factor.two_factor_helpers import CREDENTIALS
from tests.web.forms import fields_of
from tests.web.helpers import HTMX_HEADERS, PASSWORD, Browser, displayed_stats, log_in

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
# What a browser says of a request that another site, or nobody, has sent.
FOREIGN = [
    {},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
]


def log_in_anew(app: Flask, browser: Browser, service_client: FlaskClient) -> None:
    """Log the same person in again in another tab, as Aira's app does."""
    answer = open_sign_in_link(browser, create_sign_in_link(service_client, browser.user_id))
    assert answer.status_code == 302


def become(browser: Browser, other: Browser) -> None:
    """Have somebody else log in in this browser."""
    browser.client.set_cookie("session", other.session)
    browser.forget_token()


def press(browser: Browser, url: str, fields: dict[str, str], **headers: str) -> TestResponse:
    return browser.client.post(url, data=fields, headers=headers or SAME_ORIGIN)


def press_again(browser: Browser, url: str, page: TestResponse, **typed: str) -> TestResponse:
    """Press the one button of the page that keeps a form."""
    return press(browser, url, fields_of(page, url, **typed))


@pytest.fixture
def stale(app: Flask, alice: Browser, service_client: FlaskClient) -> dict[str, TestResponse]:
    """Pages of Alice's from before she logged in anew, by their address."""
    pages = {url: alice.get(url) for url in ("/dashboard", "/settings", "/settings/two-factor")}
    log_in_anew(app, alice, service_client)
    return pages


@pytest.mark.parametrize("proof", [SAME_ORIGIN, {"Origin": "http://localhost"}])
def test_a_check_in_of_an_old_page_is_one_press_away(
    alice: Browser, stale: dict[str, TestResponse], proof: dict[str, str]
) -> None:
    typed = {"score": "7.5", "note": 'Sun "and" <rain>\nand wind', "tags": "walk"}
    form = fields_of(stale["/dashboard"], "/dashboard/mood", **typed)
    page = press(alice, "/dashboard/mood", form, **proof)
    assert page.status_code == 400
    assert "You are logged in as Alice." in page.text
    assert "nothing has been done yet" in page.text
    assert alice.moods() == []
    assert press_again(alice, "/dashboard/mood", page).location == "/dashboard"
    [entry] = alice.moods()
    assert (entry["score"], entry["note"]) == (7.5, typed["note"])


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_form_of_another_site_does_nothing_and_shows_nothing(
    alice: Browser, stale: dict[str, TestResponse], headers: dict[str, str]
) -> None:
    form = fields_of(stale["/dashboard"], "/dashboard/mood", note="A secret")
    for url in ("/dashboard/mood", "/logout", "/login", "/signup"):
        answer = alice.client.post(url, data=form, headers=headers)
        assert answer.status_code == 400
        assert "A secret" not in answer.text
        assert "Something is missing" in answer.text
        answer = alice.client.post(url, data=form, headers=headers | HTMX_HEADERS)
        assert answer.status_code == 400
        assert "X-CSRFToken" not in answer.headers
    assert alice.get("/dashboard").status_code == 200
    assert alice.moods() == []


def test_log_out_of_an_old_page_logs_out(alice: Browser, stale: dict[str, TestResponse]) -> None:
    answer = press(alice, "/logout", fields_of(stale["/dashboard"], "/logout"))
    assert (answer.status_code, answer.location) == (302, "/")
    assert alice.get("/dashboard").status_code == 302


def test_passwords_and_codes_are_typed_again(
    alice: Browser, stale: dict[str, TestResponse]
) -> None:
    typed = {"current_password": PASSWORD, "new_password": "another sentence altogether"}
    url = "/settings/password"
    page = press(alice, url, fields_of(stale["/settings"], url, **typed))
    assert page.status_code == 400
    assert not [text for text in typed.values() if text in page.text]
    assert page.text.count('type="password"') == 2
    assert press_again(alice, url, page, **typed).status_code == 303
    form = fields_of(stale["/settings/two-factor"], "/settings/two-factor", action="on")
    page = press(alice, "/settings/two-factor", form | {"code": "123456"})
    assert "123456" not in page.text


def test_a_file_is_chosen_again(alice: Browser, stale: dict[str, TestResponse]) -> None:
    form: dict[str, object] = {**fields_of(stale["/settings"], "/settings/import")}
    form["file"] = (BytesIO(b"{}"), "aira.json")
    page = alice.client.post("/settings/import", data=form, headers=SAME_ORIGIN)
    assert (page.status_code, 'type="file"' in page.text) == (400, True)
    assert 'enctype="multipart/form-data"' in page.text


def test_a_deleted_account_was_meant(alice: Browser, stale: dict[str, TestResponse]) -> None:
    form = fields_of(stale["/settings"], "/settings/delete", confirm="alice@example.com")
    page = press(alice, "/settings/delete", form)
    assert page.status_code == 400
    assert alice.get("/dashboard").status_code == 200
    assert press_again(alice, "/settings/delete", page).location == "/"


def test_an_old_page_of_somebody_else_says_who_is_logged_in(
    app: Flask, alice: Browser, bob: Browser
) -> None:
    form = fields_of(alice.get("/dashboard"), "/dashboard/mood", score="3")
    become(alice, bob)
    page = press(alice, "/dashboard/mood", form)
    assert page.status_code == 400
    assert "You are logged in as Bob." in page.text
    assert bob.moods() == []


@pytest.mark.parametrize("url", ["/login", "/signup"])
def test_a_second_tab_at_the_door_leads_in(app: Flask, alice: Browser, url: str) -> None:
    browser = Browser(app)
    first, second = browser.get("/login?next=/settings"), browser.get(url)
    assert press(browser, "/login", fields_of(first, "/login", **CREDENTIALS)).status_code == 302
    form = fields_of(second, url, name="Al", email="al@example.com", password=PASSWORD)
    answer = press(browser, url, form | {"next": "/history"})
    assert answer.status_code == 302
    assert answer.location == ("/history" if url == "/login" else "/dashboard")


@pytest.mark.parametrize("url", ["/login", "/signup"])
def test_a_door_of_an_old_session_is_shown_again_with_what_was_typed(
    app: Flask, alice: Browser, url: str
) -> None:
    browser = Browser(app)
    old = fields_of(browser.get(url), url, name="Al", email="al@example.com", password=PASSWORD)
    browser.client.delete_cookie("session")
    page = press(browser, url, old)
    assert page.status_code == 400
    assert "This page was open for a while." in page.text
    assert PASSWORD not in page.text
    assert 'value="al@example.com"' in page.text
    typed = {**CREDENTIALS} if url == "/login" else {"password": PASSWORD}
    assert press_again(browser, url, page, **typed).location == "/dashboard"


def htmx_press(browser: Browser, page: TestResponse, **more: str) -> TestResponse:
    """Send the check-in of a page as htmx does, with the headers that the page names."""
    form = fields_of(page, "/dashboard/mood", score="7")
    user = page.text.split('"X-Page-User": "')[1].split('"')[0]
    headers = HTMX_HEADERS | SAME_ORIGIN | {"X-Page-User": user} | more
    return browser.client.post("/dashboard/mood", data=form, headers=headers)


def test_htmx_gets_a_new_token_for_the_same_person(
    alice: Browser, stale: dict[str, TestResponse]
) -> None:
    answer = htmx_press(alice, stale["/dashboard"])
    assert (answer.status_code, answer.text) == (400, "")
    assert alice.moods() == []
    form = fields_of(stale["/dashboard"], "/dashboard/mood", score="7")
    again = form | {"csrf_token": answer.headers["X-CSRFToken"]}
    assert press(alice, "/dashboard/mood", again, **HTMX_HEADERS).status_code == 200
    assert [entry["score"] for entry in alice.moods()] == [7]


def test_htmx_loads_the_page_of_somebody_else_anew(
    app: Flask, alice: Browser, bob: Browser
) -> None:
    page = alice.get("/dashboard")
    become(alice, bob)
    answer = htmx_press(alice, page)
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (400, "true")
    assert "X-CSRFToken" not in answer.headers
    assert displayed_stats(bob.get("/dashboard"))["mood_score"] == "—"


def test_htmx_is_sent_to_the_door_when_nobody_is_logged_in(alice: Browser) -> None:
    page = alice.get("/dashboard")
    alice.post("/logout")
    answer = htmx_press(alice, page, **{"HX-Current-URL": "http://localhost/dashboard"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login?next=%2Fdashboard")


def test_the_api_wants_a_token_of_this_session_whatever_the_origin(
    alice: Browser, stale: dict[str, TestResponse]
) -> None:
    token = fields_of(stale["/dashboard"], "/logout")["csrf_token"]
    headers = {"X-CSRFToken": token, **SAME_ORIGIN}
    body = {"messages": MESSAGES}
    answer = alice.client.post("/api/chat/save", json=body, headers=headers)
    assert answer.status_code == 400


def test_over_https_a_missing_referrer_is_refused_plainly(app: Flask, alice: Browser) -> None:
    """A new token would not help, so none is offered again and again."""
    secure = Browser(app)
    base = "https://localhost"
    form = fields_of(secure.get("/login", base_url=base), "/login", **CREDENTIALS)
    answer = secure.client.post("/login", data=form, headers=SAME_ORIGIN, base_url=base)
    assert (answer.status_code, "Something is missing" in answer.text) == (400, True)


def test_a_sign_in_link_of_an_old_page_is_one_press_away(
    app: Flask, alice: Browser, service_client: FlaskClient
) -> None:
    browser, path = Browser(app), create_sign_in_link(service_client, alice.user_id)
    old = fields_of(browser.get(path))
    browser.client.delete_cookie("session")
    page = press(browser, path, old)
    assert page.status_code == 400
    assert "Nobody is logged in here now." in page.text
    assert press_again(browser, path, page).location == "/dashboard"
    assert log_in(app, "Alice").get("/dashboard").status_code == 200
