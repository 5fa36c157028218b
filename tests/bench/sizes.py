"""What a user costs in bytes, by Redis's own count with nothing estimated."""

from typing import Any

from tests.bench.models import (
    SUMMARIES,
    Life,
    new_user,
    stored_keys,
    three_conversations,
    year_of_moods,
)
from tests.bench.stage.servers import Store
from tests.bench.table import Row
from tests.web.helpers import Browser, sign_up


def rows(on: Store) -> list[Row]:
    """Return the bytes of what the figures name."""
    bea, cleo = member(on, "Bea", three_conversations), member(on, "Cleo", new_user)
    dora = member(on, "Dora", year_of_moods)
    letters = "summaries of " + ", ".join(str(len(summary)) for summary in SUMMARIES) + " letters"
    stats, moods = used(on, bea.key("stats")), used(on, dora.key("moods"))
    return [
        _size("Stats hash with three summaries, bytes", stats, 700, 600, letters),
        _size("A year of one mood a day, no notes, bytes", moods, 6144, 4096),
        _size("All keys of a new user, bytes", used(on, *stored_keys(on.db, cleo.user_id))),
        _size("All keys of a user with such a year", used(on, *stored_keys(on.db, dora.user_id))),
    ]


def _size(
    what: str, value: int, must: float | None = None, aim: float | None = None, note: str = ""
) -> Row:
    return Row(what, value, must, aim, less=True, form="{:,.0f}", note=note)


def used(on: Store, *keys: str) -> int:
    """Return the bytes that these keys take, names and all."""
    sizes: list[Any] = [on.db.memory_usage(key, samples=0) for key in keys]
    return sum(map(int, sizes))


def member(on: Store, name: str, life: Life) -> Browser:
    """Return the browser of somebody who signed up, lived so, and has seen the dashboard."""
    browser = sign_up(on.app, name)
    life(on.db, browser.user_id)
    assert browser.token
    assert browser.get("/dashboard").status_code == 200
    return browser
