"""Kill -9 of the app, of its embedded server and of both, while people write: what was
acknowledged is kept, once. `KILLS=100` is the long form."""

import os
import random
import signal
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.badday.helpers import Person
from tests.badday.valkey import short_folder
from tests.badday.writers import Writer, count_kept
from tests.support.live_server import LiveServer, eventually, serve

KILLS = int(os.environ.get("KILLS", "5"))
WRITERS = 8
# In this order: each victim meets a rewrite of the append-only file every other time.
VICTIMS = ("server", "all", "app")


class KilledApp:
    """One data folder, the app on it and those who write, through all the deaths."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self.site: LiveServer = serve(self._data)
        self._over = threading.Event()
        self.writers = [self._writer(number) for number in range(WRITERS)]
        self.admin = redis.Redis(
            unix_socket_path=str(self._data / "valkey.sock"), retry=Retry(NoBackoff(), 0)
        )

    def _writer(self, number: int) -> Writer:
        key, port = self.site.key, self.site.port
        person = Person(port, key) if number % 2 else None
        return Writer(number, port, key, self._over, person)

    def acknowledged(self) -> int:
        return sum(len(writer.chats) + writer.moods for writer in self.writers)

    def wait_for(self, writes: int, lives: list[Future[None]]) -> None:
        """Return when so many more writes are acknowledged."""
        enough = self.acknowledged() + writes
        failed = [life for life in lives if life.done()]
        assert eventually(lambda: self.acknowledged() >= enough or failed, 45)
        for life in failed:
            life.result()

    def rewrite(self) -> None:
        """Begin to rewrite the append-only file, slowly."""
        assert eventually(self._begins)

    def _begins(self) -> bool:
        try:
            # Microseconds for a key: there are few, and this lasts long enough to die in.
            self.admin.config_set("rdb-key-save-delay", 50_000)
            if not self.rewriting():
                self.admin.bgrewriteaof()
            return self.rewriting()
        except redis.RedisError:
            return False

    def rewriting(self) -> bool:
        return bool(self.admin.info("persistence")["aof_rewrite_in_progress"])

    def kill(self, victim: str) -> None:
        server = int(self.admin.info("server")["process_id"])
        app = {pid for pid in self.site.process_pids() if pid != server} & self._own(server)
        for pid in {"server": {server}, "app": app, "all": app | {server}}[victim]:
            os.kill(pid, signal.SIGKILL)
        if victim != "server":
            self.site.process.wait()
            self.site = serve(self._data, PORT=str(self.site.port))

    def _own(self, server: int) -> set[int]:
        """The app's processes: a rewriting child of the server is none of them."""
        return {pid for pid in self.site.process_pids() if _session(pid) != _session(server)}

    def stop(self) -> None:
        self._over.set()


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0


@pytest.mark.timeout(60 + 15 * KILLS)
def test_what_is_acknowledged_is_kept_once(capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(KILLS)
    with short_folder() as folder:
        place = KilledApp(folder)
        try:
            with ThreadPoolExecutor(WRITERS) as pool:
                lives = [pool.submit(writer.run) for writer in place.writers]
                try:
                    for number in range(KILLS):
                        kill_once(place, lives, VICTIMS[number % 3], chance, number % 2 == 1)
                    place.wait_for(WRITERS, lives)
                finally:
                    place.stop()
            for life in lives:
                life.result()
            assert eventually(place.site.answers)
            kept = count_kept(place.site.port, place.site.key, place.writers)
        finally:
            place.site.destroy()
        tries = sum(writer.tries for writer in place.writers)
    assert tries > kept, "nobody was interrupted"
    with capsys.disabled():
        print(f"\n{KILLS} kills, {place.acknowledged()} acknowledged, {kept} kept")
    assert kept == place.acknowledged()


def kill_once(
    place: KilledApp, lives: list[Future[None]], victim: str, chance: random.Random, rewriting: bool
) -> None:
    place.wait_for(chance.randint(10, 40), lives)
    if rewriting:
        place.rewrite()
        place.wait_for(10, lives)
        assert place.rewriting()
    time.sleep(chance.uniform(0, 0.01))
    place.kill(victim)
