"""Service keys: what is kept of them, who gets in, and how often Redis is asked about it."""

import gc
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fakeredis
import pytest
import redis

from stats import service_keys
from stats.errors import InvalidInput, NotFound, StoreUnavailable
from stats.service_keys import MAX_KEYS, check, create_key, list_keys, revoke_key
from stats.store.client import Db, connect
from tests.support.store_checks import contents, run_concurrently, run_lossy_proxy
from tests.web.helpers import RoundTrips

Later = Callable[[float], None]


@pytest.fixture
def advance_clock(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Let seconds pass, for the module that is tested alone."""
    clock = Clock()
    monkeypatch.setattr(service_keys, "time", clock)
    return clock.pass_


class Clock:
    def __init__(self) -> None:
        self.now = 1_900_000_000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def round_trips(monkeypatch: pytest.MonkeyPatch) -> RoundTrips:
    return RoundTrips(monkeypatch)


def other(key: str) -> str:
    """Return a key of the same prefix that was never made."""
    return key[:-1] + ("A" if key[-1] != "A" else "B")


def test_a_key_is_good_for_whom_it_was_made(db: Db) -> None:
    key = create_key(db, "  Chat backend ")
    assert re.fullmatch(r"aira_[a-z2-7]{8}[A-Za-z0-9_-]{43}", key)
    assert check(db, key) == "Chat backend"
    assert len({create_key(db, "Chat backend") for _ in range(20)} | {key}) == 21


def test_nothing_of_the_secret_is_stored(db: Db) -> None:
    key = create_key(db, "Chat")
    assert check(db, key)
    stored = repr(contents(db))
    assert key[5:13] in stored
    assert key not in stored
    assert key[13:] not in stored


def test_no_other_key_is_good(db: Db) -> None:
    key = create_key(db, "Chat")
    wrong = ["", " ", "aira_", key[:-1], key + "A", key.upper(), f" {key}", f"{key}\n", other(key)]
    wrong += [
        key[5:],
        f"aira_{key[5:13]}",
        f"aira_aaaaaaaa{key[13:]}",
        "ä" * 56,
        "aira_" + "*" * 51,
    ]
    wrong += [list_keys(db)[0].digest, "\0", "\ud800"]
    assert [check(db, one) for one in wrong] == [None] * len(wrong)
    assert check(db, key) == "Chat"


def test_it_lists_them_oldest_first(db: Db, advance_clock: Later) -> None:
    keys = [create_key(db, name) for name in ("one", "two: a colon")]
    advance_clock(5)
    keys.append(create_key(db, "three"))
    assert check(db, keys[1])
    service_keys_listed = list_keys(db)
    assert {key.name for key in service_keys_listed[:2]} == {"one", "two: a colon"}
    assert (
        service_keys_listed[2].name,
        service_keys_listed[2].prefix,
        service_keys_listed[2].used_at,
    ) == ("three", keys[2][5:13], None)
    assert service_keys_listed[2].created_at - service_keys_listed[0].created_at == 5
    assert [key.used_at for key in service_keys_listed if key.name.startswith("two")] == [
        1_900_000_005
    ]


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\nb", "a\x1b[2Jb", "\0", "\ud800"])
def test_it_refuses_a_name_that_cannot_be_shown(db: Db, name: str) -> None:
    with pytest.raises(InvalidInput):
        create_key(db, name)
    assert contents(db) == {}


def test_there_are_no_more_than_a_hundred(db: Db) -> None:
    for number in range(MAX_KEYS):
        create_key(db, f"program {number}")
    with pytest.raises(InvalidInput, match="100 keys"):
        create_key(db, "one more")
    assert len(list_keys(db)) == MAX_KEYS


def test_a_revoked_key_stops_within_thirty_seconds(db: Db, advance_clock: Later) -> None:
    kept, gone = create_key(db, "kept"), create_key(db, "gone")
    assert [check(db, key) for key in (kept, gone)] == ["kept", "gone"]
    revoke_key(db, gone[5:13])
    advance_clock(30)
    assert [check(db, key) for key in (kept, gone)] == ["kept", None]
    assert [key.name for key in list_keys(db)] == ["kept"]


def test_traffic_of_another_key_does_not_prolong_a_revoked_one(
    db: Db, advance_clock: Later
) -> None:
    kept, gone = create_key(db, "kept"), create_key(db, "gone")
    assert check(db, gone)
    revoke_key(db, gone[5:13])
    for _ in range(30):
        advance_clock(1)
        assert check(db, kept) == "kept"
    assert check(db, gone) is None


@pytest.mark.parametrize("prefix", ["", "aaaaaaaa", "*", "a" * 9, "Ä"])
def test_what_is_not_there_cannot_be_revoked(db: Db, prefix: str) -> None:
    create_key(db, "Chat")
    with pytest.raises(NotFound):
        revoke_key(db, prefix)
    assert len(list_keys(db)) == 1


def test_a_use_does_not_bring_a_revoked_key_back(db: Db, advance_clock: Later) -> None:
    key = create_key(db, "gone")
    assert check(db, key)
    revoke_key(db, key[5:13])
    for _ in range(5):
        advance_clock(61)
        assert check(db, key) is None
    assert contents(db) == {}


def test_a_new_key_is_good_a_second_after_a_wrong_one(db: Db, advance_clock: Later) -> None:
    assert check(db, "aira_" + "a" * 51) is None
    key = create_key(db, "new")
    advance_clock(1)
    assert check(db, key) == "new"


def test_a_call_costs_a_look_every_thirty_seconds(
    valkey: Db, advance_clock: Later, round_trips: RoundTrips
) -> None:
    keys = [create_key(valkey, name) for name in ("one", "two")]
    assert check(valkey, keys[0])
    round_trips.count = 0
    for _ in range(58):
        advance_clock(0.5)
        assert check(valkey, keys[0]) == "one"
    assert round_trips.count == 0
    advance_clock(1)
    assert check(valkey, keys[0])
    assert round_trips.count == 1


def test_last_use_is_written_once_a_minute(valkey: Db, advance_clock: Later) -> None:
    key, seen = create_key(valkey, "one"), set()
    for _ in range(180):
        advance_clock(1)
        assert check(valkey, key)
        seen.add(list_keys(valkey)[0].used_at)
    assert len(seen) == 3


def test_each_key_has_a_last_use_of_its_own(valkey: Db, advance_clock: Later) -> None:
    keys = [create_key(valkey, name) for name in ("one", "two")]
    assert check(valkey, keys[0])
    advance_clock(5)
    assert check(valkey, keys[1])
    advance_clock(90)
    assert check(valkey, other(keys[0])) is None
    assert sorted(key.used_at or 0 for key in list_keys(valkey)) == [1_900_000_000, 1_900_000_005]


def test_guesses_cost_one_look_a_second_and_no_memory(
    valkey: Db, advance_clock: Later, round_trips: RoundTrips
) -> None:
    create_key(valkey, "one")
    assert check(valkey, "aira_" + "b" * 51) is None
    ring, before = service_keys._ring(valkey), contents(valkey)
    round_trips.count = 0
    for number in range(1000):
        assert check(valkey, f"aira_{'b' * 8}{number:043d}") is None
    assert round_trips.count == 0
    advance_clock(1)
    assert check(valkey, "aira_" + "b" * 51) is None
    assert round_trips.count == 1
    assert (len(ring._snapshot.keys), len(ring._snapshot.written)) == (1, 0)
    assert contents(valkey) == before


def test_a_hundred_threads_look_once(valkey: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    key, looks = create_key(valkey, "Chat"), []
    run = service_keys.run

    def slow(*args: Any) -> Any:
        looks.append(args)
        time.sleep(0.05)
        return run(*args)

    monkeypatch.setattr(service_keys, "run", slow)
    assert run_concurrently(100, lambda _: check(valkey, key)) == ["Chat"] * 100
    assert [args[1] for args in looks] == ["service_keys/read", "service_keys/note_use"]


def test_a_look_of_another_thread_in_between_refuses_nobody(
    valkey: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known and how old it is belong together."""
    key = create_key(valkey, "Chat")
    ring, find, others = service_keys._ring(valkey), service_keys.KeySnapshot.find, []

    def overtaken(snapshot: service_keys.KeySnapshot, prefix: str, digest: str) -> Any:
        name = find(snapshot, prefix, digest)
        if not others:
            others.append(prefix)
            ring._snapshot = snapshot.refreshed(valkey, "another", "")
        return name

    monkeypatch.setattr(service_keys.KeySnapshot, "find", overtaken)
    assert check(valkey, key) == "Chat"


@pytest.fixture
def client_and_cut(server_url: str, tmp_path: Path) -> Iterator[tuple[Db, Callable[[], None]]]:
    """A client whose server can be cut off."""
    with run_lossy_proxy(server_url, tmp_path) as proxy:
        client = connect(proxy.url)

        def cut() -> None:
            proxy.drop_responses = True

        yield client, cut
        client.close()


def test_while_redis_is_away_nobody_gets_in_and_nobody_is_sent_away(
    valkey: Db, client_and_cut: tuple[Db, Callable[[], None]], advance_clock: Later
) -> None:
    client, cut = client_and_cut
    key = create_key(valkey, "Chat")
    assert check(client, key) == "Chat"
    cut()
    advance_clock(29)
    assert check(client, key) == "Chat"
    advance_clock(2)
    for candidate in (key, other(key), "aira_" + "b" * 51):
        with pytest.raises((redis.ConnectionError, StoreUnavailable)):
            check(client, candidate)


def test_each_store_has_keys_of_its_own(valkey: Db) -> None:
    key = create_key(valkey, "Chat")
    assert check(valkey, key)
    assert check(fakeredis.FakeRedis(), key) is None


def test_what_is_known_goes_with_its_client(server_url: str) -> None:
    gc.collect()
    before = len(service_keys._rings)
    client = connect(server_url)
    assert check(client, "aira_" + "b" * 51) is None
    assert len(service_keys._rings) == before + 1
    client.close()
    del client
    gc.collect()
    assert len(service_keys._rings) == before
