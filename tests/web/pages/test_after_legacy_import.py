"""Whoever comes from the first Aira opens a dashboard on which everything is right.

What is right is read from the old keys alone (tests/legacy_import/reader.py), and carried on by
the contract to the day on which the page is opened; nothing of the new store is asked for it.
"""

import html
import os
import re
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from stats.web.commands.import_aira import EXIT_VALUES_LOST, import_aira
from tests.legacy_import.reader import LegacyReading, read_user
from tests.legacy_import.store import DAY, LegacyUser, thousand_users
from tests.web.helpers import Browser, displayed_stats, form_token

ID = re.compile(r"[A-Za-z0-9_.:@|-]{1,128}")
SECTION = re.compile(r'<section class="card recent".*?</section>', re.DOTALL)
ITEM = re.compile(r'<li>\s*<p dir="auto">(.*?)</p>\s*<time datetime="([^"]+)"', re.DOTALL)
TODAY = re.compile(r'id="stats" data-today="([^"]+)"')
STATS = ("conversations", "mood_score", "days_active", "streak", "plan")
# The broken and the rare ones stand first, and then ordinary ones.
LOOK_FIRST = 100
# Of the ordinary ones every so many opens a page; `MOVED_EVERY=1` is the long form.
MOVED_EVERY = int(os.environ.get("MOVED_EVERY", "8"))


def read(page: TestResponse) -> dict[str, Any]:
    """What a dashboard shows."""
    stats: dict[str, Any] = {name: displayed_stats(page)[name] for name in STATS}
    section = SECTION.search(page.text)
    assert section
    for name in ("conversations", "days_active", "streak"):
        stats[name] = int(stats[name])
    stats["mood_score"] = None if stats["mood_score"] == "—" else float(stats["mood_score"])
    stats["recent"] = [
        (datetime.fromisoformat(at), html.unescape(text)) for text, at in ITEM.findall(section[0])
    ]
    return stats


def sign_in(app: Flask, path: str, number: int, visitor: Browser) -> Browser:
    """Press the button of a sign-in link, everybody in a browser and at an address of their own.

    Most come with the cookie that a visitor was given before, which spares them looking first.
    """
    browser = Browser(app, visitor.session)
    browser.client.environ_base["REMOTE_ADDR"] = f"10.1.{number // 250}.{number % 250}"
    token = form_token(browser.get(path)) if number < LOOK_FIRST else visitor.token
    assert browser.client.post(path, data={"csrf_token": token}).location == "/dashboard"
    return browser


def link(service_client: FlaskClient, user_id: str) -> str:
    answer = service_client.post(f"/api/users/{user_id}/link")
    assert answer.status_code == 200, (user_id, answer.json)
    return urlsplit(answer.json["url"]).path


def check(reading: LegacyReading, user: LegacyUser, page: TestResponse) -> None:
    day = TODAY.search(page.text)
    assert day
    today = date.fromisoformat(day[1])
    assert abs(today - datetime.now(UTC).date()) <= DAY
    assert read(page) == reading.page(today), user.id


def fill(db: redis.Redis, users: list[LegacyUser]) -> None:
    pipe = db.pipeline(transaction=False)
    for user in users:
        user.write(pipe)
    pipe.execute()


def dumped(db: redis.Redis) -> dict[bytes, bytes]:
    """All that is stored, to be compared."""
    keys, pipe = sorted(db.keys()), db.pipeline(transaction=False)
    for key in keys:
        pipe.dump(key)
    return dict(zip(keys, pipe.execute(), strict=True))


def import_users(app: Flask) -> str:
    result = app.test_cli_runner().invoke(import_aira)
    assert result.exit_code == EXIT_VALUES_LOST, result.stdout
    return result.stdout


def agree(reading: LegacyReading, user: LegacyUser) -> None:
    """What is read from the old store is what was meant when it was written."""
    meant, page = user.on(datetime.now(UTC).date()), reading.page(datetime.now(UTC).date())
    assert page["conversations"] == meant["conversations"], user.id
    assert page["plan"] == meant["plan"], user.id
    assert (page["mood_score"] or 0.0) == meant["mood_score"], user.id
    assert reading.days_active == meant["days_active"], user.id
    summaries = [item["summary"] for item in meant["recent_conversations"]]
    assert [text for _, text in page["recent"]] == summaries, user.id


@pytest.mark.one_server
@pytest.mark.timeout(240)
def test_the_dashboards_of_a_thousand_are_right(
    app: Flask, service_client: FlaskClient, valkey: redis.Redis, server_url: str
) -> None:
    users = thousand_users()
    with redis.Redis.from_url(server_url) as raw:
        fill(raw, users)
        first = import_users(app)
        stored = dumped(raw)
        assert import_users(app) == first.replace("earlier run: 0", "earlier run: 996")
        assert dumped(raw) == stored
        moved, opened, visitor = 0, 0, Browser(app)
        assert visitor.token
        for number, user in enumerate(users):
            reading = read_user(raw, user.id)
            if reading.nothing or not ID.fullmatch(user.id):
                assert user.expected is None
                assert service_client.post(f"/api/users/{quote(user.id)}/link").status_code in (
                    400,
                    404,
                )
                continue
            agree(reading, user)
            moved += 1
            if number >= LOOK_FIRST and number % MOVED_EVERY:
                continue
            browser = sign_in(app, link(service_client, user.id), number, visitor)
            check(reading, user, browser.get("/dashboard"))
            opened += 1
    assert (len(users), moved) == (1000, 996)
    assert opened >= LOOK_FIRST + 900 // MOVED_EVERY - 10
