"""The embedded Valkey's folder: what is in it, who may look, what a bad one does."""

import os
from pathlib import Path

import pytest
import redis

from stats.embedded import server, unix_socket
from stats.errors import StoreUnavailable
from tests.embedded.helpers import finish, is_running, kill, line, server_pid, server_pids
from tests.support.live_server import eventually


def test_all_is_private(folder):
    folder.mkdir(mode=0o755)
    server.start(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o077 for path in folder.rglob("*")}
    assert "valkey.sock" in modes
    assert set(modes.values()) == {0}


def test_nothing_listens_on_the_network(folder):
    hold = server.start(folder)
    with redis.Redis.from_url(hold.url) as db:
        assert db.config_get("port", "tls-port") == {"port": "0", "tls-port": "0"}
    if not Path("/proc/net").exists():
        return
    own = {os.readlink(fd) for fd in Path(f"/proc/{server_pid(hold)}/fd").iterdir()}
    tables = [Path(f"/proc/net/{table}") for table in ("tcp", "tcp6")]
    rows = [row.split() for table in tables for row in table.read_text().splitlines()[1:]]
    assert not own & {f"socket:[{row[9]}]" for row in rows}


def test_the_server_is_set_up_to_keep_what_it_is_given(folder):
    wanted = {
        "appendonly": "yes",
        "appendfsync": "no",
        "save": "",
        "maxmemory-policy": "noeviction",
        "hash-max-listpack-value": "1024",
    }
    with redis.Redis.from_url(server.start(folder).url) as db:
        assert db.config_get(*wanted) == wanted


def test_a_stale_socket_is_replaced(folder):
    hold = server.start(folder)
    dead = server_pid(hold)
    kill(dead)
    assert eventually(lambda: not is_running(folder))
    assert (folder / "valkey.sock").is_socket()
    hold.close()
    assert server_pid(server.start(folder)) != dead


def test_a_server_whose_socket_was_deleted_gets_no_rival(folder, monkeypatch):
    pid = server_pid(server.start(folder))
    (folder / "valkey.sock").unlink()
    monkeypatch.setattr(server, "TIMEOUT", 0.2)
    with pytest.raises(StoreUnavailable, match="does not answer"):
        server.start(folder)
    assert server_pids(folder) == {pid}


def test_a_server_that_is_loading_is_waited_for(folder, monkeypatch):
    hold = server.start(folder)
    with redis.Redis.from_url(hold.url) as db:
        db.mset({f"key{n}": n for n in range(1000)})
        db.bgrewriteaof()
        assert eventually(lambda: not db.info("persistence")["aof_rewrite_in_progress"])
    hold.close()
    monkeypatch.setitem(server.CONFIG, "key-load-delay", "1000")
    monkeypatch.setitem(server.CONFIG, "loading-process-events-interval-bytes", "1024")
    monkeypatch.setattr(server, "TIMEOUT", 0.2)
    with pytest.raises(StoreUnavailable, match="does not answer yet"):
        server.start(folder)
    monkeypatch.setattr(server, "TIMEOUT", 30)
    with redis.Redis.from_url(server.start(folder).url) as db:
        assert db.get("key999") == b"999"


def test_a_start_that_fails_says_why(folder):
    server.start(folder).close()
    (manifest,) = folder.glob("appendonlydir/*.manifest")
    manifest.write_text("nonsense\n")
    with pytest.raises(StoreUnavailable, match=r"stopped while it was starting: .*manifest"):
        server.start(folder)


def test_a_file_in_the_place_of_the_folder_is_refused(folder):
    folder.write_text("not a folder")
    with pytest.raises(StoreUnavailable, match=r"^DATA_DIR: no embedded Valkey"):
        server.start(folder)


def test_an_open_folder_of_somebody_elses_is_left_alone(folder):
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "thesis.txt").write_text("mine")
    with pytest.raises(StoreUnavailable, match=r"^DATA_DIR: .* name a folder of its own"):
        server.start(folder)
    assert folder.stat().st_mode & 0o777 == 0o755
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


def test_an_empty_folder_that_all_may_write_to_is_left_alone(folder):
    folder.mkdir()
    folder.chmod(0o1777)
    with pytest.raises(StoreUnavailable, match=r"^DATA_DIR: "):
        server.start(folder)
    assert folder.stat().st_mode & 0o7777 == 0o1777


def test_a_private_folder_may_hold_other_things(folder):
    folder.mkdir(mode=0o700)
    (folder / "notes.txt").write_text("mine")
    assert server_pid(server.start(folder))


def test_a_folder_of_ours_is_made_private_again(folder):
    server.start(folder).close()
    folder.chmod(0o755)
    assert server_pid(server.start(folder))
    assert folder.stat().st_mode & 0o777 == 0o700


def test_an_address_with_odd_characters_works(folder):
    hold = server.start(folder / "a b#c%41é?'\"")
    assert server_pid(hold)
    hold.close()


def test_a_path_too_long_for_a_socket_works(folder, spawn):
    deep = folder / ("deep" * 30)
    hold = server.start(deep)
    with redis.Redis.from_url(hold.url) as db:
        db.set("kept", "yes")
    other = spawn("""
say(redis.Redis.from_url(embedded.start(folder / ("deep" * 30)).url).get("kept"))
""")
    assert line(other) == "b'yes'"
    finish(other)
    private = unix_socket.socket_path(deep).parent
    assert private.stat().st_mode & 0o777 == 0o700
    hold.close()
    assert not is_running(deep)
    private.rmdir()


def test_a_link_in_the_place_of_the_socket_folder_is_refused(folder, tmp_path):
    deep = folder / ("deep" * 30)
    private = unix_socket.socket_path(deep).parent
    private.rmdir()
    private.symlink_to(tmp_path)
    try:
        with pytest.raises(StoreUnavailable, match="private folder"):
            server.start(deep)
    finally:
        private.unlink()
