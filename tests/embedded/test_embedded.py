"""The embedded Valkey with real processes: who starts it, who stops it, what survives."""

import os
import subprocess

import pytest
import redis

from stats.embedded import server as embedded
from stats.errors import StoreUnavailable
from stats.lib.file_lock import lock_file, try_lock
from tests.embedded.helpers import finish, is_running, kill, line, server_pid, server_pids
from tests.support.live_server import eventually


def test_three_processes_at_once_share_one_server(folder, spawn):
    crowd = [
        spawn("""
say("ready"); sys.stdin.readline()
db = redis.Redis.from_url(embedded.start(folder).url)
for _ in range(100): db.incr("n")
say(db.info("server")["process_id"]); sys.stdin.read()
""")
        for _ in range(3)
    ]
    assert [line(process) for process in crowd] == ["ready"] * 3
    for process in crowd:
        process.stdin.write("go\n")
        process.stdin.flush()
    pids = {int(line(process)) for process in crowd}
    assert pids == server_pids(folder)
    assert len(pids) == 1
    with redis.Redis.from_url(embedded.start(folder).url) as db:
        assert db.get("n") == b"300"


def test_threads_of_one_process_share_one_hold(folder):
    first = embedded.start(folder)
    assert embedded.start(folder) is first
    assert embedded.start(folder / ".." / "data") is first


def test_an_orphan_is_found_and_used_again(folder, spawn):
    app = spawn("""
hold = embedded.start(folder)
redis.Redis.from_url(hold.url).set("kept", "yes")
say("up"); sys.stdin.read()
""")
    assert line(app) == "up"
    app.kill()
    app.wait()
    (orphan,) = server_pids(folder)
    hold = embedded.start(folder)
    assert server_pid(hold) == orphan
    with redis.Redis.from_url(hold.url) as db:
        assert db.get("kept") == b"yes"
    hold.close()
    assert not is_running(folder)


WRITER = """
db = redis.Redis.from_url(embedded.start(folder).url, retry=None)
say(db.info("server")["process_id"])
for _ in range(1000):
    try: say(db.incr("n"))
    except redis.ConnectionError: break
say("end"); sys.stdin.read()
"""


def acknowledged(writer: subprocess.Popen[str], victim: int) -> int:
    """Kill the victim in the middle of the writes; return the last write that was answered."""
    last = 0
    while (said := line(writer)) not in ("end", ""):
        last = int(said)
        if last == 500:
            kill(victim)
    assert 500 <= last < 1000
    return last


def test_no_acknowledged_write_is_lost_when_the_server_is_killed(folder, spawn):
    writer = spawn(WRITER)
    last = acknowledged(writer, victim=int(line(writer)))
    with redis.Redis.from_url(embedded.start(folder).url) as db:
        assert int(db.get("n")) in (last, last + 1)


def test_no_acknowledged_write_is_lost_when_the_application_is_killed(folder, spawn):
    writer = spawn(WRITER)
    server = int(line(writer))
    last = acknowledged(writer, victim=writer.pid)
    hold = embedded.start(folder)
    assert server_pid(hold) == server
    with redis.Redis.from_url(hold.url) as db:
        assert int(db.get("n")) in (last, last + 1)


def test_the_hold_revives_a_server_that_died(folder):
    hold = embedded.start(folder)
    kill(server_pid(hold))
    assert eventually(lambda: not is_running(folder))
    assert embedded.start(folder) is hold
    assert server_pid(hold)


def test_a_file_cut_off_in_mid_write_is_read_up_to_there(folder):
    hold = embedded.start(folder)
    with redis.Redis.from_url(hold.url) as db:
        db.set("first", "1")
        db.set("second", "2")
        (log,) = folder.glob("appendonlydir/*.incr.aof")
        assert eventually(lambda: b"second" in log.read_bytes())
        kill(server_pid(hold))
    assert eventually(lambda: not is_running(folder))
    os.truncate(log, log.stat().st_size - 3)
    with redis.Redis.from_url(embedded.start(folder).url) as db:
        assert db.mget("first", "second") == [b"1", None]


def test_a_normal_close_stops_the_server(folder):
    hold = embedded.start(folder)
    pid = server_pid(hold)
    assert (folder / "valkey.sock").is_socket()
    hold.close()
    hold.close()
    assert not is_running(folder)
    assert not (folder / "valkey.sock").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_end_of_a_process_closes_its_hold(folder, spawn):
    finish(spawn("embedded.start(folder)"))
    assert not is_running(folder)


def test_the_first_of_two_to_close_leaves_it_running(folder, spawn):
    hold = embedded.start(folder)
    other = spawn("hold = embedded.start(folder); say('up'); sys.stdin.read()")
    assert line(other) == "up"
    hold.close()
    assert is_running(folder)
    finish(other)
    assert not is_running(folder)


def test_an_old_hold_does_not_close_a_new_one(folder):
    old = embedded.start(folder)
    old.close()
    embedded.start(folder)
    old.close()
    assert is_running(folder)


def test_nobody_starts_or_stops_it_while_another_does(folder, monkeypatch):
    hold = embedded.start(folder)
    monkeypatch.setattr(embedded, "TIMEOUT", 0.2)
    with lock_file(folder / "valkey.start") as busy:
        assert try_lock(busy)
        with pytest.raises(StoreUnavailable, match="keeps starting or stopping"):
            embedded.start(folder)
        hold.close()
    assert is_running(folder)


def test_ctrl_c_in_the_terminal_does_not_reach_the_server(folder):
    hold = embedded.start(folder)
    assert os.getsid(server_pid(hold)) != os.getsid(0)


def test_a_forked_child_cannot_close_its_parents_hold(folder, spawn):
    parent = spawn("""
hold = embedded.start(folder)
if os.fork() == 0:
    hold.close(); embedded._close_all(); os._exit(0)
os.wait()
say("child gone"); sys.stdin.read()
""")
    assert line(parent) == "child gone"
    embedded.start(folder).close()
    assert is_running(folder)
    finish(parent)
    assert not is_running(folder)


def test_a_forked_child_does_not_keep_its_parents_hold(folder, spawn):
    parent = spawn("""
embedded.start(folder)
child = os.fork()
if child == 0:
    signal.pause()
say(child); sys.stdin.read()
""")
    child = int(line(parent))
    parent.kill()
    parent.wait()
    embedded.start(folder).close()
    stopped = not is_running(folder)
    kill(child)
    assert stopped


def test_a_forked_child_can_take_a_hold_of_its_own(folder, spawn):
    parent = spawn("""
embedded.start(folder)
child = os.fork()
if child == 0:
    embedded.start(folder); say("held"); signal.pause()
sys.stdin.readline(); say(child)
""")
    assert line(parent) == "held"
    parent.stdin.write("end\n")
    parent.stdin.flush()
    child = int(line(parent))
    parent.wait()
    assert is_running(folder)
    kill(child)

    def last_one_out() -> bool:
        embedded.start(folder).close()
        return not is_running(folder)

    assert eventually(last_one_out)


def test_a_log_that_was_cut_is_told_of_at_the_start(folder, caplog):
    hold = embedded.start(folder)
    with redis.Redis.from_url(hold.url) as db:
        db.set("kept", "yes")
        db.set("lost", "yes")
    hold.close()
    assert not caplog.records
    [log] = (folder / "appendonlydir").glob("*.incr.aof")
    os.truncate(log, log.stat().st_size - 3)
    hold = embedded.start(folder)
    with redis.Redis.from_url(hold.url) as db:
        assert (db.get("kept"), db.get("lost")) == (b"yes", None)
    [record] = caplog.records
    assert log.name in record.getMessage()
    caplog.clear()
    hold.close()
    embedded.start(folder)
    assert not caplog.records, "it is told of once"
