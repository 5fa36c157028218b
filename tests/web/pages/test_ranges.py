"""The history's ranges: their addresses, the ways between them, and what they show."""

import html
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
import redis
import time_machine

from stats.conversations import save_conversation
from stats.moods.entries import record_mood
from stats.moods.scores import mean_score
from tests.web.helpers import Browser

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
TODAY = NOON.date()
LINK = re.compile(r'<a class="button" rel="(prev|next)" href="([^"]+)">')
SWITCH = re.compile(r'<a href="([^"]+)"( aria-current="true")?><span>(Week|Month|Year)</span>')
LISTED = re.compile(
    r'<li(?: class="column-end")?>\s*(?:<div class="card-header"><h3>)?'
    r'<a[^>]* href="/history/(2[\d-]+)">'
)


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


def write(db: redis.Redis, user: Browser, day: date, score: float, **words: object) -> None:
    """Check in at noon of a day."""
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    record_mood(db, user.user_id, score, at=at, **words)  # type: ignore[arg-type]


def back(days: int) -> date:
    return TODAY - timedelta(days)


TAGS = (("walk", 3), ("work", 5), ("tea", 4), ("swimming", 80))


def lived() -> Iterator[tuple[int, float, list[str]]]:
    """400 days: how long ago each is, its score and tags. Walk is higher, work lower."""
    chance = Random("a year")
    for days in range(1, 401):
        tags = [tag for tag, every in TAGS if days % every == 0]
        yield days, chance.choice((5, 6)) + 2 * ("walk" in tags) - 2 * ("work" in tags), tags


@pytest.fixture
def year(valkey: redis.Redis, alice: Browser) -> Browser:
    """Alice with 400 days up to yesterday."""
    for days, score, tags in lived():
        write(valkey, alice, back(days), score, tags=tags)
    return alice


def text(markup: str) -> str:
    """What a reader sees."""
    plain = re.sub(r"<svg\b.*?</svg>", " ", markup, flags=re.S)
    plain = re.sub(r"</?(a|b|bdi|i|span|time)\b[^>]*>", "", plain)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", plain))).strip()


def card(page: str, name: str) -> str:
    """One card of a page as it is read, "" without it."""
    found = re.search(rf'<section class="card {name}".*?</section>', page, re.S)
    return text(found[0]) if found else ""


def trend_days(page: str) -> list[str]:
    """The days that the trend links to."""
    return re.findall(r'id="trend-([\d-]+)"', page)


def ways(page: str) -> dict[str, str]:
    return dict(LINK.findall(page))


def test_the_switch_keeps_the_last_day(year: Browser) -> None:
    switch = {
        name: (address, bool(now))
        for address, now, name in SWITCH.findall(year.get("/history").text)
    }
    assert switch == {
        "Week": ("/history/week/2026-11-30", False),
        "Month": ("/history/month/2026-12", False),
        "Year": ("/history", True),
    }
    month = year.get("/history/month/2026-10").text
    assert {name: address for address, _, name in SWITCH.findall(month)} == {
        "Week": "/history/week/2026-10-26",
        "Month": "/history/month/2026-10",
        "Year": "/history/year/2026-10-31",
    }


def test_one_goes_back_to_the_first_entry_and_no_further(year: Browser) -> None:
    """400 days back lies 27 October 2025."""
    assert ways(year.get("/history").text) == {"prev": "/history/year/2025-12-01"}
    assert ways(year.get("/history/year/2025-12-01").text) == {"next": "/history"}
    assert ways(year.get("/history/month/2025-10").text) == {"next": "/history/month/2025-11"}
    assert ways(year.get("/history/month/2026-12").text) == {"prev": "/history/month/2026-11"}
    assert ways(year.get("/history/week/2025-10-27").text) == {"next": "/history/week/2025-11-03"}
    assert ways(year.get("/history/week/2026-11-26").text) == {
        "prev": "/history/week/2026-11-16",
        "next": "/history/week/2026-11-30",
    }


def test_nobody_without_an_entry_goes_anywhere(alice: Browser) -> None:
    for address in ("/history", "/history/week/2026-12-01", "/history/month/2026-12"):
        page = alice.get(address)
        assert page.status_code == 200
        assert ways(page.text) == {}
        assert "range-arrows" not in page.text, "no arrow that leads nowhere"


def test_an_arrow_that_leads_nowhere_is_not_drawn(year: Browser) -> None:
    for address in ("/history", "/history/month/2025-10"):
        [arrows] = re.findall(r'<nav class="range-arrows".*?</nav>', year.get(address).text, re.S)
        assert arrows.count("<svg") == 1


@pytest.mark.parametrize(
    "address",
    [
        *("week/2026-12-02", "week/2026-13-01", "week/x", "week/1999-12-27", "week/2026-11"),
        *("month/2027-01", "month/2026-13", "month/2026-11-01", "month/x", "month/1999-12"),
        *("year/2026-12-02", "year/2026", "year/2026-02-30", "year/1999-12-31", "week/", "weeks"),
    ],
)
def test_a_bad_address_is_not_found(alice: Browser, address: str) -> None:
    assert alice.get(f"/history/{address}").status_code == 404


def test_strangers_log_in_first(client) -> None:
    for address in (
        "/history/week/2026-11-30",
        "/history/month/2026-11",
        "/history/year/2026-12-01",
    ):
        assert client.get(address).status_code == 302


def test_a_week_shows_its_entries(valkey: redis.Redis, alice: Browser) -> None:
    write(valkey, alice, date(2026, 11, 22), 1, note="the week before")
    write(valkey, alice, date(2026, 11, 23), 6.5, note="Short <night>", tags=["tired"])
    write(valkey, alice, date(2026, 11, 25), 8)
    write(valkey, alice, date(2026, 11, 25), 5)
    write(valkey, alice, date(2026, 11, 30), 2, note="the week after")
    page = alice.get("/history/week/2026-11-29").text
    strip, listed = page.split("</nav>", 4)[3:]
    assert LISTED.findall(listed) == [f"2026-11-{day}" for day in range(29, 22, -1)]
    assert LISTED.findall(strip) == [f"2026-11-{day}" for day in range(23, 30)]
    assert "26 November 2026, not logged" in text(strip)
    assert "25 November 2026, mood 6.5" in text(strip)
    week = card(page, "week-days")
    assert "Monday 23 November Mood 6.5 12:00 6.5 Good tired Short <night>" in week
    assert "Wednesday 25 November Mean 6.5 12:00 5 In between 12:00 8 Good" in week
    assert week.count("Not logged") == 5
    assert "the week" not in week.replace("The days of the week", "")
    assert "Today Not logged" not in week
    this = alice.get("/history/week/2026-12-01").text
    strip, listed = this.split("</nav>", 4)[3:]
    assert LISTED.findall(listed) == ["2026-12-01", "2026-11-30"]
    assert LISTED.findall(strip) == ["2026-11-30", "2026-12-01"]
    assert re.findall(r"<b>(\d+)</b>", strip) == ["30", "1", "2", "3", "4", "5", "6"]
    assert "Today Not logged" in card(this, "week-days")


def test_a_month_shows_its_trend_its_cards_and_its_days(year: Browser) -> None:
    page = year.get("/history/month/2026-11").text
    assert LISTED.findall(page) == [f"2026-11-{day:02}" for day in range(30, 0, -1)]
    assert "Day by day Mean" in card(page, "trend")
    assert "30 of 30 days" in card(page, "trend")
    assert "Today" not in card(page, "trend")
    assert trend_days(page) == [f"2026-11-{day:02}" for day in range(1, 31)]
    assert "<h2>November and October</h2>" in page
    assert "1 Nov – 30 Nov · 30 days" in page
    assert "1 Oct – 31 Oct · 31 days" in page
    assert "Counted over the year up to 30 November 2026." in card(page, "tag-effects")
    assert 'class="card year"' not in page


@pytest.mark.parametrize(
    ("month", "days", "places"), [("2026-10", 31, 31), ("2026-02", 28, 28), ("2026-12", 1, 31)]
)
def test_a_month_draws_its_own_days(year: Browser, month: str, days: int, places: int) -> None:
    year.post("/dashboard/mood", {"score": "5", "day": "today"})
    page = year.get(f"/history/month/{month}").text
    trend = card(page, "trend")
    assert trend_days(page) == [f"{month}-{day:02}" for day in range(1, days + 1)]
    assert f'data-places="{places}"' in page
    assert page.count('<li aria-hidden="true">') == places - days
    assert f"{days} of {days} day" in trend
    assert "Last 30 days" not in trend


def test_a_month_of_one_day_says_so_and_what_counts_the_year(year: Browser) -> None:
    page = year.get("/history/month/2026-12").text
    assert "1 Dec · 0 days" in page
    assert "1 Dec – 1 Dec" not in page
    assert (
        "What goes with good days They say what was, not why. From the past year, up to yesterday"
        in (card(page, "tag-effects"))
    )
    week = year.get("/history/week/2026-12-01").text
    assert "History 30 November – 1 December 2026" in text(week)
    assert "From the past year" not in year.get("/history").text


def test_a_month_without_a_check_in_has_no_numbers_beside_its_dotted_line(
    valkey: redis.Redis, alice: Browser
) -> None:
    for has_numbers in (False, True):
        page = alice.get("/history/month/2026-12").text
        [plot] = re.findall(r'<div class="plot">.*?</section>', page, re.S)
        assert ("placeholder-line" in plot) == (not has_numbers)
        assert (">10</text>" in plot) == has_numbers
        assert (">1 Dec</text>" in plot) == has_numbers
        write(valkey, alice, TODAY, 5)


def test_cards_without_a_day_have_a_sentence_and_no_chart(alice: Browser) -> None:
    for address in ("/history", "/history/month/2026-12"):
        cards = alice.get(address).text.split('<div class="finding-cards">')[1]
        findings = cards.split('<section class="card tag-effects"')[0]
        assert findings.count('<section class="card finding">') == 3
        assert findings.count('class="placeholder"') == 3
        assert "<svg" not in findings
        assert "<table" not in findings


def test_tags_of_conversations_have_a_line_of_their_own(
    valkey: redis.Redis, alice: Browser
) -> None:
    messages = [{"role": "user", "content": "Hi"}]
    save_conversation(valkey, alice.user_id, messages, chat_id="chat", tags=["work"])
    write(valkey, alice, TODAY, 5)
    write(valkey, alice, back(1), 5, tags=["work"])
    with time_machine.travel(NOON + timedelta(1), tick=False):
        said = card(alice.get("/history").text, "tag-effects")
    assert "Too few days yet in check-ins: work." in said
    assert "Too few days yet in conversations: work." in said


def test_a_year_shows_the_days_of_that_year(year: Browser) -> None:
    page = year.get("/history").text
    assert len(LISTED.findall(page)) == 14
    assert "364 of 365 days" in card(page, "year")
    past = year.get("/history/year/2025-12-01").text
    assert "36 of 365 days" in card(past, "year")
    assert "today" not in card(past, "year")
    assert LISTED.findall(past)[0] == "2025-12-01"
    assert "2 Nov – 1 Dec · 30 days" in past
    assert "This week" not in past


def test_it_says_what_goes_with_good_days(year: Browser) -> None:
    said = card(year.get("/history").text, "tag-effects")
    assert "Higher on days with walk" in said
    assert "Lower on days with work" in said
    assert "No clear difference: tea." in said
    assert "Too few days yet: swimming." in said
    assert "They say what was, not why. Up to yesterday" in said
    assert re.search(
        r"walk \d\.\d higher With it \d\.\d on 121 days Without \d\.\d on 243 days", said
    )


def test_a_conversations_tag_says_so(valkey: redis.Redis, alice: Browser) -> None:
    chance = Random("choir")
    scores: dict[bool, list[float]] = {True: [], False: []}
    for days in range(60, 0, -1):
        high = chance.random() < 0.3
        scores[high].append((8 if high else 4) + days % 2)
        write(valkey, alice, back(days), scores[high][-1])
        if high:
            with time_machine.travel(NOON - timedelta(days), tick=False):
                messages = [{"role": "user", "content": "Hi"}]
                save_conversation(
                    valkey, alice.user_id, messages, chat_id=f"chat-{days}", tags=["choir <1>"]
                )
    page = alice.get("/history").text
    assert "Higher on days with choir <1> in conversations" in card(page, "tag-effects")
    assert 'href="/conversations?q=choir+%3C1%3E"' in page
    said = text(sentence(alice.get("/dashboard").text))
    assert said == (
        f"On the {len(scores[True])} days on which you talked about choir <1> your mean was "
        f"{mean_score(scores[True])}, on the other {len(scores[False])} it was "
        f"{mean_score(scores[False])}."
    )


def test_with_nothing_to_name_only_the_explaining_lines_stand(alice: Browser) -> None:
    said = card(alice.get("/history").text, "tag-effects")
    assert said.startswith(
        "What goes with good days A tag is named after ten days with it and ten without, and only "
        "if chance alone would hardly make such a difference. How it is counted"
    )
    page = alice.get("/history").text
    assert "Too few days yet: it takes ten days with a check-in in each." in page
    assert "Too few days yet: it takes two weekdays with four days logged each." in page
    assert "Too few days yet: it takes four days with a check-in." in page
    assert page.count("Too few days yet") == 3


def test_a_tag_filters_the_days(year: Browser) -> None:
    page = year.get("/history?tag=Swimming").text
    assert LISTED.findall(page) == [str(back(days)) for days in (80, 160, 240, 320)]
    assert "4 days with swimming" in card(page, "recent-days")
    assert "4 of 365 days" in card(page, "year")
    assert card(page, "year").count("Not logged") == 2  # today, and the legend
    assert "<option selected>swimming</option>" in page
    assert LISTED.findall(year.get("/history/month/2026-09?tag=swimming").text) == [str(back(80))]
    nothing = year.get("/history?tag=%3Cb%3E").text
    assert "No day in this range has it." in nothing
    assert "<b></bdi>" not in nothing


def test_a_page_of_a_tag_names_it_and_counts_its_days_alone(year: Browser) -> None:
    """Beside them what is counted over all days would contradict them."""
    page = year.get("/history?tag=swimming").text
    assert "Days with \u2068swimming\u2069 – Aira</title>" in page
    assert "<h1>Days with <bdi>swimming</bdi></h1>" in page
    assert "2 December 2025 – 1 December 2026 All days" in text(page)
    assert '<a class="touch-target" href="/history">All days</a>' in page
    assert "Your year 4 of 365 days with swimming Mood by day" in card(page, "year")
    assert "Not logged, or without swimming" in card(page, "year")
    assert re.findall(r'<section class="card ([a-z-]+)', page) == ["year", "recent-days"]
    month = year.get("/history/month/2026-09?tag=swimming").text
    assert re.findall(r'<section class="card ([a-z-]+)', month) == ["recent-days"]
    assert '<a class="touch-target" href="/history/month/2026-09">All days</a>' in month


def test_the_ways_from_a_tags_days_lead_to_its_days(year: Browser) -> None:
    page = year.get("/history?tag=walk").text
    assert ways(page) == {"prev": "/history/year/2025-12-01?tag=walk"}
    assert {name: address for address, _, name in SWITCH.findall(page)} == {
        "Week": "/history/week/2026-11-30",
        "Month": "/history/month/2026-12?tag=walk",
        "Year": "/history?tag=walk",
    }
    week = year.get("/history/week/2026-11-30?tag=swimming").text
    assert "<h1>History</h1>" in week
    assert LISTED.findall(week.split('id="days"')[1]) == ["2026-12-01", "2026-11-30"]


def test_the_list_begins_with_the_account_or_what_is_older(
    valkey: redis.Redis, alice: Browser
) -> None:
    """Days on which nobody could have logged anything are no days "Not logged"."""
    page = alice.get("/history").text
    assert LISTED.findall(page) == ["2026-12-01"]
    assert card(page, "recent-days") == "Your days so far Today Not logged · active"
    assert LISTED.findall(alice.get("/history/month/2026-12").text) == ["2026-12-01"]
    assert len(LISTED.findall(alice.get("/history/month/2026-02").text)) == 28
    write(valkey, alice, back(3), 5)
    assert LISTED.findall(alice.get("/history").text) == [str(back(days)) for days in range(4)]
    write(valkey, alice, back(400), 5)
    page = alice.get("/history").text
    assert len(LISTED.findall(page)) == 14
    assert "The last 14 days" in card(page, "recent-days")


def test_no_line_ends_with_a_dot_or_between_a_day_and_its_year(
    valkey: redis.Redis, alice: Browser
) -> None:
    write(valkey, alice, date(2025, 12, 31), 5, tags=["walk", "tea"])
    listed = alice.get("/history?tag=walk").text.split('id="days"')[1]
    assert ">Wednesday 31\u00a0December\u00a02025</a>" in listed
    assert "1\u00a0check-in ·\u00a0<bdi>tea</bdi>, <bdi>walk</bdi>" in listed


def test_a_year_ago_today_is_shown_if_it_was_logged(valkey: redis.Redis, alice: Browser) -> None:
    assert card(alice.get("/history").text, "year-ago") == ""
    write(valkey, alice, date(2025, 12, 1), 5.5, note="First frost.", tags=["family"])
    for address in ("/history", "/history/month/2026-12"):
        assert card(alice.get(address).text, "year-ago") == (
            "A year ago today Monday 1 December 2025 12:00 5.5 All right family First frost. "
            "Open the day"
        )
    assert card(alice.get("/history/month/2026-11").text, "year-ago") == ""


def sentence(page: str) -> str:
    """The sentence of the day on the dashboard, "" where there is none."""
    found = re.search(r'<p class="sentence">.*?</p>', page, re.S)
    return found[0] if found else ""


def test_the_dashboard_says_one_true_sentence_all_day(valkey: redis.Redis, year: Browser) -> None:
    said = sentence(year.get("/dashboard").text)
    with_walk = [score for days, score, tags in lived() if days < 365 and "walk" in tags]
    others = [score for days, score, tags in lived() if days < 365 and "walk" not in tags]
    assert text(said) == (
        f"On the {len(with_walk)} days with walk your mean was {mean_score(with_walk)}, "
        f"on the other {len(others)} it was {mean_score(others)}."
    )
    assert 'href="/history?tag=walk"' in said
    year.post("/dashboard/mood", {"score": "1", "day": "today"})
    write(valkey, year, TODAY, 0, tags=["walk"])
    assert sentence(year.get("/dashboard").text) == said
    assert "sentence" not in year.get("/dashboard/stats").text
    assert "121" in card(year.get("/history").text, "tag-effects")


def test_the_dashboard_says_nothing_where_nothing_is_true_to_say(
    valkey: redis.Redis, alice: Browser
) -> None:
    assert sentence(alice.get("/dashboard").text) == ""
    chance = Random("tired")
    for days in range(1, 60):
        low = chance.random() < 0.3
        write(valkey, alice, back(days), 5 + days % 2 - 3 * low, tags=["tired"] * low)
    assert "Lower on days with tired" in card(alice.get("/history").text, "tag-effects")
    assert sentence(alice.get("/dashboard").text) == ""


def test_no_card_needs_an_inline_style(year: Browser) -> None:
    for address in ("/history", "/history/month/2026-11", "/history/week/2026-11-30"):
        page = year.get(address).text
        assert " style=" not in page
        assert "<style" not in page
        ids = re.findall(r' id="([^"]+)"', page)
        assert len(ids) == len(set(ids))
