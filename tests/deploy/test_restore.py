"""A Redis of one's own is restored as docs/operations.md says."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.badday.valkey import Valkey, short_folder
from tests.support.live_server import eventually


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as short:
        yield short


@pytest.fixture
def saved(folder: Path) -> Path:
    """The folder of a store that has stopped, with one value in a dump and in its log."""
    place = folder / "old"
    place.mkdir()
    store = Valkey(place)
    store.admin.set("kept", "yes")
    store.admin.save()
    store.stop()
    return place


@pytest.fixture
def empty(folder: Path) -> Path:
    """The folder of a new store."""
    place = folder / "new"
    place.mkdir()
    return place


def test_a_dump_is_read_before_the_log_is_switched_on(saved: Path, empty: Path) -> None:
    shutil.copy(saved / "dump.rdb", empty)
    store = Valkey(empty, appendonly="no")
    try:
        assert store.admin.get("kept") == "yes"
        store.admin.config_set("appendonly", "yes")
        assert eventually(lambda: is_logged(store))
        store.send_signal(signal.SIGKILL)
        store.process.wait()
        store.start(appendonly="yes")
        assert store.admin.get("kept") == "yes"
    finally:
        store.stop()


def test_a_dump_is_not_read_by_a_store_that_wants_a_log(saved: Path, empty: Path) -> None:
    """Why the page says so: the store comes up empty, and says nothing."""
    shutil.copy(saved / "dump.rdb", empty)
    store = Valkey(empty)
    try:
        assert store.admin.get("kept") is None
    finally:
        store.stop()


def test_a_log_is_read_as_it_is(saved: Path, empty: Path) -> None:
    shutil.copytree(saved / "appendonlydir", empty / "appendonlydir")
    store = Valkey(empty)
    try:
        assert store.admin.get("kept") == "yes"
    finally:
        store.stop()


def is_logged(store: Valkey) -> bool:
    """Whether what was read has reached the log."""
    state = store.admin.info("persistence")
    waits = state["aof_rewrite_in_progress"] or state["aof_rewrite_scheduled"]
    return bool(state["aof_enabled"] and not waits)
