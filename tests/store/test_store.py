"""The store: keys, scripts, and servers that hang, lose their scripts or lose their answers."""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from stats.embedded import server as embedded
from stats.errors import InvalidInput, StoreUnavailable
from stats.lib.timestamps import EPOCH
from stats.moods.entries import read_moods, record_mood
from stats.store.client import Db, connect
from stats.store.keys import (
    SNAPSHOT_KINDS,
    email_key,
    user_ids,
    user_key,
    user_keys,
    void_key,
)
from stats.store.operations import operation_id
from stats.store.scripts import run
from stats.user_stats import create_user_stats, get_user_stats, increment_conversations, open_stats
from tests.support.store_checks import BAD_IDS, LossyProxy, contents, run_lossy_proxy


class Hung:
    """A server that can be made to hang, and the app's own client of it."""

    def __init__(self, folder: Path) -> None:
        self.server = embedded.start(folder)
        self.db = connect(self.server.url)
        self._pid = int(self.db.info("server")["process_id"])

    def hang(self) -> None:
        os.kill(self._pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self._pid, signal.SIGCONT)

    def close(self) -> None:
        self.go_on()
        self.db.close()
        self.server.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Hung]:
    server = Hung(tmp_path)
    yield server
    server.close()


@pytest.fixture
def lossy_proxy(server_url: str, valkey: redis.Redis) -> Iterator[LossyProxy]:
    with (
        tempfile.TemporaryDirectory() as short,
        run_lossy_proxy(server_url, Path(short)) as lossy_proxy,
    ):
        yield lossy_proxy


def insist(db: Db) -> int:
    """Count a conversation as soon as the store takes it."""
    while True:
        try:
            return increment_conversations(db, "alice")
        except (StoreUnavailable, redis.TimeoutError, redis.ConnectionError):
            time.sleep(0.01)


def test_it_keeps_all_of_a_user_in_one_hash_slot():
    assert user_key("42", "stats") == "user:{42}:stats"
    assert user_keys("a|b:c@d.e-f_g", ("stats", "moods")) == [
        "user:{a|b:c@d.e-f_g}:stats",
        "user:{a|b:c@d.e-f_g}:moods",
    ]
    assert email_key("alice@example.com") == "email:{alice@example.com}"


@pytest.mark.parametrize("user_id", BAD_IDS)
def test_it_lets_no_id_leave_its_hash_tag(user_id):
    for key in (lambda: user_key(user_id, "stats"), lambda: void_key(user_id)):
        with pytest.raises(InvalidInput):
            key()
    with pytest.raises(InvalidInput):
        user_keys(user_id, ("stats",))


def test_it_names_every_user_once(db):
    names = [f"{kind}:{number}" for kind in ("a", "b") for number in range(600)]
    for name in names:
        db.hset(user_key(name, "stats"), "conversations", 0)
    db.hset("user:42:stats", "conversations", 0)
    db.hset(user_key("a:gone", "billing"), "asked", 1)
    db.set(user_key("a:text", "stats"), "not a hash")
    assert sorted(user_ids(db)) == sorted(names)
    assert sorted(user_ids(db, "b:59")) == ["b:59", *(f"b:59{digit}" for digit in range(10))]
    assert list(user_ids(db, "nobody")) == []


def test_it_names_a_user_once_whose_key_is_found_twice(valkey, monkeypatch):
    """SCAN may do so while the server makes room for more keys."""
    create_user_stats(valkey, "alice")
    scan = valkey.scan_iter
    monkeypatch.setattr(valkey, "scan_iter", lambda **how: iter([*scan(**how), *scan(**how)]))
    assert list(user_ids(valkey)) == ["alice"]


def test_it_goes_on_when_the_server_has_lost_its_scripts(db):
    create_user_stats(db, "alice")
    assert increment_conversations(db, "alice") == 1
    db.script_flush()
    assert increment_conversations(db, "alice") == 2
    assert increment_conversations(db, "alice") == 3


def test_it_passes_on_what_the_server_refuses(valkey):
    with pytest.raises(redis.ResponseError):
        valkey.execute_command("SET", "user:{alice}:stats")
    valkey.set("user:{alice}:stats", "not a hash")
    with pytest.raises(redis.ResponseError):
        increment_conversations(valkey, "alice")
    valkey.flushall()
    assert create_user_stats(valkey, "alice").conversations == 0


def test_it_says_at_once_that_a_hung_server_is_away(server):
    create_user_stats(server.db, "alice")
    server.hang()
    with pytest.raises(redis.TimeoutError):
        get_user_stats(server.db, "alice")
    for _ in range(20):
        with pytest.raises(StoreUnavailable):
            get_user_stats(server.db, "alice")


def test_it_recovers_by_itself_and_sends_nothing_twice(server):
    create_user_stats(server.db, "alice")
    assert increment_conversations(server.db, "alice") == 1
    server.hang()
    with pytest.raises(redis.TimeoutError):
        increment_conversations(server.db, "alice")
    server.go_on()
    # The one that timed out was in the server's hands and is counted; none is counted twice.
    assert insist(server.db) == 3
    assert increment_conversations(server.db, "alice") == 4


def test_it_answers_for_a_server_that_is_not_there():
    with connect("unix:///nonexistent/valkey.sock") as db:
        with pytest.raises(redis.ConnectionError):
            db.ping()
        with pytest.raises(StoreUnavailable):
            db.ping()


def test_it_sends_nothing_twice_when_an_answer_is_lost(lossy_proxy, valkey):
    create_user_stats(valkey, "alice")
    with connect(lossy_proxy.url) as db:
        assert increment_conversations(db, "alice") == 1
        lossy_proxy.drop_responses = True
        with pytest.raises(redis.ConnectionError):
            increment_conversations(db, "alice")
        lossy_proxy.drop_responses = False
        assert insist(db) == 3


def test_it_reads_again_when_an_answer_is_lost(lossy_proxy, valkey):
    create_user_stats(valkey, "alice")
    assert increment_conversations(valkey, "alice") == 1
    with connect(lossy_proxy.url) as db:
        lossy_proxy.drop_once()
        assert get_user_stats(db, "alice")
        lossy_proxy.drop_once()
        assert db.hget(user_key("alice", "stats"), "plan") == "Free"
        lossy_proxy.drop_once()
        with pytest.raises(redis.ConnectionError):
            increment_conversations(db, "alice")
        assert increment_conversations(db, "alice") == 3


def test_a_cut_of_a_server_that_is_gone_is_an_outage_at_once(lossy_proxy, valkey):
    create_user_stats(valkey, "alice")
    # The server must know the script: an answer that it does not is lost without a write.
    assert increment_conversations(valkey, "alice") == 1
    with connect(lossy_proxy.url) as db:
        db.ping()
        lossy_proxy.refuse_after_drop()
        with pytest.raises(redis.ConnectionError, match="connecting to"):
            increment_conversations(db, "alice")
        with pytest.raises(StoreUnavailable):
            increment_conversations(db, "alice")
    assert increment_conversations(valkey, "alice") == 3


def test_it_counts_once_what_the_client_sends_again(lossy_proxy, valkey):
    create_user_stats(valkey, "alice")
    op = operation_id("mood", "from the form")
    with connect(lossy_proxy.url) as db:
        db.ping()
        lossy_proxy.drop_responses = True
        with pytest.raises(redis.ConnectionError):
            record_mood(db, "alice", 7, op=op)
    record_mood(valkey, "alice", 7, op=op)
    assert len(read_moods(valkey, "alice", since=EPOCH)) == 1


def test_it_notices_before_it_sends_that_a_connection_has_died(server_url, valkey):
    with connect(server_url) as db:
        db.set("x", 1)
        assert valkey.client_kill_filter(_type="normal", skipme=True) >= 1
        assert db.get("x") == "1"


def test_it_repeats_nothing_by_itself_and_gives_up_in_time(server_url):
    client = connect(server_url)
    assert client.get_retry().get_retries() == 0
    options = client.connection_pool.connection_kwargs
    assert 0 < options["socket_connect_timeout"] <= 0.5
    assert 0 < options["socket_timeout"] <= 0.8


def test_it_takes_any_client_and_stores_the_same(valkey, server_url):
    with redis.Redis.from_url(server_url) as plain:
        create_user_stats(plain, "alice")
        before = contents(valkey)
        assert create_user_stats(valkey, "alice") == get_user_stats(plain, "alice")
        assert contents(valkey) == before


def test_it_reads_only_what_its_arguments_name(valkey):
    """A script touches the keys that it was given, which Redis Cluster insists on."""
    keys = user_keys("alice", SNAPSHOT_KINDS)
    run(valkey, "user_stats/open", keys, "2026-03-12")
    assert set(contents(valkey)) <= set(keys)
    assert open_stats(valkey, "alice", create=False).last_day.isoformat() == "2026-03-12"
