"""Upgrading in practice mode: plans, the stand-in for Stripe, and what open pages show of it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import Member, expect_stat
from tests.support.live_server import LiveServer

pytestmark = pytest.mark.browser

POLL = 30_100


def choose(page: Page, plan: str) -> None:
    """Press the button on the plans page that leads to a plan."""
    page.goto("/plans")
    form = page.locator("form[action='/billing/checkout']", has=page.locator(f"[value={plan}]"))
    form.get_by_role("button").click()
    page.wait_for_url("**/billing/practice*")


def manage(page: Page) -> None:
    page.goto("/plans")
    page.locator("form[action='/billing/portal']").get_by_role("button").first.click()
    page.wait_for_url("**/billing/practice*")


def do(page: Page, action: str) -> None:
    """Press the practice page's button for an action."""
    field = page.locator(f"[name=action][value={action}]")
    expect(field).to_have_count(1)
    form = page.locator("form", has=field)
    form.get_by_role("button").and_(page.locator(f":not([name=action]), [value={action}]")).click()
    page.wait_for_url(lambda url: "/billing/practice" not in url)


def test_it_goes_from_free_to_plus_and_back(member: Member, site: LiveServer) -> None:
    page = member.page
    page.clock.install()
    watching = page.context.new_page()
    watching.goto("/dashboard")
    watching.evaluate("window.kept = true")
    expect_stat(watching, "plan", "Free")

    choose(page, "Plus")
    expect(page.locator("body")).to_contain_text(re.compile("no money moves", re.IGNORECASE))
    expect_stat(watching, "plan", "Free")
    do(page, "pay")
    assert "/billing/return" in page.url
    expect(page.locator("main")).to_contain_text("Plus")
    page.goto("/dashboard")
    expect_stat(page, "plan", "Plus")
    watching.clock.run_for(POLL)
    expect_stat(watching, "plan", "Plus")
    card = watching.locator("#stats section", has=watching.locator("[data-stat=plan]"))
    expect(card).to_contain_text(re.compile(r"Renews \d"))

    manage(page)
    do(page, "end")
    watching.clock.run_for(POLL)
    expect(card).to_contain_text(re.compile(r"Ends \d{1,2} [A-Z][a-z]+"))
    expect_stat(watching, "plan", "Plus")

    manage(page)
    do(page, "finish")
    watching.clock.run_for(POLL)
    expect_stat(watching, "plan", "Free")
    assert watching.evaluate("window.kept"), "all of it without a reload"
    answer = site.api("GET", f"/api/entitlements?userId={member.id}")
    assert (answer["plan"], answer["limits"]["daily_conversations"]) == ("Free", 5)


def test_it_changes_to_premium_and_takes_up_again_what_was_ended(member: Member) -> None:
    page = member.page
    choose(page, "Plus")
    do(page, "pay")
    choose(page, "Premium")
    do(page, "change")
    page.goto("/dashboard")
    expect_stat(page, "plan", "Premium")
    card = page.locator("#stats section", has=page.locator("[data-stat=plan]"))
    manage(page)
    do(page, "end")
    page.goto("/dashboard")
    expect(card).to_contain_text(re.compile(r"Ends \d"))
    manage(page)
    do(page, "resume")
    page.goto("/dashboard")
    expect(card).to_contain_text(re.compile(r"Renews \d"))
    expect(card).not_to_contain_text("Ends")


def test_the_return_page_grants_nothing_by_itself(member: Member) -> None:
    page = member.page
    page.clock.install()
    page.goto("/billing/return?session_id=cs_somebody_elses")
    expect(page.locator("#checkout-return")).to_contain_text("Confirming")
    with page.expect_response("**/billing/return?*try=*"):
        page.clock.run_for(2_100)
    page.goto("/dashboard")
    expect_stat(page, "plan", "Free")


def test_an_open_return_page_sees_the_payment_arrive(member: Member) -> None:
    page = member.page
    page.clock.install()
    page.goto("/billing/return?session_id=practice")
    expect(page.locator("#checkout-return")).to_contain_text("Confirming")
    other = page.context.new_page()
    choose(other, "Premium")
    do(other, "pay")
    page.clock.run_for(2_100)
    expect(page.locator("#checkout-return")).to_contain_text("Premium")
    expect(page.locator("[role=status]")).to_contain_text("Premium")


def test_the_plan_card_counts_todays_conversations(member: Member, site: LiveServer) -> None:
    page = member.page
    page.clock.install()
    page.goto("/dashboard")
    expect(page.locator("#stats")).to_contain_text("0 of 5")
    for number in range(3):
        site.save_chat(member.id, f"Talk {number}")
    page.clock.run_for(POLL)
    expect(page.locator("#stats")).to_contain_text("3 of 5")
    expect_stat(page, "conversations", "3")
