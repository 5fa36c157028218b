"""Redis hangs, refuses, is slow, talks nonsense or loses answers: what every surface says."""

import os
import signal
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.badday.helpers import (
    KEY,
    MAX_OUTAGE_SECONDS,
    Person,
    RequestSpec,
    Response,
    Rig,
    read_requests,
    send,
    send_concurrently,
    send_until_available,
    service_request,
    write_requests,
)
from tests.badday.valkey import Valkey, short_folder
from tests.stripe_sim.model import Stripe
from tests.stripe_sim.server import StripeServer
from tests.support.live_server import eventually
from tests.web.helpers import PASSWORD

HUNG = float(os.environ.get("HUNG", "2"))
CROWD = 16


def crowd(rig: Rig, person: Person) -> list[RequestSpec]:
    """Sixteen requests over all surfaces, the log-in of a stranger among them."""
    login = person.form("login", "/login", 302, email=person.email, password=PASSWORD)
    ready = RequestSpec("ready", "GET", "/readyz")
    ways = [*read_requests(person), *write_requests(rig, person, "crowd"), ready]
    return [*(ways + ways)[: CROWD - 1], login]


def only_outages(ways: list[RequestSpec], answers: list[Response]) -> bool:
    said = {way.name: (one.status, one.seconds) for way, one in zip(ways, answers, strict=True)}
    assert all(answer.is_outage() for answer in answers), said
    for way, answer in zip(ways, answers, strict=True):
        if way.path.startswith("/api/"):
            assert {"error", "code"} <= set(answer.json) <= {"error", "code", "field"}
        else:
            assert "We cannot reach your numbers" in answer.text
    return True


@pytest.mark.parametrize("mode", ["hang", "refuse", "garbage"])
def test_all_say_so_in_time_and_it_recovers_by_itself(rig: Rig, person: Person, mode: str) -> None:
    ways, before = crowd(rig, person), person.numbers()
    stored = rig.valkey.dump()
    rig.proxy.mode = mode
    only_outages(ways, send_concurrently(person, ways))
    soon = send_concurrently(person, ways)
    only_outages(ways, soon)
    assert statistics.median(answer.seconds for answer in soon) < MAX_OUTAGE_SECONDS / 4
    assert rig.site.answers("/healthz")
    rig.proxy.mode = "pass"
    assert eventually(rig.site.answers, 5)
    assert rig.valkey.dump() == stored
    assert person.numbers() == before


def test_slow_is_still_right(rig: Rig, person: Person) -> None:
    rig.proxy.mode = "slow"
    for way in write_requests(rig, person, "slow"):
        assert person.ask(way).status == way.status, way
    for way in read_requests(person):
        assert person.ask(way).status == way.status, way
    counted_once(rig, person)


def counted_once(rig: Rig, person: Person) -> None:
    """One of each of `writes` is there, whole."""
    stats = person.ask(service_request("api", "GET", f"/api/dashboard?userId={person.id}")).json[
        "data"
    ]
    assert (stats["conversations"], len(stats["recent_conversations"])) == (1, 1)
    assert stats["plan"] == "Premium"
    moods = person.ask(service_request("mood", "GET", f"/api/mood?userId={person.id}")).json
    assert moods["stats"]["totalEntries"] == 2
    assert {entry["score"] for entry in moods["history"]} == {3, 7}
    person.ask(service_request("plan", "PATCH", f"/api/plan?userId={person.id}", {"plan": "Free"}))
    used = person.ask(service_request("plan", "GET", f"/api/entitlements?userId={person.id}")).json
    assert (used["plan"], used["used"]["daily_conversations"]) == ("Plus", 1)
    done = f"user:{{{person.id}}}:billing:done"
    assert rig.valkey.admin.zcard(done) == 1
    assert person.numbers()["plan"] == "Plus"


def is_cut(rig: Rig, person: Person, way: RequestSpec, place: int) -> bool:
    """Ask, and lose Redis's answer at this place; return whether there was one to be lost."""
    rig.proxy.drop_response(place)
    answer = person.ask(way)
    lost = not rig.proxy.has_response_to_drop
    rig.proxy.drop_response(0)
    # What only read was read once more.
    good = answer.status == way.status
    assert good or (lost and answer.is_outage()), (place, answer)
    return lost


@pytest.mark.parametrize("number", range(5), ids=["form", "mood", "chat", "plan", "webhook"])
def test_what_is_cut_off_after_the_write_counts_once(rig: Rig, number: int) -> None:
    """Whichever of Redis's answers is lost on the way, the client asks again."""
    place, lost = 0, True
    while lost:
        place += 1
        person = rig.person()
        ways = write_requests(rig, person, "cut")
        lost = is_cut(rig, person, ways[number], place)
        for way in ways:
            assert send_until_available(person, way).status == way.status
        counted_once(rig, person)
    assert place > (4 if ways[number].name == "webhook" else 1)


def test_a_stopped_server_is_an_outage_for_as_long_as_it_stands(rig: Rig, person: Person) -> None:
    ways, before = crowd(rig, person), person.numbers()
    again = threading.Event()
    rig.valkey.send_signal(signal.SIGSTOP)

    def ask_on(way: RequestSpec) -> list[Response]:
        answers = []
        while not again.is_set():
            answers.append(person.ask(way))
            again.wait(0.05)
        return answers

    with ThreadPoolExecutor(CROWD) as pool:
        futures = [pool.submit(ask_on, way) for way in ways]
        time.sleep(HUNG)
        again.set()
    rig.valkey.send_signal(signal.SIGCONT)
    for way, future in zip(ways, futures, strict=True):
        only_outages([way] * len(future.result()), future.result())
    assert eventually(rig.site.answers, 5)
    times = sorted(answer.seconds for future in futures for answer in future.result())
    print(f"\nstopped for {HUNG:g} s: {len(times)} answers, all 503, the slowest {times[-1]:.2f} s")
    # Whatever a 503 left in the stopped server's hands counts once, with its repetition.
    for way in ways:
        assert send_until_available(person, way).status in (way.status, 200)
    counted_once(rig, person)
    assert person.numbers()["days_active"] == before["days_active"]


def test_a_redis_that_is_away_at_the_start_is_waited_for() -> None:
    with StripeServer(Stripe()) as stripe, short_folder() as folder:
        valkey = Valkey(folder)
        rig = Rig(valkey, stripe, folder)
        rig.proxy.mode = "refuse"
        try:
            rig.serve(until="/healthz")
            port = rig.site.port
            headers = {"Authorization": f"Bearer {KEY}"}
            api = RequestSpec("api", "GET", "/api/dashboard?userId=u", headers=headers)
            for way in (RequestSpec("ready", "GET", "/readyz"), api):
                assert send(port, way).is_outage()
            assert send(port, RequestSpec("landing", "GET", "/")).status == 200
            rig.proxy.mode = "pass"
            assert eventually(rig.site.answers, 5)
            assert rig.person().numbers()["conversations"] == "0"
            assert rig.site.process.poll() is None
        finally:
            rig.close()
            valkey.stop()
