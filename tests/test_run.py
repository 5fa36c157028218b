"""The life of the process: `python app.py`, as `make run` and a terminal treat it."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.browser.serving import Site, environment, eventually, free_port, launch, running, serve

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads /proc")

Serve = Callable[..., Site]
MESSAGES = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Serve]:
    """Start the application on the test's data folder; whatever runs of it ends with the test."""
    started: list[Site] = []

    def run() -> Site:
        started.append(serve(tmp_path / "data"))
        return started[-1]

    yield run
    for site in started:
        site.destroy()


def last_words(env: dict[str, str]) -> tuple[int, list[str]]:
    """Start what cannot start; return its exit code and all that it wrote."""
    process = launch(env)
    output, errors = process.communicate(timeout=20)
    return process.returncode, (output + errors).splitlines()


def test_it_says_where_it_is_and_ctrl_c_leaves_nothing_running(start: Serve) -> None:
    site = start()
    assert len(site.pids) >= 3, "the app, its worker and the embedded server"
    assert running(site.server)
    assert site.interrupt() == 0
    assert site.left_over() == set()
    output, errors = site.process.communicate()
    assert output.splitlines() == [
        f"Aira Stats is at http://127.0.0.1:{site.port}   service key: {site.key}"
    ]
    assert errors == ""
    assert not site.answers()


def test_its_keys_are_private_and_outlive_it(start: Serve) -> None:
    site = start()
    key = site.key
    modes = {name: (site.data_dir / name).stat().st_mode for name in ("service.key", "secret.key")}
    assert {name: mode & 0o777 for name, mode in modes.items()} == dict.fromkeys(modes, 0o600)
    site.interrupt()
    assert start().key == key


def test_400_concurrent_saves_count_400(start: Serve) -> None:
    site = start()
    gate = threading.Barrier(20)

    def save_twenty(_: int) -> None:
        connection = site.connect()
        gate.wait()
        for _ in range(20):
            site.call(connection, "POST", "/api/chat/save?userId=crowd", {"messages": MESSAGES})
        connection.close()

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(save_twenty, range(20)))
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
    assert again.interrupt() == 0
    assert site.left_over() == set()


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
