"""Fixtures: a store, and the application behind nginx."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.badday.valkey import Valkey, short_folder
from tests.deploy.helpers import Front, fronted, instance
from tests.support.live_server import LiveServer


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with short_folder() as short:
        yield short


@pytest.fixture(scope="module")
def store(folder: Path) -> Iterator[Valkey]:
    """A store of its own, as a deployment has it."""
    place = folder / "store"
    place.mkdir()
    store = Valkey(place)
    yield store
    store.stop()


@pytest.fixture(scope="module")
def site(folder: Path, store: Valkey) -> Iterator[LiveServer]:
    site = instance(folder / "site", store)
    yield site
    site.destroy()


@pytest.fixture(scope="module")
def front(folder: Path, site: LiveServer) -> Iterator[Front]:
    """nginx in front of one instance."""
    with fronted(folder / "nginx", site.port) as front:
        yield front
