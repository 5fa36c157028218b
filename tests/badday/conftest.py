"""Fixtures: the rig, and a person with an account in it."""

from collections.abc import Iterator

import pytest

from tests.badday.helpers import Person, Rig
from tests.badday.proxy import drop_none
from tests.badday.valkey import Valkey, short_folder
from tests.stripe_sim.model import Stripe
from tests.stripe_sim.server import StripeServer
from tests.support.marks import reads_proc


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The rig reads /proc."""
    for item in items:
        if "badday" in str(item.path):
            item.add_marker(reads_proc)


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with short_folder() as folder:
        server = Valkey(folder)
        yield server
        server.stop()


@pytest.fixture(scope="module")
def rig(valkey: Valkey) -> Iterator[Rig]:
    """An app that reaches its Redis through the proxy."""
    with StripeServer(Stripe()) as stripe, short_folder() as folder:
        rig = Rig(valkey, stripe, folder)
        rig.serve()
        yield rig
        rig.close()


@pytest.fixture
def person(rig: Rig) -> Iterator[Person]:
    """Somebody new; the proxy is well again after the test."""
    yield rig.person()
    rig.proxy.drop_response(0)
    rig.proxy.drops = drop_none
    rig.proxy.mode = "pass"
