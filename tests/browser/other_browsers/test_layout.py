"""Pages measured in Firefox and WebKitGTK: nothing cut, nothing overlapping, none past the edge."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.browser.other_browsers.conftest import Someone
from tests.browser.other_browsers.windows import Window
from tests.support.live_server import ROOT, LiveServer

pytestmark = pytest.mark.browser

MEASURE = Path(__file__).with_name("measure.js").read_text()
PICTURES = ROOT / "build" / "screenshots"
WIDTHS = {360: 800, 768: 1024, 1280: 900}
PUBLIC = ("/", "/signup", "/login", "/privacy")
PRIVATE = (
    "/dashboard",
    "/history",
    "/conversations?q=sea",
    "/conversations/c1",
    "/plans",
    "/settings",
)
LONG = "A letter to my sister about the summer house by the lake, and whether to sell it this year"
SAID = (
    "# The sea\n\n- swim\n- rest\n\n| day | hours |\n|---|---|\n| Monday | 2 |\n\n`"
    + "x" * 80
    + "`"
)


def complaints(window: Window, pages: tuple[str, ...]) -> dict[tuple[str, int], list[str]]:
    """What is wrong with the pages, by page and width."""
    found = {}
    for page in pages:
        window.open(page)
        for width, height in WIDTHS.items():
            window.resize(width, height)
            found[page, width] = window.driver.send("run", script=MEASURE, args=[])
            if page == "/dashboard":
                window.save_picture(PICTURES / f"dashboard-{window.name}-{width}.png")
    return {place: said for place, said in found.items() if said}


def live_a_while(someone: Someone, site: LiveServer) -> None:
    """Give somebody two months of moods, some on one day, and some conversations."""
    now, url = datetime.now(UTC), f"/api/mood?userId={someone.id}"
    for ago in range(0, 60, 2):
        at = (now - timedelta(ago)).isoformat()
        site.api("PATCH", url, {"score": (ago * 7 % 21) / 2, "at": at, "note": LONG})
    site.save_chat(someone.id, LONG, chatId="c0", title=LONG)
    messages = [{"role": "assistant", "content": SAID}]
    site.save_chat(someone.id, "The sea", chatId="c1", tags=["sea", LONG[:50]], messages=messages)


def test_pages_before_the_log_in(window: Window) -> None:
    assert complaints(window, PUBLIC) == {}


def test_pages_of_somebody_new_and_later(someone: Someone, site: LiveServer) -> None:
    assert complaints(someone.window, PRIVATE[:3]) == {}
    live_a_while(someone, site)
    assert complaints(someone.window, PRIVATE) == {}


# What spoils the log-in page, and what is said of it.
FAULTS = {
    "main.style.minWidth = '2000px'": "past the edge",
    "h1.style.position = 'absolute'; h1.style.left = '-50px'": "past the edge",
    "h1.style.cssText = 'width:20px; overflow:hidden; white-space:nowrap'": "cut",
    "h1.style.marginBottom = '-24px'": "overlap",
    "password.style.marginTop = '-90px'": "overlap",
    "link.style.textDecoration = 'none'": "not underlined",
}
FIND = """
const [main, h1] = document.querySelectorAll('main, h1');
const password = document.querySelector('[type=password]');
const link = document.querySelector('p > a');
"""


def test_faults_are_seen(window: Window) -> None:
    for fault, said in FAULTS.items():
        window.open("/login")
        assert window.driver.send("run", script=MEASURE, args=[]) == []
        window.driver.send("run", script=FIND + fault, args=[])
        found = window.driver.send("run", script=MEASURE, args=[])
        assert any(complaint.startswith(said) for complaint in found), (fault, found)
