"""A stream that goes, comes back, is refused or hears nothing: what stood stands no more."""

import logging
import signal
from collections.abc import Iterator

import pytest

from stats.store import tracking
from tests.badday.proxy import Proxy
from tests.badday.valkey import Valkey, short_folder
from tests.support.live_server import eventually
from tests.support.tracking import (
    TrackingClient,
    believe_for_ever,
    kill_tracking_connections,
    new_tracking_client,
    tracking_connections,
    write_user_key,
)

PAUSE_MS = 2500


@pytest.fixture
def server() -> Iterator[Valkey]:
    with short_folder() as folder:
        started = Valkey(folder)
        yield started
        started.send_signal(signal.SIGCONT)
        started.stop()


@pytest.fixture
def proxy(server: Valkey) -> Iterator[Proxy]:
    made = Proxy(server.socket)
    yield made
    made.close()


@pytest.fixture
def believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an answered ping be believed for as long as a test takes."""
    believe_for_ever(monkeypatch)


@pytest.fixture
def tracking_client(server: Valkey) -> Iterator[TrackingClient]:
    """Stamps that are in step."""
    client = new_tracking_client(f"unix://{server.socket}")
    yield client.start()
    client.close()


@pytest.fixture
def proxied_tracking(proxy: Proxy) -> Iterator[TrackingClient]:
    """Stamps that are in step, through the proxy."""
    client = new_tracking_client(proxy.url)
    yield client.start()
    client.close()


@pytest.fixture
def tracking_log() -> Iterator[list[str]]:
    """What is logged of streams; the list grows."""
    messages: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    tracking.log.addHandler(handler)
    yield messages
    tracking.log.removeHandler(handler)


def says_gone(line: str) -> bool:
    return line.startswith("Redis does not name what is written, so every poll asks it: ")


def says_back(line: str) -> bool:
    return line == "Redis names what is written: polls are answered from memory"


def test_a_lost_stream_changes_all_stamps_and_comes_back(
    tracking_client: TrackingClient, server: Valkey
) -> None:
    before = tracking_client.stamps()
    assert kill_tracking_connections(server.admin) == 1
    assert eventually(lambda: tracking_client.all_changed(before))
    assert eventually(tracking_client.is_in_step)
    assert len(tracking_connections(server.admin)) == 1
    alice = tracking_client.stamp("alice")
    write_user_key(server)
    assert eventually(lambda: tracking_client.stamp("alice") != alice)


def test_what_was_asked_for_without_a_stream_does_not_stand_with_one(
    proxied_tracking: TrackingClient, proxy: Proxy, server: Valkey
) -> None:
    before = proxied_tracking.stamps()
    proxy.mode = "refuse"
    assert eventually(lambda: "lost" in proxied_tracking.events)
    assert proxied_tracking.all_changed(before)
    between = proxied_tracking.stamps()
    write_user_key(server)
    assert not proxied_tracking.is_in_step()
    assert proxied_tracking.stamps() == between, "nobody says what is written"
    proxy.mode = "pass"
    assert eventually(proxied_tracking.is_in_step)
    assert proxied_tracking.all_changed(between)


@pytest.mark.parametrize("mode", ["hang", "garbage"])
def test_a_line_that_is_out_of_order_is_lost(
    proxied_tracking: TrackingClient, proxy: Proxy, mode: str
) -> None:
    before = proxied_tracking.stamps()
    proxy.mode = mode
    assert eventually(lambda: "lost" in proxied_tracking.events)
    assert proxied_tracking.all_changed(before)
    assert not proxied_tracking.is_in_step()
    proxy.mode = "pass"
    assert eventually(proxied_tracking.is_in_step)


def test_an_unexpected_key_does_not_end_it(tracking_client: TrackingClient, server: Valkey) -> None:
    before = tracking_client.stamp("alice")
    server.admin.set("user:{ünexpected", 1)
    server.admin.set("user:{", 1)
    write_user_key(server)
    assert eventually(lambda: tracking_client.stamp("alice") != before)
    assert eventually(tracking_client.is_in_step)
    assert "lost" not in tracking_client.events


@pytest.mark.usefixtures("believed")
def test_it_is_not_in_step_while_a_ping_is_not_answered(
    proxied_tracking: TrackingClient, proxy: Proxy
) -> None:
    """Redis answers a writer before it names the write where it has a ping to answer as well."""
    before = proxied_tracking.stamps()
    proxy.mode = "hang"
    assert eventually(lambda: not proxied_tracking.is_in_step())
    assert proxied_tracking.stamps() == before, "nothing was found to be wrong"
    # Its thread waits for the answer as long.
    proxy.mode = "refuse"


def test_it_is_not_in_step_while_redis_hangs(
    tracking_client: TrackingClient, server: Valkey
) -> None:
    before = tracking_client.stamps()
    server.send_signal(signal.SIGSTOP)
    assert eventually(lambda: not tracking_client.is_in_step())
    assert eventually(lambda: tracking_client.all_changed(before))
    server.send_signal(signal.SIGCONT)
    assert eventually(tracking_client.is_in_step)


def test_it_is_not_in_step_while_redis_pauses(
    tracking_client: TrackingClient, server: Valkey
) -> None:
    server.admin.execute_command("CLIENT", "PAUSE", PAUSE_MS, "ALL")
    assert eventually(lambda: not tracking_client.is_in_step())
    assert eventually(lambda: "lost" in tracking_client.events)
    assert eventually(tracking_client.is_in_step)


def test_a_restart_is_noticed(tracking_client: TrackingClient, server: Valkey) -> None:
    before = tracking_client.stamps()
    server.stop()
    assert not tracking_client.is_in_step()
    assert eventually(lambda: "lost" in tracking_client.events)
    between = tracking_client.stamps()
    server.start()
    assert eventually(tracking_client.is_in_step)
    assert tracking_client.all_changed(before)
    assert tracking_client.all_changed(between)


def test_a_line_is_written_when_it_goes_and_one_when_it_is_back(
    server: Valkey, proxy: Proxy, tracking_log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "RETRY_AFTER", 0.01)
    listener = new_tracking_client(proxy.url).start()
    assert tracking_log == []
    for times in (1, 2):
        proxy.mode = "refuse"
        assert eventually(lambda times=times: listener.events.count("lost") == times)
        # Many tries in vain are one loss.
        forgotten = listener.events.count("forgotten")
        proxy.mode = "hang"
        proxy.mode = "pass"
        assert eventually(listener.is_in_step)
        assert listener.events.count("forgotten") > forgotten
    assert list(map(says_gone, tracking_log)) == [True, False] * 2
    assert list(map(says_back, tracking_log)) == [False, True] * 2
    assert [state for state in listener.events if state != "forgotten"] == ["up", "lost"] * 2 + [
        "up"
    ]
    listener.close()


def test_a_stream_that_never_was_is_told_of_once(
    server: Valkey, proxy: Proxy, tracking_log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "RETRY_AFTER", 0.01)
    proxy.mode = "refuse"
    listener = new_tracking_client(proxy.url)
    tries = iter(range(100))
    monkeypatch.setattr(tracking, "_Stream", counted(tracking._Stream, tries))
    listener.tracking.start()
    assert eventually(lambda: next(tries, 100) > 5)
    assert list(map(says_gone, tracking_log)) == [True]
    assert not listener.is_in_step()
    proxy.mode = "pass"
    assert eventually(listener.is_in_step)
    assert list(map(says_back, tracking_log)) == [False, True]
    listener.close()


def counted(made: type, numbers: Iterator[int]) -> type:
    """Count how often one is made."""

    class Counted(made):  # type: ignore[misc]
        def __init__(self, *args: object) -> None:
            next(numbers)
            super().__init__(*args)

    return Counted


def limit(server: Valkey, *rules: str) -> None:
    server.admin.execute_command("ACL", "SETUSER", "limited", *rules)


def test_a_server_that_refuses_is_asked_again_later(
    server: Valkey, tracking_log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "REFUSED_FOR", 0.01)
    limit(server, "on", ">secret", "~*", "+@all", "-client|tracking")
    listener = new_tracking_client(f"unix://limited:secret@{server.socket}")
    before = listener.stamps()
    listener.tracking.start()
    assert eventually(lambda: "refused" in listener.events)
    assert listener.db.set("user:{alice}:touched", 1), "everything else is as ever"
    assert not listener.is_in_step()
    assert "NOPERM" in tracking_log[0] or "permissions" in tracking_log[0]
    limit(server, "+client|tracking")
    assert eventually(listener.is_in_step)
    assert listener.all_changed(before)
    assert [says_gone(line) for line in tracking_log] == [True, False]
    listener.close()


def users(server: Valkey) -> list[str]:
    """By which names the server knows its clients."""
    return [client["user"] for client in server.admin.client_list()]


def test_a_refused_stream_leaves_no_connection_open(server: Valkey) -> None:
    limit(server, "on", ">secret", "~*", "+@all", "-client|tracking")
    listener = new_tracking_client(f"unix://limited:secret@{server.socket}")
    listener.tracking.start()
    assert eventually(lambda: "refused" in listener.events)
    assert eventually(lambda: "limited" not in users(server))
    listener.close()
