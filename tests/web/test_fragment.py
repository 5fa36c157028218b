"""What a poll answers: the words beside the numbers, for every kind of user, in each language."""

import gettext
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask

from stats.billing_state import BillingState
from stats.dashboard import Dashboard
from stats.sessions import Session
from stats.snapshot import Snapshot, iso, milliseconds
from stats.web import words
from stats.web.fragment import fragment
from stats.web.mood_form import saved_form
from stats.web.views import who_is

NOW = datetime(2024, 3, 12, 12, tzinfo=UTC)
TILE = re.compile(r"<dt>(.*?)</dt>\s*<dd.*?>(.*?)</dd>\s*<dd.*?>(.*?)</dd>", re.DOTALL)
TALK = re.compile(
    r'<p>(?:<a href="(.*?)">)?(.*?)(?:</a>)?</p>\s*'
    r'<time datetime="(.*?)" title="(.*?)" data-relative>\4</time>'
)

Poll = Callable[..., str]


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days)


def make_board(
    *moods: tuple[float, float], created: datetime = NOW, talks: Any = (), **fields: str
) -> Dashboard:
    """Return what is known of a user whose moods are some (days ago, score), the latest last."""
    stored = [milliseconds(days_ago(days)) * 128 + round(score * 10) for days, score in moods]
    known = {"conversations": "0", "mood_score": "0", "days_active": "3", "streak": "2"}
    known |= {"longest_streak": "1", "version": "7", "recent_conversations": json.dumps(talks)}
    if moods:
        at = milliseconds(days_ago(moods[-1][0]))
        known |= {"mood_score": f"{moods[-1][1]:g}", "mood_updated_at": f"{at}", "drawn": "5"}
    return Dashboard(
        user_id="maya",
        name="Maya",
        email="maya@example.org",
        theme="system",
        live=True,
        created=created,
        session=Session(0, 0, ""),
        snapshot=Snapshot(known | fields, NOW.date()),
        stored_moods=stored,
        billing=BillingState(),
        now=NOW,
    )


@pytest.fixture
def poll(app: Flask) -> Poll:
    """What makes a user and returns the answer to the user's poll."""
    drawing = app.extensions["aira.drawing"]
    return lambda *moods, **how: fragment(make_board(*moods, **how), {}, drawing).decode()


def tile(drawn: str, name: str) -> list[str]:
    """Return what stands in a tile: its number and the words below it."""
    tiles = {found[0]: found[1:] for found in TILE.findall(drawn)}
    return [" ".join(re.sub("<.*?>", "", text).split()) for text in tiles[name]]


@pytest.mark.parametrize(("count", "said"), [(0, "None yet"), (1, "In all"), (12345, "In all")])
def test_conversations(poll: Poll, count: int, said: str) -> None:
    assert tile(poll(conversations=str(count)), "Conversations") == [str(count), said]


@pytest.mark.parametrize(
    ("moods", "name", "number", "said"),
    [
        ((), "Mood today", "—", "No check-in yet"),
        (((0.1, 6.5),), "Mood today", "6.5 Good", "7-day mean 6.5"),
        (((2, 1), (0.1, 4)), "Mood today", "4 A little low", "7-day mean 2.5"),
        (((1, 10),), "Last mood", "10 Very good", "Yesterday 7-day mean 10.0"),
        (((2, 0),), "Last mood", "0 Very low", "10 March 7-day mean 0.0"),
        (((40, 3), (7, 5)), "Last mood", "5 In between", "5 March"),
        (((100, 2.5),), "Last mood", "2.5 Low", "3 December 2023"),
    ],
)
def test_mood(poll: Poll, moods: Any, name: str, number: str, said: str) -> None:
    drawn = poll(*moods)
    assert tile(drawn, name) == [number, said]
    assert (" data-logged " in drawn) == (name == "Mood today" and bool(moods))


def test_a_mood_has_the_shade_of_its_score(poll: Poll) -> None:
    for score, shade in ((0, 0), (0.4, 0), (0.5, 1), (6.4, 6), (6.5, 7), (9.5, 10), (10, 10)):
        assert f'<span class="pip" data-m="{shade}">' in poll((0.1, score))


def test_a_score_from_before_that_has_no_entry_is_told_in_a_word(poll: Poll) -> None:
    drawn = poll(mood_score="6.25", mood_updated_at=str(milliseconds(days_ago(0.1))))
    assert tile(drawn, "Mood today") == ["6.25 All right", "All right"]


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0.1, "Today is the first"),
        (1, "Since 11 March"),
        (11, "Since 1 March"),
        (12, "Since February 2024"),
        (366, "Since March 2023"),
    ],
)
def test_days_active(poll: Poll, days: float, said: str) -> None:
    assert tile(poll(created=days_ago(days)), "Days active") == ["3", said]


@pytest.mark.parametrize(
    ("longest", "said"), [("0", "Longest 0 days"), ("1", "Longest 1 day"), ("2", "Longest 2 days")]
)
def test_streak(poll: Poll, longest: str, said: str) -> None:
    assert tile(poll(longest_streak=longest), "Streak") == ["2", said]


def talk(days: float, summary: str, **more: str) -> dict[str, str]:
    return {"timestamp": iso(days_ago(days)), "summary": summary, **more}


def test_recent_conversations(poll: Poll) -> None:
    talks = [talk(0, "A walk", id="a|b:c@d.e-f_1"), talk(1, "Tea"), talk(365, "Rain", id="r")]
    drawn = poll(talks=talks, timezone="Europe/Paris")
    assert TALK.findall(drawn) == [
        ("/conversations/a%7Cb:c@d.e-f_1", "A walk", "2024-03-12T12:00:00.000Z", "12 March, 13:00"),
        ("", "Tea", "2024-03-11T12:00:00.000Z", "11 March, 13:00"),
        ("/conversations/r", "Rain", "2023-03-13T12:00:00.000Z", "13 March 2023, 13:00"),
    ]
    assert "Nothing here yet" not in drawn
    assert "Nothing here yet" in poll()


@pytest.mark.parametrize("text", ["<i>", '"', "'", "&amp;", "\0000\0", "%(day)s", "{{ 1 }}", "ünï"])
def test_what_people_write_is_text(poll: Poll, text: str) -> None:
    odd = talk(0, text) | {"timestamp": "2024-03-12<12:00:00+00:00"}
    for talks in ([odd], [talk(0, text, id="a")] * 3):
        found = TALK.findall(poll(talks=talks))
        assert [unescape(summary) for _, summary, _, _ in found] == [text] * len(talks)
        assert not {"<", ">", '"'} & set(found[0][1] + found[0][2])


def test_the_next_poll_says_what_is_shown(poll: Poll) -> None:
    drawn = poll((0.1, 6), version="8")
    assert f'/dashboard/stats?v=8&amp;charts=5-20240312&amp;who={who_is("maya")}"' in drawn
    assert 'data-today="2024-03-12"' in drawn
    assert '<div class="charts" id="charts-5-20240312" hx-preserve>' in drawn


def test_a_form_that_was_saved_has_an_operation_of_its_own(app: Flask) -> None:
    drawing, clock = app.extensions["aira.drawing"], make_board().clock
    forms = [saved_form(drawing, 6, "today", clock, "token").decode() for _ in range(2)]
    ids = [re.findall('name="op" value="(.*?)"', form) for form in forms]
    assert len({own for own, _ in ids}) == 2
    assert [undo for _, undo in ids] == [f"{own}-undo" for own, _ in ids]


def test_charts_are_sent_unless_the_page_has_them(app: Flask) -> None:
    board, drawing = make_board((0.1, 6)), app.extensions["aira.drawing"]
    kept, sent = (
        fragment(board, {}, drawing, charts).decode() for charts in (board.charts, "5-20240311")
    )
    assert "<svg" not in kept.partition('class="side"')[0]
    assert drawing.charts(board.mood_days, board.today).decode() in sent


class Marked(gettext.NullTranslations):
    """A language that marks what it says."""

    def gettext(self, message: str) -> str:
        return f"§{message}"

    def ngettext(self, one: str, many: str, num: int) -> str:
        return f"§{one}"


class Sharp(gettext.NullTranslations):
    """A language whose words have what HTML must not see in them."""

    def gettext(self, message: str) -> str:
        return f'"<{message}'

    def ngettext(self, one: str, many: str, num: int) -> str:
        return f'"<{one}'


def test_words_in_gaps_are_no_markup(poll: Poll, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "spoken", Sharp)
    talks = [talk(0, "A walk")]
    drawn = poll((5, 6), talks=talks, created=days_ago(40), drawn='"<')
    for text in (
        ' id="charts-&quot;&lt;-20240312"',
        '<span class="sr"> &quot;&lt;All right</span>',
        "<span>&quot;&lt;7 &quot;&lt;March</span>",
        "Since &quot;&lt;&quot;&lt;February 2024</dd>",
        ">&quot;&lt;Longest 1 day</dd>",
        ' title="&quot;&lt;&quot;&lt;12 &quot;&lt;March, 12:00"',
        ">&quot;&lt;&quot;&lt;12 &quot;&lt;March, 12:00</time>",
    ):
        assert text in drawn


def test_languages_are_kept_apart(app: Flask, poll: Poll, monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = app.extensions["aira.drawing"]

    def form() -> str:
        return saved_form(drawing, 6, "today", make_board().clock, '"<token>').decode()

    english, marked = poll(), Marked()
    assert "How are you today?" in form()
    monkeypatch.setattr(words, "spoken", lambda: marked)
    # Templates that other tests have compiled are in English.
    monkeypatch.setattr(app.jinja_env, "bytecode_cache", None)
    other = poll()
    for name, said in {"§Streak": "§Longest 1 day", "§Conversations": "§None yet"}.items():
        assert tile(other, name)[1] == said
    assert "§Your plan" in other
    assert "§How are you today?" in form()
    assert 'value="&quot;&lt;token&gt;"' in form()
    monkeypatch.undo()
    assert poll() == english
    assert "§" not in english + form()
