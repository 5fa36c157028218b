"""What holds for every page: accessible, narrow enough, light enough; and their pictures."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Response, expect

from tests.browser.helpers import (
    PASSWORD,
    ConsoleErrors,
    Member,
    axe_violations,
    fill_sign_up,
    save,
    sign_up,
)
from tests.support.live_server import ROOT, LiveServer

pytestmark = pytest.mark.browser

Contexts = Callable[..., BrowserContext]
PICTURES = ROOT / "build" / "screenshots"
SCHEMES, HEIGHTS = ("light", "dark"), {360: 800, 768: 1024, 1280: 900}
# Name of the page → who sees it, and where.
PAGES = {
    "landing": ("nobody", "/"),
    "signup": ("nobody", "/signup"),
    "login": ("nobody", "/login"),
    "privacy": ("nobody", "/privacy"),
    "dashboard-new": ("new", "/dashboard"),
    "settings": ("new", "/settings"),
    "plans": ("new", "/plans"),
    "practice": ("new", "/billing/practice?plan=Plus"),
    "return-waiting": ("new", "/billing/return"),
    "nowhere": ("new", "/nowhere"),
    "history-new": ("new", "/history"),
    "day-new": ("new", "/history/2026-01-01"),
    "conversations-new": ("new", "/conversations"),
    "dashboard-used": ("used", "/dashboard"),
    "plans-used": ("used", "/plans"),
    "practice-used": ("used", "/billing/practice"),
    "return": ("used", "/billing/return"),
    "history": ("used", "/history"),
    "day": ("used", f"/history/{datetime.now(UTC).date()}"),
    "conversations": ("used", "/conversations?q=sister"),
    "conversation": ("used", "/conversations/said"),
}
LONG = "A letter to my sister about the summer house by the lake, and whether to sell it this year"
SAID = (
    "# The sea\n\n- swim\n- rest\n\n| day | hours |\n|---|--:|\n| Monday | 2 |\n\n`code` "
    + "x" * 90
)
PICTURED = ("landing", "signup", "login", "dashboard-new", "dashboard-used", "plans-used")


def live_a_while(member: Member, site: LiveServer) -> None:
    """Give a new member a month of moods, some conversations and a plan."""
    now = datetime.now(UTC)
    scores = [6, 5.5, 7, 8, 4.5, 3, 6.5, 7.5, 9, 2, 5, 6, 7, 8.5, 10, 0, 6, 7]
    for ago, score in enumerate(scores):
        at = (now - timedelta(days=ago * 1.6, minutes=5)).isoformat()
        site.api("PATCH", f"/api/mood?userId={member.id}", {"score": score, "at": at})
    for summary in ("Sleep, and what helps", LONG, "Plans for the weekend"):
        site.save_chat(member.id, summary)
    said = [{"role": role, "content": SAID} for role in ("user", "assistant")]
    site.save_chat(member.id, "The sea", chatId="said", tags=["sea"], messages=said)
    token = member.page.locator("[name=csrf_token]").first.get_attribute("value") or ""
    form = {"action": "pay", "plan": "Plus", "csrf_token": token}
    assert member.page.context.request.post("/billing/practice", form=form).ok


@pytest.fixture
def visit(
    open_context: Contexts, site: LiveServer, console_errors: ConsoleErrors
) -> Callable[..., Page]:
    """Open one of PAGES as the one who sees it."""

    def go(name: str, **options: object) -> Page:
        who, path = PAGES[name]
        console_errors.expect("status of 404")
        page = open_context(**options).new_page()
        if who != "nobody":
            member = sign_up(page)
            if who == "used":
                page.goto("/dashboard")
                live_a_while(member, site)
                page.reload()
                save(page)
        page.goto(path)
        return page

    return go


def settle(page: Page, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", PAGES)
def test_it_is_accessible_and_never_scrolls_sideways(name: str, visit: Callable[..., Page]) -> None:
    page = visit(name)
    assert page.locator("h1").count() == 1
    for width in (360, 1280):
        for scheme in SCHEMES:
            settle(page, width, scheme)
            assert axe_violations(page) == [], (name, width, scheme)
    for width in (320, 360, 768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
    if name in PICTURED:
        PICTURES.mkdir(parents=True, exist_ok=True)
        for width in HEIGHTS:
            for scheme in SCHEMES:
                settle(page, width, scheme)
                page.screenshot(path=PICTURES / f"{name}-{width}-{scheme}.png", full_page=True)


def test_a_refused_form_and_an_open_menu_are_accessible(
    visit: Callable[..., Page], console_errors: ConsoleErrors
) -> None:
    console_errors.expect("status of 422")
    page = visit("signup")
    page.locator("[name=email]").fill("not an address")
    page.locator("[name=password]").fill("short")
    page.locator("form:has([name=password]) [type=submit]").click()
    expect(page.locator("[name=name]")).to_have_attribute("aria-invalid", "true")
    assert axe_violations(page) == []
    menu = visit("dashboard-new", viewport={"width": 360, "height": 800})
    menu.get_by_role("button", name="Menu").click()
    expect(menu.get_by_role("link", name="Settings")).to_be_visible()
    assert axe_violations(menu) == []


@pytest.mark.parametrize("name", ["dashboard-new", "dashboard-used"])
def test_the_first_view_is_light_and_from_here_alone(
    name: str, visit: Callable[..., Page], site: LiveServer
) -> None:
    before = visit(name)
    before.context.new_cdp_session(before).send("Network.clearBrowserCache")
    page = before.context.new_page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto("/dashboard", wait_until="networkidle")
    requested = {answer.url for answer in answers}
    icons = page.locator("link[rel~=icon]").evaluate_all("all => all.map(it => it.href)")
    assert len(requested | set(icons)) <= 5, requested
    assert {urlsplit(url).netloc for url in requested} == {f"127.0.0.1:{site.port}"}
    bodies = [answer.body() for answer in answers]
    bodies += [page.request.get(icon).body() for icon in icons if icon not in requested]
    headers = sum(len(json.dumps(answer.all_headers())) for answer in answers)
    weight = headers + sum(len(gzip.compress(body, 6)) for body in bodies)
    assert 10_000 < weight <= 60_000, "the scripts and styles are counted, and fit"
    assert len(answers) >= 4


def test_pages_of_sample_data_are_accessible_and_lead_to_an_account(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Look around with sample data").click()
    page.wait_for_url("**/dashboard")
    for path in ("/settings", "/plans", "/history", "/dashboard"):
        page.goto(path)
        for width in (1280, 360):
            settle(page, width, "light")
            assert axe_violations(page) == [], (path, width)
        page.set_viewport_size({"width": 320, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
    page.locator(".sample-note").get_by_role("link", name="Create an account").click()
    page.wait_for_url("**/signup")
    member = fill_sign_up(page)
    expect(page.locator("h1")).to_contain_text(member.name)
    expect(page.locator(".sample-note")).to_have_count(0)


def test_it_says_dark_when_the_system_does(visit: Callable[..., Page]) -> None:
    page = visit("landing")
    seen = set()
    for scheme in SCHEMES:
        settle(page, 360, scheme)
        seen.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert seen == {"rgb(246, 245, 241)", "rgb(18, 21, 27)"}


def test_a_password_is_never_on_a_page(page: Page, console_errors: ConsoleErrors) -> None:
    console_errors.expect("status of 422")
    page.goto("/login")
    page.locator("[name=email]").fill("nobody@example.com")
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("[name=email]")).to_have_value("nobody@example.com")
    assert PASSWORD not in page.content()


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_what_keeps_the_page_live_stands_at_its_foot(
    width: int, visit: Callable[..., Page]
) -> None:
    page = visit("dashboard-new", viewport={"width": width, "height": 800})
    foot = page.locator(".site-footer")
    tools = [foot.locator(name).bounding_box() for name in ("#updated", "#refresh", ".switch")]
    privacy = foot.get_by_role("link", name="Privacy").bounding_box()
    assert all(tools)
    assert privacy
    middles = [box["y"] + box["height"] / 2 for box in tools if box]
    assert max(middles) - min(middles) <= 1, "one row"
    if width == 360:
        assert max(middles) < privacy["y"], "above the links"
    else:
        assert abs(middles[0] - privacy["y"] - privacy["height"] / 2) <= 1, "in one row with them"
        assert all(box["x"] + box["width"] < privacy["x"] for box in tools if box)


def test_the_foot_has_no_switch_without_script(visit: Callable[..., Page]) -> None:
    page = visit("dashboard-new", java_script_enabled=False)
    expect(page.locator(".site-footer #refresh")).to_be_visible()
    expect(page.locator(".site-footer .switch")).to_be_hidden()
