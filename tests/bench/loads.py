"""The requests of each kind, and the rows that their figures make."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench.load import FRESH, Load, Target, request, write
from tests.bench.models import Model, full_day, make_model, new_user, year_of_moods
from tests.bench.open.crowd import BrowserState, browser_states, csrf_token, populate
from tests.bench.stage.servers import Store
from tests.bench.table import Row

USERS = 1000
# What a fragment or a form takes at least.
SIDE = 1800
BROWSER = (
    "HX-Request: true",
    "HX-Target: stats",
    "HX-Current-URL: http://127.0.0.1/dashboard",
    "Accept: */*",
    "Accept-Encoding: gzip, deflate, br",
    "Accept-Language: en-GB,en;q=0.5",
    "Referer: http://127.0.0.1/dashboard",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
)


@dataclass(frozen=True, slots=True)
class Files:
    """Files of requests, one user after the other."""

    plain: Path
    unchanged: Path
    browser_unchanged: Path
    changed: Path
    changed_year: Path
    api: Path
    form: Path
    json: Path


def make_files(on: Store) -> Files:
    """Make the users and write down what their browsers send."""
    fresh = _crowd(on, make_model(on.app, on.db, "n", new_user))
    aged = _crowd(on, make_model(on.app, on.db, "y", year_of_moods))
    writers = _crowd(on, make_model(on.app, on.db, "w", full_day), 2 * USERS)
    return Files(
        plain=_file("plain", fresh, lambda held: get("/poll", held)),
        unchanged=_file("unchanged", fresh, lambda held: get(held.poll, held)),
        browser_unchanged=_file("b-same", fresh, lambda held: get(held.poll, held, *BROWSER)),
        changed=_file("changed", fresh, lambda held: get(save_conversation_request(held), held)),
        changed_year=_file("year", aged, lambda held: get(save_conversation_request(held), held)),
        api=_file("api", fresh, lambda held: get("/api/dashboard", held)),
        form=_file("form", writers[:USERS], lambda held: form(on, held)),
        json=_file("json", writers[USERS:], lambda held: patch(on, held)),
    )


def _crowd(on: Store, model: Model, count: int = USERS) -> list[BrowserState]:
    populate(on.db, model, range(count))
    return list(browser_states(on.app, model, range(count)))


def _file(name: str, browser: Iterable[BrowserState], made: Callable[[BrowserState], str]) -> Path:
    return write(name, map(made, browser))


def get(path: str, browser: BrowserState, *headers: str) -> str:
    """Return a GET with the session cookie."""
    return request("GET", path, f"Cookie: session={browser.cookie}", *headers)


def save_conversation_request(browser: BrowserState) -> str:
    """Return what a page polls whose numbers are old: a conversation was saved meanwhile."""
    return re.sub(r"\bv=[^&]+", "v=1", browser.poll)


def form(on: Store, browser: BrowserState) -> str:
    """Return a mood as the page's form sends it, each time a new operation."""
    body = f"csrf_token={csrf_token(on.app, browser)}&op={FRESH}&score=6.5&note=&day=today"
    kind = "Content-Type: application/x-www-form-urlencoded"
    cookie = f"Cookie: session={browser.cookie}"
    return request("POST", "/dashboard/mood", cookie, kind, "HX-Request: true", body=body)


def patch(on: Store, browser: BrowserState) -> str:
    """Return a mood as a script on the page sends it."""
    headers = (f"X-CSRFToken: {csrf_token(on.app, browser)}", "Content-Type: application/json")
    cookie = f"Cookie: session={browser.cookie}"
    return request("PATCH", "/api/mood", cookie, *headers, body='{"score": 6.5}')


def main_targets(files: Files, app: int, const: int, wsgi: int) -> list[Target]:
    """Return what `make bench-short` measures."""
    return [
        Target("const", const, files.plain),
        Target("wsgi", wsgi, files.plain, 204),
        Target("unchanged", app, files.unchanged, 204),
        Target("changed", app, files.changed, least=SIDE),
        Target("changed, a year", app, files.changed_year, least=SIDE),
        Target("api", app, files.api),
        Target("form", app, files.form, least=SIDE),
        Target("json", app, files.json),
    ]


def more_targets(files: Files, app: int, const: int) -> list[Target]:
    """Return what `make bench` measures besides: other headers, more connections."""
    return [
        Target("browser, unchanged", app, files.browser_unchanged, 204),
        Target("const at 256", const, files.plain, connections=256),
        Target("unchanged at 256", app, files.unchanged, 204, 256),
    ]


def peer_targets(files: Files, ports: Mapping[str, int]) -> list[Target]:
    """Return the peers' JSON polls."""
    return [Target(name, port, files.plain) for name, port in ports.items()]


WORK_ROWS = {
    "changed": Row("Changed poll, new user ÷ const", 0, 0.4, 0.6),
    "changed, a year": Row("Changed poll, a year ÷ const", 0, 0.4, 0.6),
    "browser, unchanged": Row("Unchanged poll, all that a browser sends ÷ const", 0),
    "api": Row("GET /api/dashboard ÷ const", 0, 0.5, 0.7),
    "form": Row("Mood by the form, CSRF ÷ const", 0, 0.35, 0.5),
    "json": Row("Mood by JSON, CSRF ÷ const", 0, 0.4, 0.5),
    "const": Row("const itself", 0),
    "wsgi": Row("Bare WSGI that answers 204 ÷ const", 0),
}
UNCHANGED_ROWS = {
    "const": Row("Unchanged poll, 204 ÷ const", 0, 8, 11),
    "wsgi": Row("Unchanged poll ÷ bare WSGI that answers 204", 0, 0.4, 0.55),
    "fastify": Row("Unchanged poll ÷ fastify and ioredis", 0, 2.5, 4),
}
PEER_ROWS = {
    "naive": Row("Flask-Login, HGETALL, jsonify ÷ const", 0),
    "fastify": Row("fastify and ioredis ÷ const", 0),
    "express": Row("express and ioredis ÷ const", 0),
    "original": Row("The original's logic on bare Node: commands one after the other ÷ const", 0),
}


def unchanged_rows(loads: Mapping[str, Load]) -> list[Row]:
    """Return the ratios of an unchanged poll's rate to the others'."""
    ours = loads["unchanged"]
    return [
        replace(
            row, value=ours.rate / loads[name].rate, note=summary(ours) if name == "const" else ""
        )
        for name, row in UNCHANGED_ROWS.items()
        if name in loads
    ]


def ratio_rows(kinds: Mapping[str, Row], loads: Mapping[str, Load]) -> list[Row]:
    """Return the ratios of the rates to const's, with what stands behind them."""
    const = loads["const"].rate
    return [
        replace(row, value=loads[name].rate / const, note=summary(loads[name]))
        for name, row in kinds.items()
        if name in loads
    ]


def summary(load: Load) -> str:
    """Return a run's own figures in a few words."""
    return f"{load.rate:,.0f}/s, median {load.p50:.2f} ms, p99 {load.p99:.2f} ms"


def tail_rows(loads: Mapping[str, Load]) -> list[Row]:
    """Return the ratios of the 99th percentiles."""
    rows = []
    for suffix, count, must, aim in (("", 32, 0.2, 0.1), (" at 256", 256, 0.3, 0.15)):
        ours, const = loads[f"unchanged{suffix}"], loads[f"const{suffix}"]
        what = f"Unchanged poll's p99 ÷ const's, {count} connections"
        note = f"{ours.p99:.2f} ms, {const.p99:.2f} ms"
        rows.append(Row(what, ours.p99 / const.p99, must, aim, less=True, note=note))
    return rows
