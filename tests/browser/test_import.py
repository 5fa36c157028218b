"""Bringing an export back, with script: how far it is, what it took, and what went wrong."""

import json

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.helpers import ConsoleErrors, Member

pytestmark = pytest.mark.browser

# Tells of every step that the page shows, for a page that succeeds is left.
WATCH_STEPS = """() => {
  const step = document.getElementById('import-step');
  const tell = () => window.tellStep(step.textContent, !step.parentElement.hidden);
  new MutationObserver(tell).observe(step, { childList: true });
}"""


def exported(page: Page, conversations: int) -> bytes:
    """What the user can take along, with conversations that they never had."""
    export = page.request.get("/settings/export.json").json()
    export["conversations"] = [
        {
            "chatId": f"c{number}",
            "title": "Talk",
            "summary": "Talk",
            "savedAt": "2026-01-01T00:00:00Z",
            "messages": [{"role": "user", "content": "x" * 16_000}],
        }
        for number in range(conversations)
    ]
    return json.dumps(export).encode()


def bring(page: Page, data: bytes) -> None:
    page.locator("#file").set_input_files(
        {"name": "aira.json", "mimeType": "application/json", "buffer": data}
    )
    page.get_by_role("button", name="Restore", exact=True).click()


def test_it_shows_how_far_it_is_and_says_what_it_took(page: Page, member: Member) -> None:
    steps: list[tuple[str, bool]] = []
    page.expose_function("tellStep", lambda text, is_shown: steps.append((text, is_shown)))
    page.goto("/settings")
    page.evaluate(WATCH_STEPS)
    bring(page, exported(page, 1000))
    expect(page.get_by_text("Taken: 1,000 conversations.")).to_be_visible()
    assert steps[0] == ("Uploading: 0 %", True)
    assert steps[-1] == ("Uploaded. Aira is reading it.", True)


def test_a_wrong_file_is_said_beside_the_field(
    page: Page, member: Member, console_errors: ConsoleErrors
) -> None:
    console_errors.expect("422")
    page.goto("/settings")
    bring(page, b"[]")
    expect(page.locator("#file-error")).to_have_text("The file holds no JSON object.")
    expect(page.locator("#import-progress")).to_be_hidden()
    bring(page, exported(page, 1))
    expect(page.get_by_text("Taken: 1 conversation.")).to_be_visible()


def test_no_file_is_said_as_that(page: Page, member: Member, console_errors: ConsoleErrors) -> None:
    console_errors.expect("422")
    page.goto("/settings")
    page.get_by_role("button", name="Restore", exact=True).click()
    expect(page.locator("#file-error")).to_contain_text("No file was chosen.")


@pytest.mark.parametrize(
    ("status", "message"),
    [(0, "What was taken until now is kept"), (503, "Another large file"), (413, "larger than")],
)
def test_what_fails_is_said_and_can_be_tried_again(
    page: Page, member: Member, console_errors: ConsoleErrors, status: int, message: str
) -> None:
    def refuse(route: Route) -> None:
        if status:
            route.fulfill(status=status, body="")
        else:
            route.abort()

    console_errors.expect("Failed to load resource", "htmx", "Response Status Error", "sendError")
    page.goto("/settings")
    data = exported(page, 1)
    page.route("**/settings/import", refuse)
    bring(page, data)
    expect(page.locator("#import-failed")).to_contain_text(message)
    expect(page.locator("#import-progress")).to_be_hidden()
    page.unroute("**/settings/import")
    page.get_by_role("button", name="Restore", exact=True).click()
    expect(page.get_by_text("Taken: 1 conversation.")).to_be_visible()
