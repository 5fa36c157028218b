"""Connections are cut while Redis is well: each costs at most the request on it."""

import random
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from operator import ge

import pytest

from tests.badday.helpers import Person, RequestSpec, Rig, read_requests, service_request
from tests.badday.proxy import drop_none
from tests.support.live_server import eventually

READERS, KILLS, BETWEEN = 4, 10, 3
ROUNDS = 15


class Reader:
    """Asks for the same again and again, and counts the statuses."""

    def __init__(self, person: Person, ways: Sequence[RequestSpec]) -> None:
        self.person, self.ways = person, ways
        self.statuses: Counter[tuple[str, int]] = Counter()

    def run(self, over: threading.Event) -> None:
        while not over.is_set():
            for way in self.ways:
                self.statuses[way.name, self.person.ask(way).status] += 1


def kill_connections(rig: Rig, readers: Sequence[Reader]) -> None:
    """Kill all connections KILLS times; each reader has some more answers before the next time.

    So no request meets two of them: a read is made once more, not twice.
    """
    for _ in range(KILLS):
        enough = [answers(reader) + BETWEEN for reader in readers]
        assert eventually(lambda e=enough: all(map(ge, map(answers, readers), e)), 30)
        rig.valkey.admin.client_kill_filter(_type="normal", skipme=True)


def answers(reader: Reader) -> int:
    return reader.statuses.total()


def test_killed_connections_cost_no_reader_an_answer(rig: Rig, person: Person) -> None:
    ways, over = read_requests(person), threading.Event()
    readers = [Reader(person, ways) for _ in range(READERS)]
    with ThreadPoolExecutor(READERS) as pool:
        lives = [pool.submit(reader.run, over) for reader in readers]
        try:
            kill_connections(rig, readers)
        finally:
            over.set()
    for life in lives:
        life.result()
    seen = set().union(*(reader.statuses for reader in readers))
    assert seen == {(way.name, way.status) for way in ways}


def test_a_lost_answer_costs_at_most_the_write_it_belonged_to(rig: Rig, person: Person) -> None:
    """One answer of Redis in seven is lost, those to a new connection's greetings included."""
    ways, drops = read_requests(person), []
    rig.proxy.drops = lambda: drops.append(len(drops) % 7 == 6) or drops[-1]
    assert {(way.name, person.ask(way).status) for _ in range(ROUNDS) for way in ways} == {
        (way.name, way.status) for way in ways
    }
    drops.clear()
    saved = [person.ask(mood(person, number)).status for number in range(ROUNDS)]
    rig.proxy.drops = drop_none
    assert set(saved) == {200, 503}
    assert saved.count(503) <= drops.count(True)


def test_a_fifth_of_answers_lost_is_no_outage(rig: Rig, person: Person) -> None:
    ways, chance = read_requests(person), random.Random(24)
    rig.proxy.drops = lambda: chance.random() < 0.2
    statuses = [person.ask(way).status == way.status for _ in range(ROUNDS) for way in ways]
    assert statuses.count(True) > len(statuses) / 2


def mood(person: Person, number: int) -> RequestSpec:
    path = f"/api/mood?userId={person.id}"
    return service_request("mood", "PATCH", path, {"score": 5}, key=f"cut {number}")


@pytest.mark.parametrize("number", range(5), ids=["page", "poll", "history", "api", "chats"])
def test_a_read_whose_answer_is_lost_is_read_again(rig: Rig, person: Person, number: int) -> None:
    way = read_requests(person)[number]
    for place in (1, 2):
        rig.proxy.drop_response(place)
        assert person.ask(way).status == way.status
