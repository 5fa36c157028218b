"""What a poll answers: the words beside the numbers, for every kind of user, in each language."""

import gettext
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask, render_template

from stats.accounts.sessions import Session
from stats.dashboard import Dashboard
from stats.lib.timestamps import iso, milliseconds
from stats.plans.billing_state import BillingState
from stats.snapshot import Snapshot
from stats.web.dashboard.stats_fragment import stats_fragment
from stats.web.templating import translation
from stats.web.templating.formatting import user_fingerprint

NOW = datetime(2024, 3, 12, 12, tzinfo=UTC)
TILE = re.compile(r"<dt>(.*?)</dt>\s*<dd.*?>(.*?)</dd>\s*<dd.*?>(.*?)</dd>", re.DOTALL)
TALK = re.compile(
    r'<p dir="auto">(?:<a id="[^"]+" href="(.*?)">)?(.*?)(?:</a>)?</p>\s*'
    r'<time datetime="(.*?)" title="(.*?)" data-relative>\4</time>'
)

Poll = Callable[..., str]


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days)


def make_board(
    *moods: tuple[float, float], created: datetime = NOW, recent: Any = (), **fields: str
) -> Dashboard:
    """Return what is known of a user whose moods are some (days ago, score), the latest last."""
    stored = [milliseconds(days_ago(days)) * 128 + round(score * 10) for days, score in moods]
    hash_fields = {"conversations": "0", "mood_score": "0", "days_active": "3", "streak": "2"}
    hash_fields |= {
        "longest_streak": "1",
        "version": "7",
        "recent_conversations": json.dumps(recent),
    }
    if moods:
        at = milliseconds(days_ago(moods[-1][0]))
        hash_fields |= {"mood_score": f"{moods[-1][1]:g}", "mood_updated_at": f"{at}", "drawn": "5"}
    flat = [part for pair in (hash_fields | fields).items() for part in pair]
    return Dashboard(
        user_id="maya",
        name="Maya",
        email="maya@example.org",
        theme="system",
        live=True,
        created=created,
        session=Session(0, 0, ""),
        snapshot=Snapshot.read([flat, NOW.date().isoformat()]),
        stored_moods=stored,
        billing=BillingState(),
        now=NOW,
    )


@pytest.fixture
def poll(app: Flask) -> Iterator[Poll]:
    """What makes a user and returns the answer to the user's poll."""

    def answer(*moods: tuple[float, float], **kwargs: Any) -> str:
        return render_template(
            "dashboard/_stats.html", **stats_fragment(make_board(*moods, **kwargs))
        )

    with app.test_request_context():
        yield answer


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
        (((1, 10),), "Mood yesterday", "10 Very good", "7-day mean 10.0"),
        (((7, 1), (1, 9)), "Mood yesterday", "9 Very good", "7-day mean 5.0"),
        (((2, 0),), "Mood on 10 March", "0 Very low", "7-day mean 0.0"),
        (((40, 3), (7, 5)), "Mood on 5 March", "5 In between", "7-day mean 5.0"),
        (((100, 2.5),), "Mood on 3 December 2023", "2.5 Low", "7-day mean 2.5"),
    ],
)
def test_mood(poll: Poll, moods: Any, name: str, number: str, said: str) -> None:
    drawn = poll(*moods)
    assert tile(drawn, name) == [number, said]
    assert (" data-logged-today " in drawn) == (name == "Mood today" and bool(moods))


def test_a_mood_has_the_shade_of_its_score(poll: Poll) -> None:
    for score, shade in ((0, 0), (0.4, 0), (0.5, 1), (6.4, 6), (6.5, 7), (9.5, 10), (10, 10)):
        assert f'<span class="mood-dot" data-m="{shade}">' in poll((0.1, score))


def test_a_score_from_before_that_has_no_entry_is_told_in_a_word(poll: Poll) -> None:
    drawn = poll(mood_score="6.25", mood_updated_at=str(milliseconds(days_ago(0.1))))
    assert tile(drawn, "Mood today") == ["6.25 All right", "All right"]


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0.1, "Today is the first"),
        (1, "Since 11 March"),
        (11, "Since 1 March"),
        (12, "Since Feb 2024"),
        (366, "Since Mar 2023"),
    ],
)
def test_days_active(poll: Poll, days: float, said: str) -> None:
    assert tile(poll(created=days_ago(days)), "Days active") == ["3", said]


@pytest.mark.parametrize(
    ("longest", "said"), [("0", "Longest 0 days"), ("1", "Longest 1 day"), ("2", "Longest 2 days")]
)
def test_streak(poll: Poll, longest: str, said: str) -> None:
    assert tile(poll(longest_streak=longest), "Streak") == ["2", said]


def conversation(days: float, summary: str, **more: str) -> dict[str, str]:
    return {"timestamp": iso(days_ago(days)), "summary": summary, **more}


def test_recent_conversations(poll: Poll) -> None:
    conversations = [
        conversation(0, "A walk", id="a|b:c@d.e-f_1"),
        conversation(1, "Tea"),
        conversation(365, "Rain", id="r"),
    ]
    drawn = poll(recent=conversations, timezone="Europe/Paris")
    assert TALK.findall(drawn) == [
        ("/conversations/a%7Cb:c@d.e-f_1", "A walk", "2024-03-12T12:00:00.000Z", "12 March, 13:00"),
        ("", "Tea", "2024-03-11T12:00:00.000Z", "11 March, 13:00"),
        ("/conversations/r", "Rain", "2023-03-13T12:00:00.000Z", "13 March 2023, 13:00"),
    ]
    assert "Nothing here yet" not in drawn
    assert "Nothing here yet" in poll()


@pytest.mark.parametrize("text", ["<i>", '"', "'", "&amp;", "\0000\0", "%(day)s", "{{ 1 }}", "ünï"])
def test_what_people_write_is_text(poll: Poll, text: str) -> None:
    odd = conversation(0, text) | {"timestamp": "2024-03-12<12:00:00+00:00"}
    for conversations in ([odd], [conversation(0, text, id="a")] * 3):
        matches = TALK.findall(poll(recent=conversations))
        assert [unescape(summary) for _, summary, _, _ in matches] == [text] * len(conversations)
        assert not {"<", ">", '"'} & set(matches[0][1] + matches[0][2])


def test_the_next_poll_says_what_is_shown(poll: Poll) -> None:
    drawn = poll((0.1, 6), version="8")
    assert (
        f'/dashboard/stats?v=8&amp;charts=5-20240312&amp;who={user_fingerprint("maya")}"' in drawn
    )
    assert 'data-today="2024-03-12"' in drawn


class Sharp(gettext.NullTranslations):
    """A language whose words have what HTML must not see in them."""

    def gettext(self, message: str) -> str:
        return f'"<{message}'

    def ngettext(self, one: str, many: str, num: int) -> str:
        return f'"<{one}'


def test_what_is_put_into_sentences_is_no_markup(
    poll: Poll, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translation, "get_translations", Sharp)
    drawn = poll((5, 6), recent=[conversation(0, "A walk")], created=days_ago(40))
    for text in (
        "&#34;&lt;7 &#34;&lt;March</dt>",
        "&#34;&lt;&#34;&lt;Feb 2024</dd>",
        ' title="&#34;&lt;&#34;&lt;12 &#34;&lt;March, 12:00"',
        ">&#34;&lt;&#34;&lt;12 &#34;&lt;March, 12:00</time>",
    ):
        assert text in drawn


def test_it_is_small(poll: Poll) -> None:
    conversations = [conversation(days, "ü" * 200, id="x" * 128) for days in range(3)]
    drawn = poll(*((days, 7.5) for days in range(365, -1, -1)), recent=conversations)
    assert len(drawn.encode()) < 6000
