"""The check-in: sign-up, slider, keyboard, undo, yesterday."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import (
    PASSWORD,
    ConsoleErrors,
    Member,
    expect_at_rest,
    expect_mood,
    expect_stat,
    fill_sign_up,
    last_entry,
    new_identity,
    refresh,
    save,
    slider,
    undo_button,
)
from tests.support.live_server import LiveServer

pytestmark = pytest.mark.browser


def history(site: LiveServer, member: Member) -> list[dict[str, Any]]:
    """The entries that the chat backend sees, newest first."""
    entries: list[dict[str, Any]] = site.api("GET", f"/api/mood?userId={member.id}")["history"]
    return entries


def test_it_welcomes_a_new_user_and_keeps_what_they_set(page: Page) -> None:
    fill_sign_up(page)
    expect_stat(page, "days_active", "1")
    expect_stat(page, "conversations", "0")
    expect_stat(page, "streak", "1")
    expect_stat(page, "plan", "Free")
    expect_mood(page, "—")
    expect(slider(page)).to_have_attribute("aria-valuetext", "Not logged")

    slider(page).focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(slider(page)).to_have_attribute("aria-valuetext", "7.5 of 10, Good")
    save(page)
    expect_mood(page, "7.5")
    expect_at_rest(page)
    expect(last_entry(page)).to_contain_text("7.5 Good")
    page.reload()
    expect_mood(page, "7.5")
    expect_at_rest(page)
    expect(last_entry(page)).to_contain_text("7.5 Good")

    undo_button(page).click()
    expect_mood(page, "—")
    expect(slider(page)).to_have_attribute("aria-valuetext", "Not logged")
    expect(undo_button(page)).to_have_count(0)
    page.reload()
    expect_mood(page, "—")


def test_it_takes_the_time_zone_from_the_browser(open_context: Any) -> None:
    page = open_context(timezone_id="America/St_Johns").new_page()
    fill_sign_up(page)
    page.goto("/settings")
    expect(page.locator("[name=timezone]")).to_have_value("America/St_Johns")


def test_it_keeps_a_real_zero_apart_from_nothing(member: Member) -> None:
    page = member.page
    page.goto("/dashboard")
    slider(page).focus()
    page.keyboard.press("Home")
    save(page)
    expect_mood(page, "0")
    page.reload()
    expect_mood(page, "0")
    expect(last_entry(page)).to_contain_text("0 Very low")


def test_it_saves_without_the_slider_being_moved(member: Member) -> None:
    page = member.page
    page.goto("/dashboard")
    save(page)
    expect_mood(page, "5")


def test_it_fills_in_yesterday_and_leaves_today_open(site: LiveServer, member: Member) -> None:
    page = member.page
    page.goto("/dashboard")
    page.locator("label:has([name=day][value=yesterday])").click()
    expect(slider(page)).to_have_attribute("aria-valuetext", "Choose a place on the line")
    slider(page).focus()
    page.keyboard.press("End")
    page.locator("#note").fill("A long walk")
    save(page)
    expect_mood(page, "10")
    expect(page.locator("#mood-form")).to_contain_text("Yesterday")
    (entry,) = history(site, member)
    assert (entry["score"], entry["note"]) == (10, "A long walk")

    page.reload()
    expect(slider(page)).to_have_attribute("aria-valuetext", "Not logged")
    slider(page).focus()
    page.keyboard.press("ArrowLeft")
    save(page)
    expect_mood(page, "4.5")
    assert [entry["score"] for entry in history(site, member)] == [4.5, 10]
    days = [entry["timestamp"][:10] for entry in history(site, member)]
    assert days[0] != days[1]


def test_it_undoes_once_and_the_score_before_stands_again(site: LiveServer, member: Member) -> None:
    page = member.page
    page.goto("/dashboard")
    for key in ("Home", "End"):
        slider(page).focus()
        page.keyboard.press(key)
        save(page)
    expect_mood(page, "10")
    undo_button(page).click()
    expect_mood(page, "0")
    expect(undo_button(page)).to_have_count(0)
    assert [entry["score"] for entry in history(site, member)] == [0]


def test_it_keeps_the_slider_still_while_a_poll_changes_the_numbers(
    site: LiveServer, member: Member
) -> None:
    page = member.page
    page.goto("/dashboard")
    user_id = member.id
    expect_stat(page, "conversations", "0")
    box = slider(page).bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, middle, steps=4)
    value = slider(page).input_value()
    assert 6 <= float(value) <= 8
    element = slider(page).element_handle()

    site.save_chat(user_id, "About the garden")
    with page.expect_response("**/dashboard/stats*") as answer:
        refresh(page)
    assert answer.value.status == 200
    expect_stat(page, "conversations", "1")
    expect(page.locator("#stats")).to_contain_text("About the garden")
    assert slider(page).input_value() == value
    assert element.evaluate("it => it.isConnected"), "the slider under the finger is the same"

    page.mouse.move(box["x"] + box["width"] * 0.9, middle, steps=4)
    page.mouse.up()
    final = float(slider(page).input_value())
    assert float(value) < final <= 9.5, "the drag went on after the poll"
    save(page)
    expect_mood(page, f"{final:g}")
    page.reload()
    expect_mood(page, f"{final:g}")
    expect(last_entry(page)).to_contain_text(f"{final:g} ")


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there, which must show."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("it => document.activeElement.matches(it)", selector):
            break
    focus = page.locator(f":focus-visible:is({selector})")
    expect(focus).to_have_count(1)


def test_it_works_by_keyboard_alone(page: Page, site: LiveServer) -> None:
    name, email = new_identity()
    page.goto("/")
    tab_to(page, "a[href='/signup']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/signup")
    for field, text in (("name", name), ("email", email), ("password", PASSWORD)):
        tab_to(page, f"[name={field}]")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard")
    tab_to(page, "[name=score]")
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    tab_to(page, "#note")
    page.keyboard.type("Tired")
    tab_to(page, "#mood-save")
    page.keyboard.press("Enter")
    expect_mood(page, "3.5")
    expect(page.locator("[role=status]")).to_have_text("Saved.")
    assert page.evaluate("document.activeElement.matches('#mood-form *')"), "the focus stays there"
    tab_to(page, "#mood-undo")
    page.keyboard.press("Enter")
    expect_mood(page, "—")
    (entries,) = [history(site, Member(page, name, email))]
    assert entries == []


def test_it_says_beside_the_field_what_is_wrong_and_keeps_what_was_typed(
    page: Page, console_errors: ConsoleErrors
) -> None:
    console_errors.expect("status of 422")
    page.goto("/signup")
    page.locator("[name=name]").fill("Maya")
    page.locator("[name=email]").fill("not an address")
    page.locator("[name=password]").fill(PASSWORD)
    with page.expect_response("**/signup") as answer:
        page.locator("form:has([name=password]) [type=submit]").click()
    assert answer.value.status == 422
    expect(page.locator("[name=name]")).to_have_value("Maya")
    email = page.locator("[name=email]")
    expect(email).to_have_value("not an address")
    expect(email).to_have_attribute("aria-invalid", "true")
    described = (email.get_attribute("aria-describedby") or "").split()
    sentences = [page.locator(f"#{name}").inner_text() for name in described]
    assert any(sentences), "a sentence is tied to the field"
    assert page.locator("[name=password]").input_value() == ""
