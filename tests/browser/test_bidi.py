"""Words that run from right to left, as a browser draws them."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.helpers import Member
from tests.support.live_server import LiveServer

pytestmark = pytest.mark.browser

OVERRIDE, POP = "\u202e", "\u2069"
HEBREW = "שלום עולם today"
# The letters of an element as they stand on the screen, from left to right.
SEEN = """(element) => {
    const letters = [], range = document.createRange();
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());) {
        for (let i = 0; i < node.length; i += 1) {
            range.setStart(node, i);
            range.setEnd(node, i + 1);
            const { left, width } = range.getBoundingClientRect();
            if (width) letters.push([left, node.data[i]]);
        }
    }
    return letters.sort((one, other) => one[0] - other[0]).map((it) => it[1]).join('');
}"""


def seen(page: Page, selector: str) -> str:
    return str(page.locator(selector).first.evaluate(SEEN))


@pytest.mark.parametrize("query", [f"{OVERRIDE}abc", f"{POP}{OVERRIDE}abc", f"\u2067{OVERRIDE}abc"])
def test_a_search_word_turns_no_line_round(member: Member, site: LiveServer, query: str) -> None:
    site.save_chat(member.id, "Talk", title=f"abc {query}")
    member.page.goto("/conversations")
    for words, begins, ends in ((query, "1found", "Showall"), (f"{query} x", "Nothing", ".")):
        member.page.locator("#q").fill(words)
        member.page.keyboard.press("Enter")
        line = ".search-summary" if words == query else ".card p"
        expect(member.page.locator(line).first).to_contain_text(begins[-3:])
        shown = seen(member.page, line).replace(" ", "").replace("\n", "")
        assert shown.startswith(begins)
        assert shown.endswith(ends)


def test_a_hebrew_note_stands_on_the_right(member: Member, site: LiveServer) -> None:
    site.api("PATCH", f"/api/mood?userId={member.id}", {"score": 7, "note": HEBREW})
    member.page.goto("/history")
    member.page.locator(".recent-days a").first.click()
    note = member.page.locator(".entry-note")
    expect(note).to_have_text(HEBREW)
    assert note.evaluate("(it) => getComputedStyle(it).direction") == "rtl"
    assert seen(member.page, ".entry-note").startswith("today")
