"""A real server in trouble: whatever it refuses is an outage, and nothing is half written."""

import threading
from collections.abc import Iterator

import pytest

from tests.badday.faults import FAULTS, PASSWORD
from tests.badday.helpers import Person, Rig, read_requests, service_request, write_requests
from tests.badday.valkey import Valkey, short_folder
from tests.stripe_sim.model import Stripe
from tests.stripe_sim.server import StripeServer
from tests.support.live_server import eventually
from tests.support.samples import MESSAGES


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
        assert rig.site.answers("/readyz") in ((True, False) if readable else (False,))
    assert eventually(rig.site.answers, 5)
    assert valkey.dump() == before
    assert person.numbers() == numbers
    for way in writes:
        assert person.ask(way).status == way.status, way.name
    assert person.numbers()["conversations"] == "1"


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
