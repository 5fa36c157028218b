"""A real server in trouble: whatever it refuses is an outage, and nothing is half written."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.badday.faults import FAULTS, PASSWORD
from tests.badday.helpers import (
    Person,
    RequestSpec,
    Rig,
    read_requests,
    service_request,
    write_requests,
)
from tests.badday.valkey import Valkey, short_folder
from tests.stripe_sim.model import Stripe
from tests.stripe_sim.server import StripeServer
from tests.support.live_server import eventually
from tests.support.samples import MESSAGES
from tests.web.helpers import STAT_PATTERN

PAGES = (
    *("/dashboard", "/dashboard/charts", "/history", "/conversations", "/settings", "/plans"),
    *("/settings/export.json", "/settings/export.csv", "/settings/two-factor", "/billing/return"),
    *("/api/dashboard", "/api/mood", "/api/chat", "/api/entitlements"),
)


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    """A server with a password."""
    with short_folder() as folder:
        server = Valkey(folder, requirepass=PASSWORD, **{"busy-reply-threshold": "20"})
        yield server
        server.stop()


@pytest.fixture(scope="module")
def rig(valkey: Valkey) -> Iterator[Rig]:
    """An app that reaches its Redis without a proxy."""
    with StripeServer(Stripe()) as stripe, short_folder() as folder:
        password = PASSWORD.replace(" ", "%20")
        rig = Rig(valkey, stripe, folder, by=f"unix://:{password}@{valkey.socket}")
        rig.serve()
        yield rig
        rig.close()


@pytest.mark.parametrize("name", FAULTS)
def test_what_the_server_refuses_is_an_outage(
    rig: Rig, valkey: Valkey, person: Person, name: str
) -> None:
    fault, readable = FAULTS[name]
    reads, writes, numbers = (
        read_requests(person),
        write_requests(rig, person, "again"),
        person.numbers(),
    )
    before = valkey.dump()
    with fault(valkey):
        for way in writes:
            assert person.ask(way).is_outage(), (way.name, person.ask(way))
        for way in reads:
            answer = person.ask(way)
            assert answer.status == way.status if readable else answer.is_outage(), way.name
        assert rig.site.answers("/healthz")
        assert not rig.site.answers("/readyz")
    assert eventually(rig.site.answers, 5)
    assert valkey.dump() == before
    assert person.numbers() == numbers
    for way in writes:
        assert person.ask(way).status == way.status, way.name
    assert person.numbers()["conversations"] == "1"


@pytest.mark.parametrize("name", [name for name, (_, readable) in FAULTS.items() if readable])
def test_the_first_page_of_a_day_is_shown_and_counted_when_it_can_be(
    rig: Rig, valkey: Valkey, person: Person, name: str
) -> None:
    """What is shown is what is stored, and true now: a streak of which six days are missed is 0."""
    before = person.numbers()
    came_last(valkey, person, 7)
    stored = valkey.dump()
    with FAULTS[name][0](valkey):
        assert person.numbers() == before | {"streak": "0"}
        poll = person.poll_path()
        for path in (poll, *PAGES):
            assert person.ask(RequestSpec("read", "GET", path)).status == 200, path
        assert not rig.site.answers("/readyz")
    assert valkey.dump() == stored
    assert eventually(rig.site.answers, 5)
    fragment = person.ask(RequestSpec("poll", "GET", poll)).text
    assert "opened=" not in fragment
    counted = {"days_active": str(int(before["days_active"]) + 1), "streak": "1"}
    assert dict(STAT_PATTERN.findall(fragment)) == before | counted


def came_last(valkey: Valkey, person: Person, days: int) -> None:
    """Have somebody's last page, and the last use of their session, lie so many days back."""
    key, then = f"user:{{{person.id}}}", datetime.now(UTC) - timedelta(days)
    valkey.admin.set(f"{key}:last_login", then.date().isoformat())
    valkey.admin.hset(f"{key}:stats", "fresh_until", 0)
    for session, stored in valkey.admin.hgetall(f"{key}:sessions").items():
        made, _, agent = stored.split(":", 2)
        valkey.admin.hset(f"{key}:sessions", session, f"{made}:{int(then.timestamp())}:{agent}")


def test_a_poll_of_a_page_from_before_counts_no_day(
    rig: Rig, valkey: Valkey, person: Person
) -> None:
    before, poll = person.numbers(), person.poll_path()
    came_last(valkey, person, 1)
    for day in ("", "&opened=2020-01-01", "&opened=nonsense"):
        fragment = person.ask(RequestSpec("poll", "GET", poll + day)).text
        assert dict(STAT_PATTERN.findall(fragment)) == before
        assert "opened=" not in fragment


def test_scripts_lost_in_the_middle_are_sent_again(
    rig: Rig, valkey: Valkey, person: Person
) -> None:
    over = threading.Event()

    def forget() -> None:
        while not over.wait(0.001):
            valkey.admin.script_flush()

    thread = threading.Thread(target=forget)
    thread.start()
    path = f"/api/chat/save?userId={person.id}"
    try:
        statuses = {
            person.ask(service_request("chat", "POST", path, {"messages": MESSAGES})).status
            for _ in range(100)
        }
    finally:
        over.set()
        thread.join()
    assert statuses == {200}
    assert person.numbers()["conversations"] == "100"
