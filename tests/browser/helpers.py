"""What the browser tests share: members, what a page shows, and what it complains of."""

import re
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, WebError, expect

PASSWORD = "a sentence nobody knows"
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CSP_LISTENER_SCRIPT = """
addEventListener('securitypolicyviolation', (event) => console.error(
    `policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""
AXE_SCRIPT = Axe().axe_script
AXE_VIOLATIONS_SCRIPT = """axe.run({resultTypes: ['violations']}).then((results) =>
    results.violations.map((rule) => [rule.id, rule.nodes.map((node) => node.html)]))"""
POLL_COUNTER_SCRIPT = """
window.polls = 0;
document.addEventListener('htmx:beforeSend', (event) => {
    if (event.detail.elt.id === 'stats') window.polls += 1;
});
"""
_numbers = count(1)


class ConsoleErrors:
    """Gathers console errors, uncaught errors and policy violations of contexts."""

    def __init__(self) -> None:
        self._seen: list[str] = []
        self._expected: list[str] = []
        self._listening = True

    def attach(self, context: BrowserContext) -> None:
        context.add_init_script(CSP_LISTENER_SCRIPT)
        context.on("console", self._hear)
        context.on("weberror", self._note)

    def expect(self, *words: str) -> None:
        """A complaint with one of these words in it belongs to the test."""
        self._expected.extend(words)

    def stop(self) -> None:
        """Listen no more."""
        self._listening = False

    def complaints(self) -> list[str]:
        return [said for said in self._seen if not any(word in said for word in self._expected)]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._add(f"{message.type}: {message.text} ({message.location.get('url')})")

    def _note(self, error: WebError) -> None:
        self._add(f"uncaught: {error.error}")

    def _add(self, complaint: str) -> None:
        if self._listening:
            self._seen.append(complaint)


@dataclass
class Member:
    """A member and the page in which they signed up."""

    page: Page
    name: str
    email: str
    _id: str = field(default="", repr=False)

    @property
    def id(self) -> str:
        """The user id, read where a member reads it: on the settings page, in another tab."""
        if not self._id:
            tab = self.page.context.new_page()
            tab.goto("/settings")
            self._id = tab.locator("#user-id").inner_text()
            tab.close()
        return self._id


def new_identity() -> tuple[str, str]:
    """A name and an e-mail address that nobody has had yet."""
    number = next(_numbers)
    return f"Maya {number}", f"maya-{number}@example.com"


def sign_up(page: Page) -> Member:
    """Sign up by the form's own route, without showing a page: fast, for what comes after."""
    name, email = new_identity()
    form = page.context.request.get("/signup").text()
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert token
    answer = page.context.request.post(
        "/signup",
        form={
            "name": name,
            "email": email,
            "password": PASSWORD,
            "timezone": "Europe/Berlin",
            "csrf_token": token[1],
        },
    )
    assert answer.ok
    assert answer.url.endswith("/dashboard")
    return Member(page, name, email)


def fill_sign_up(page: Page) -> Member:
    """Fill in the sign-up form as a person does, and send it."""
    name, email = new_identity()
    page.goto("/signup")
    page.locator("[name=name]").fill(name)
    page.locator("[name=email]").fill(email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form:has([name=password]) [type=submit]").click()
    page.wait_for_url("**/dashboard")
    return Member(page, name, email)


def axe_violations(page: Page) -> list[Any]:
    """The rules of accessibility that a page breaks as it is now, each with the elements."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    broken_rules: list[Any] = page.evaluate(AXE_VIOLATIONS_SCRIPT)
    return broken_rules


def expect_stat(page: Page, name: str, value: str) -> None:
    """The text of a number begins with the value, and the value ends there."""
    stat = page.locator(f'[data-stat="{name}"]')
    expect(stat).to_have_text(re.compile(rf"^\s*{re.escape(value)}(?![\d.])"))


def expect_mood(page: Page, value: str) -> None:
    expect_stat(page, "mood_score", value)


def refresh(page: Page) -> None:
    """Have the numbers asked for now, as the page itself does."""
    page.evaluate("htmx.trigger(document.body, 'aira:refresh')")


def slider(page: Page) -> Any:
    return page.locator("#mood-form input[type=range][name=score]")


def save(page: Page) -> None:
    """Save the check-in and wait until the answer stands on the page."""
    form = page.locator("#mood-form")
    op = form.locator("[name=op]").first.get_attribute("value")
    form.locator("#mood-save").click()
    expect(page.locator(f'#mood-form > [name=op][value="{op}"]')).to_have_count(0)


def last_entry(page: Page) -> Any:
    """The check-in that stands first beside the form, or on its day's page."""
    return page.locator(".entry").first


def expect_at_rest(page: Page) -> None:
    """The form waits for another check-in: nothing is chosen on it."""
    expect(slider(page)).to_have_attribute("aria-valuetext", "Choose a place on the line")


def undo_button(page: Page) -> Any:
    return page.get_by_role("button", name="Undo")


def log_out(page: Page) -> None:
    page.get_by_role("button", name="Log out", exact=True).click()
    page.wait_for_url(lambda url: url.rstrip("/").count("/") == 2)
