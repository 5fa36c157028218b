"""The walks of the other tests in a short form, in Firefox and WebKitGTK."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.browser.other_browsers.conftest import Someone
from tests.browser.other_browsers.windows import END, RIGHT, Window
from tests.support.live_server import LiveServer, eventually

pytestmark = pytest.mark.browser


def stat(window: Window, name: str) -> str:
    """A number of the dashboard, up to the first space."""
    return window.text(f"[data-stat={name}]").split(" ")[0]


def test_a_new_member_comes_in_and_goes(someone: Someone) -> None:
    window = someone.window
    assert window.run("document.documentElement.classList.contains('js')")
    numbers = {name: stat(window, name) for name in ("conversations", "days_active", "streak")}
    assert numbers == {"conversations": "0", "days_active": "1", "streak": "1"}
    assert window.run("document.querySelector('#timezone-offer').hidden")
    window.click(".nav form button")
    window.wait_for_path("/")
    window.open("/dashboard")
    window.wait_for_path("/login")


def test_the_slider_moves_by_keys_and_is_saved(someone: Someone, site: LiveServer) -> None:
    window = someone.window
    window.type("#score", RIGHT * 5)
    assert window.run("document.querySelector('#score').value") == "7.5"
    said = window.run("document.querySelector('#score').getAttribute('aria-valuetext')")
    assert said == "7.5 of 10, Good"
    window.type("[name=note]", "A walk by the canal")
    window.click("#mood-save")
    window.wait_for("document.querySelector('[data-stat=mood_score]').innerText.startsWith('7.5')")
    (entry,) = site.api("GET", f"/api/mood?userId={someone.id}")["history"]
    assert (entry["score"], entry["note"]) == (7.5, "A walk by the canal")
    window.type("#score", END)
    assert window.run("document.querySelector('#score').value") == "10"


def test_what_comes_from_elsewhere_appears_and_nothing_typed_is_lost(
    someone: Someone, site: LiveServer
) -> None:
    window = someone.window
    window.type("[name=note]", "Half a sentence")
    site.save_chat(someone.id, "About the sea")
    window.click("#refresh")
    window.wait_for("document.querySelector('#stats').innerText.includes('About the sea')")
    assert stat(window, "conversations") == "1"
    assert window.run("document.querySelector('[name=note]').value") == "Half a sentence"


def test_charts_are_drawn_and_have_a_table(someone: Someone, site: LiveServer) -> None:
    now, window = datetime.now(UTC), someone.window
    for days in range(6):
        at = (now - timedelta(days)).isoformat()
        site.api("PATCH", f"/api/mood?userId={someone.id}", {"score": 3 + days, "at": at})
    for page, chart in (("/history", ".year"), ("/dashboard", ".year"), ("/dashboard", ".trend")):
        window.open(page)
        marks = f"[...document.querySelectorAll('{chart} [data-m]')]"
        wide = f"{marks}.filter(mark => mark.getBoundingClientRect().width >= 5).length"
        assert window.run(wide) >= 6, (page, chart)
    window.click(".trend summary")
    rows = "document.querySelectorAll('.trend details[open] tbody tr').length"
    window.wait_for(f"{rows} >= 6")


def test_a_plan_is_taken_in_practice(someone: Someone, site: LiveServer) -> None:
    window = someone.window
    window.open("/plans")
    window.click("form:has([name=plan][value=Plus]) button")
    window.wait_for_path("/billing/practice")
    window.click("form:has([name=action][value=pay]) button")
    window.wait_for_path("/billing/return")
    window.open("/dashboard")
    assert stat(window, "plan") == "Plus"
    assert eventually(
        lambda: site.api("GET", f"/api/entitlements?userId={someone.id}")["plan"] == "Plus"
    )
