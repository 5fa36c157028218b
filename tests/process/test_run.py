"""The life of the process: `python app.py`, as `make run` and a terminal treat it."""

import json
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from stats.embedded import unix_socket
from tests.support.live_server import (
    LiveServer,
    environment,
    eventually,
    free_port,
    is_process_running,
    is_valkey_server,
    serve,
    start_process,
)
from tests.support.marks import reads_proc
from tests.support.samples import MESSAGES

pytestmark = reads_proc

Serve = Callable[..., LiveServer]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Serve]:
    """Start the application on the test's data folder; whatever runs of it ends with the test."""
    started: list[LiveServer] = []

    def run() -> LiveServer:
        started.append(serve(tmp_path / "data"))
        return started[-1]

    yield run
    for site in started:
        site.destroy()


def last_words(env: dict[str, str]) -> tuple[int, list[str]]:
    """Start what cannot start; return its exit code and all that it wrote."""
    process = start_process(env)
    output, errors = process.communicate(timeout=20)
    return process.returncode, (output + errors).splitlines()


def test_it_says_where_it_is_and_ctrl_c_leaves_nothing_running(start: Serve) -> None:
    site = start()
    assert len(site.pids) >= 3, "the app, its worker and the embedded server"
    assert is_process_running(site.server)
    assert site.press_ctrl_c() == 0
    assert site.leftover_pids() == set()
    output, errors = site.read_output()
    assert output.splitlines() == [
        f"Aira Stats is at http://127.0.0.1:{site.port}   service key: {site.key}"
    ]
    assert all("GET /readyz" in line for line in errors.splitlines()), errors
    assert not site.answers()


def test_a_deployed_one_says_where_it_is_in_the_log(tmp_path: Path) -> None:
    env = environment(tmp_path, free_port(), REDIS_URL="redis://127.0.0.1:1", SECRET_KEY="k" * 32)
    process = start_process(env)
    assert process.stderr
    first = process.stderr.readline()
    process.terminate()
    output, _ = process.communicate(timeout=20)
    assert json.loads(first)["event"] == f"Aira Stats is at http://127.0.0.1:{env['PORT']}"
    assert output == ""


def test_its_keys_are_private_and_outlive_it(start: Serve) -> None:
    site = start()
    key = site.key
    modes = {name: (site.data_dir / name).stat().st_mode for name in ("service.key", "secret.key")}
    assert {name: mode & 0o777 for name, mode in modes.items()} == dict.fromkeys(modes, 0o600)
    site.press_ctrl_c()
    assert start().key == key


def test_a_mail_that_waits_goes_out_before_it_stops(start: Serve) -> None:
    site = start()
    browser = build_opener(HTTPCookieProcessor())
    form = browser.open(f"{site.url}/signup").read().decode()
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)[1]
    person = {"name": "Alice", "email": "alice@example.com", "password": "a sentence of mine"}
    fields = urlencode({**person, "csrf_token": token}).encode()
    assert browser.open(f"{site.url}/signup", fields).status == 200
    site.process.terminate()
    assert site.process.wait(20) == 0
    assert "Mail to alice@example.com" in site.read_output()[0]


def test_three_starts_at_once_share_one_server(tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        sites = list(pool.map(lambda _: serve(tmp_path / "data"), range(3)))
    try:
        assert len({site.key for site in sites}) == 1
        assert len({site.server for site in sites}) == 1
        assert sum(is_valkey_server(pid) for pid in sites[0].process_pids()) == 1
        save_at_once(sites, threads=6, each=20)
        for site in sites:
            stats = site.api("GET", "/api/dashboard?userId=crowd")["data"]
            assert stats["conversations"] == 360
        for site in sites:
            assert is_process_running(site.server)
            assert site.press_ctrl_c() == 0
        assert eventually(lambda: not is_process_running(sites[0].server), 5)
        assert sites[0].process_pids() == set()
    finally:
        for site in sites:
            site.destroy()


def test_a_data_folder_too_deep_for_a_socket_serves(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 30)
    site = serve(deep / "data")
    try:
        site.save_chat("u", "before")
        assert not (deep / "data" / "valkey.sock").exists()
        assert site.press_ctrl_c() == 0
        assert site.leftover_pids() == set()
        unix_socket.socket_path(site.data_dir).parent.rmdir()
    finally:
        site.destroy()


def save_at_once(sites: list[LiveServer], threads: int, each: int) -> None:
    """Save conversations of one user at all sites at one moment."""
    gate = threading.Barrier(threads * len(sites))

    def save(site: LiveServer) -> None:
        connection = site.connect()
        gate.wait()
        for _ in range(each):
            site.call(connection, "POST", "/api/chat/save?userId=crowd", {"messages": MESSAGES})
        connection.close()

    with ThreadPoolExecutor(threads * len(sites)) as pool:
        list(pool.map(save, sites * threads))


def test_400_concurrent_saves_count_400(start: Serve) -> None:
    site = start()
    save_at_once([site], threads=20, each=20)
    assert site.api("GET", "/api/dashboard?userId=crowd")["data"]["conversations"] == 400


def test_nothing_acknowledged_is_lost_when_all_is_killed(start: Serve) -> None:
    site = start()
    saved: list[str] = []
    enough = threading.Event()

    def save_until_it_dies(thread: int) -> int:
        connection, number = site.connect(), 0
        try:
            while True:
                body = {"chatId": f"{thread}-{number}", "messages": MESSAGES}
                site.call(connection, "POST", "/api/chat/save?userId=u", body)
                saved.append(body["chatId"])
                number += 1
                if len(saved) >= 200:
                    enough.set()
        except (OSError, HTTPException, AssertionError):
            return number  # a 503 acknowledges nothing either
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        lives = pool.map(save_until_it_dies, range(8))
        assert enough.wait(20)
        victims = [site.server, *site.pids]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        assert sum(lives) == len(saved)
    site.destroy()

    again = start()
    count = again.api("GET", "/api/dashboard?userId=u")["data"]["conversations"]
    assert len(saved) <= count <= len(saved) + 8, "each thread had at most one save under way"
    connection = again.connect()
    for chat in saved:
        assert again.call(connection, "GET", f"/api/chat/{chat}?userId=u")["messages"] == MESSAGES
    connection.close()


def test_a_killed_app_leaves_no_worker_and_its_server_is_used_again(start: Serve) -> None:
    site = start()
    site.save_chat("u", "before")
    os.kill(site.process.pid, signal.SIGKILL)
    site.process.wait()
    again = start()
    assert again.server == site.server
    assert again.api("GET", "/api/dashboard?userId=u")["data"]["conversations"] == 1
    assert again.press_ctrl_c() == 0
    assert site.leftover_pids() == set()


def test_a_killed_server_is_revived_by_the_running_app(start: Serve) -> None:
    site = start()
    site.save_chat("u", "before")
    os.kill(site.server, signal.SIGKILL)
    assert eventually(site.answers)
    assert site.api("GET", "/api/dashboard?userId=u")["data"]["conversations"] == 1


def test_a_second_start_on_the_same_port_says_so(start: Serve, tmp_path: Path) -> None:
    site = start()
    code, (line,) = last_words(environment(tmp_path / "other", site.port))
    assert code not in (0, None)
    assert "PORT" in line
    assert str(site.port) in line
    assert not (tmp_path / "other").exists()
    assert site.answers()


def test_a_data_folder_that_cannot_be_used_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o755)
    (tmp_path / "shared" / "thesis.txt").write_text("somebody's")
    (tmp_path / "odd" / "service.key").mkdir(parents=True)
    (tmp_path / "odd").chmod(0o700)
    for name in ("file", "file/below", "shared", "odd"):
        code, (line,) = last_words(environment(tmp_path / name, free_port()))
        assert code not in (0, None)
        assert line.startswith("aira-stats: DATA_DIR"), line
    assert (tmp_path / "shared").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"REDIS_URL": "redis://127.0.0.1:1"}, "SECRET_KEY"),
        ({"PORT": "http"}, "PORT"),
        ({"HOST": "somewhere"}, "HOST"),
    ],
)
def test_a_setting_that_will_not_do_stops_the_start_in_one_line(
    settings: dict[str, str], named: str, tmp_path: Path
) -> None:
    env = environment(tmp_path / "data", free_port()) | settings
    code, (line,) = last_words(env)
    assert code not in (0, None)
    assert named in line
    assert not (tmp_path / "data").exists()
