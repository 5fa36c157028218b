"""Finding a time zone on the settings page by a part of its name."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.helpers import Member, axe_violations

pytestmark = pytest.mark.browser


@pytest.fixture
def page(member: Member) -> Page:
    member.page.goto("/settings")
    return member.page


def offered(page: Page) -> list[str]:
    options: Locator = page.locator("#timezone option")
    return options.evaluate_all("all => all.map(option => option.value)")


def test_letters_leave_what_fits_and_what_is_chosen(page: Page) -> None:
    field, zones = page.locator("#timezone-filter"), page.locator("#timezone")
    everything = offered(page)
    field.fill("toky")
    assert offered(page) == ["Asia/Tokyo", "Europe/Berlin"]
    expect(zones).to_have_value("Europe/Berlin")
    expect(page.locator("[role=status]")).to_have_text("1 fits")
    assert axe_violations(page) == []
    field.fill("america utc-3:30")
    assert offered(page) == ["America/St_Johns", "Europe/Berlin"]
    field.fill("nowhere")
    assert offered(page) == ["Europe/Berlin"]
    expect(page.locator("[role=status]")).to_have_text("0 fit")
    field.fill("")
    assert offered(page) == everything


def test_enter_takes_the_first_and_saves_nothing_yet(page: Page) -> None:
    field, zones = page.locator("#timezone-filter"), page.locator("#timezone")
    field.fill("buenos")
    field.press("Enter")
    expect(zones).to_have_value("America/Argentina/Buenos_Aires")
    expect(zones).to_be_focused()
    expect(field).to_have_value("")
    assert len(offered(page)) > 400
    page.locator("#profile").get_by_role("button", name="Save").click()
    expect(page.locator(".alert-success")).to_contain_text("Saved.")
    expect(zones).to_have_value("America/Argentina/Buenos_Aires")


def test_a_click_takes_one_of_those_that_fit(page: Page) -> None:
    zones = page.locator("#timezone")
    page.locator("#timezone-filter").fill("asia")
    zones.select_option("Asia/Seoul")
    zones.dispatch_event("click")
    expect(zones).to_have_value("Asia/Seoul")
    assert len(offered(page)) > 400
