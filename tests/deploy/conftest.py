"""Fixtures: a store, and the application behind nginx."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.badday.valkey import Valkey, short_folder
from tests.deploy.helpers import Nginx, run_nginx, start_instance
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
    site = start_instance(folder / "site", store)
    yield site
    site.destroy()


@pytest.fixture(scope="module")
def nginx(folder: Path, site: LiveServer) -> Iterator[Nginx]:
    """nginx in front of one instance."""
    with run_nginx(folder / "nginx", site.port) as nginx:
        yield nginx
