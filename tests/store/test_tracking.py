"""Whose data has been written, as Redis says: stamps change, and are believed while in step."""

import threading
from collections.abc import Iterator

import pytest
import redis

from stats.store.client import Db
from stats.store.keys import user_keys
from stats.store.script_sources import READ_DASHBOARD
from stats.store.scripts import run
from stats.store.tracking import Tracking
from stats.user_stats import increment_conversations, open_stats
from tests.badday.proxy import Proxy
from tests.badday.valkey import Valkey, short_folder
from tests.support.live_server import eventually
from tests.support.tracking import (
    TrackingClient,
    believe_for_ever,
    gate,
    kill_tracking_connections,
    new_tracking_client,
    pause_stream,
    tracking_connections,
    write_user_key,
)


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with short_folder() as folder:
        started = Valkey(folder)
        yield started
        started.stop()


@pytest.fixture
def unstarted_tracking(server: Valkey) -> Iterator[TrackingClient]:
    """Stamps of a client whose stream was not begun."""
    client = new_tracking_client(f"unix://{server.socket}")
    yield client
    client.close()


@pytest.fixture
def tracking_client(unstarted_tracking: TrackingClient) -> TrackingClient:
    """Stamps that are in step."""
    return unstarted_tracking.start()


@pytest.fixture
def believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an answered ping be believed for as long as a test takes."""
    believe_for_ever(monkeypatch)


def test_a_stamp_is_never_had_twice(tracking_client: TrackingClient, server: Valkey) -> None:
    seen = set()
    for _ in range(20):
        before = tracking_client.stamp("alice")
        assert before not in seen
        seen.add(before)
        write_user_key(server)
        assert eventually(lambda before=before: tracking_client.stamp("alice") != before)


def test_what_this_process_writes_is_known_without_a_stream(
    unstarted_tracking: TrackingClient,
) -> None:
    alice, bob = unstarted_tracking.stamp("alice"), unstarted_tracking.stamp("bob")
    open_stats(unstarted_tracking.db, "alice")
    assert unstarted_tracking.stamp("alice") != alice
    assert unstarted_tracking.stamp("bob") == bob


def test_a_write_that_failed_may_have_been_carried_out(server: Valkey) -> None:
    proxy = Proxy(server.socket)
    lost = new_tracking_client(proxy.url)
    open_stats(lost.db, "alice")
    before = lost.stamp("alice")
    proxy.drop_response(1)
    with pytest.raises(redis.ConnectionError):
        increment_conversations(lost.db, "alice")
    assert lost.stamp("alice") != before
    lost.close()
    proxy.close()


def test_reading_a_dashboard_changes_no_stamp(tracking_client: TrackingClient) -> None:
    before = tracking_client.stamps()
    run(tracking_client.db, READ_DASHBOARD, user_keys("alice", ["stats"] * 7), "session", 0, "", 0)
    assert tracking_client.is_in_step()
    assert tracking_client.stamps() == before


@pytest.mark.parametrize("command", ["FLUSHALL", "FLUSHDB"])
def test_to_delete_everything_changes_all_stamps(
    tracking_client: TrackingClient, server: Valkey, command: str
) -> None:
    before = tracking_client.stamps()
    server.admin.execute_command(command)
    assert eventually(lambda: tracking_client.all_changed(before))
    assert eventually(tracking_client.is_in_step)


def test_keys_of_nobody_change_no_stamp(tracking_client: TrackingClient, server: Valkey) -> None:
    before = tracking_client.stamps()
    server.admin.mset({"census": 1, "email:{alice}": 2, "user": 3})
    write_user_key(server, "somebody-else")
    assert eventually(tracking_client.is_in_step)
    assert tracking_client.stamps() == before


@pytest.mark.usefixtures("believed")
def test_it_is_not_in_step_at_once_when_bytes_wait(
    tracking_client: TrackingClient, server: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream_gate = pause_stream(monkeypatch, tracking_client)
    write_user_key(server)
    assert not tracking_client.is_in_step()
    stream_gate.open()


@pytest.mark.usefixtures("believed")
def test_it_is_not_in_step_while_a_message_is_worked_on(
    tracking_client: TrackingClient, server: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream_gate, before = (
        gate(monkeypatch, tracking_client, Tracking, "_note"),
        tracking_client.stamp("alice"),
    )
    stream_gate.shut()
    write_user_key(server)
    stream_gate.wait()
    assert tracking_client.tracking._is_quiet(), "all was taken from the connection"
    assert not tracking_client.is_in_step()
    assert tracking_client.stamp("alice") == before
    stream_gate.open()
    assert eventually(tracking_client.is_in_step)
    assert tracking_client.stamp("alice") != before


@pytest.mark.usefixtures("believed")
def test_it_is_not_in_step_once_its_stream_was_killed(
    tracking_client: TrackingClient, server: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream_gate = pause_stream(monkeypatch, tracking_client)
    assert kill_tracking_connections(server.admin) == 1
    assert not tracking_client.is_in_step(), "though its thread has not noticed"
    stream_gate.open()
    assert eventually(lambda: len(tracking_connections(server.admin)) == 1)


def test_a_thread_that_gets_no_turn_is_not_believed_for_long(
    tracking_client: TrackingClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream_gate, before = pause_stream(monkeypatch, tracking_client), tracking_client.stamps()
    assert eventually(lambda: not tracking_client.is_in_step())
    assert tracking_client.stamps() == before, "nothing was found to be wrong"
    stream_gate.open()
    assert eventually(tracking_client.is_in_step)


def test_it_is_in_step_before_it_begins_no_more_than_after_its_end(
    unstarted_tracking: TrackingClient, server: Valkey
) -> None:
    others = set(threading.enumerate())
    assert not unstarted_tracking.is_in_step()
    unstarted_tracking.start()
    unstarted_tracking.tracking.start()
    (thread,) = set(threading.enumerate()) - others
    assert thread.name == "tracking"
    before = unstarted_tracking.stamps()
    unstarted_tracking.tracking.close()
    assert unstarted_tracking.all_changed(before)
    assert eventually(lambda: not thread.is_alive())
    assert eventually(lambda: not tracking_connections(server.admin))
    assert not unstarted_tracking.is_in_step()
    unstarted_tracking.tracking.start()
    assert set(threading.enumerate()) <= others, "what was closed does not begin again"


def test_a_cluster_is_not_tracked(cluster_client: Db) -> None:
    others = threading.active_count()
    tracking = Tracking(cluster_client)
    tracking.start()
    assert threading.active_count() == others
    open_stats(cluster_client, "alice")
    before = tracking.stamp(tracking.shard("alice"))
    increment_conversations(cluster_client, "alice")
    assert tracking.stamp(tracking.shard("alice")) != before
    assert not tracking.is_in_step()
    tracking.close()
