"""Two instances behind nginx, restarted one after the other by the shipped script, under load."""

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.badday.valkey import Valkey
from tests.deploy.helpers import (
    DEPLOY,
    HOST,
    KEY,
    Nginx,
    install_script,
    run_nginx,
    start_instance,
    upstream,
)
from tests.support.live_server import LiveServer, eventually

pytestmark = pytest.mark.browser

CLIENTS = 4


@dataclass
class Backend:
    """Reports one conversation after the other, each once and on a connection of its own."""

    front: Nginx
    user: str
    over: threading.Event
    saved: int = 0
    lost: list[object] = field(default_factory=list)

    def run(self) -> None:
        context = ssl.create_default_context(cafile=self.front.folder / "fullchain.pem")
        while not self.over.is_set():
            try:
                self._save(context)
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(error)

    def _save(self, context: ssl.SSLContext) -> None:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.front.tls, timeout=30, context=context
        )
        # The certificate is for the name, and the name is in no DNS.
        connection.sock = context.wrap_socket(
            socket.create_connection(("127.0.0.1", self.front.tls), 30),
            server_hostname=HOST,
        )
        body = json.dumps({"messages": [{"role": "user", "content": "Hello"}]})
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        path = f"/api/chat/save?userId={self.user}"
        connection.request("POST", path, body, {"Host": HOST, **headers})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status == 200:
            self.saved += 1
        else:
            self.lost.append((answer.status, text))


@contextmanager
def load(nginx: Nginx) -> Iterator[list[Backend]]:
    """Let some backends work meanwhile."""
    over = threading.Event()
    backends = [Backend(nginx, f"backend{number}", over) for number in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        lives = [pool.submit(backend.run) for backend in backends]
        try:
            yield backends
        finally:
            over.set()
    for life in lives:
        life.result()


class Machine:
    """What the script finds on PATH: nginx as it runs here, and systemd's one command."""

    def __init__(self, folder: Path, nginx: Nginx) -> None:
        self.asked = folder / "asked"
        self.asked.mkdir()
        self.path = folder / "bin"
        self.words = folder / "said"
        install_script(self.path, "nginx", f'exec {" ".join(nginx.command())} "$@"')
        wish = f'"{self.asked}/${{2#aira-stats@}}"'
        wait = f"while [ -e {wish} ]; do sleep 0.05; done"
        install_script(self.path, "systemctl", f'[ "$1" = restart ] || exit 2\n: > {wish}\n{wait}')
        self.env = {
            **os.environ,
            "PATH": f"{self.path}:{os.environ['PATH']}",
            "UPSTREAM": str(nginx.folder / "aira-upstream.conf"),
            "DRAIN": "1",
        }

    @contextmanager
    def restart(self, *ports: int, host: str = HOST) -> Iterator[subprocess.Popen[bytes]]:
        """Run the script; what is left of it at the end is killed."""
        words = [str(DEPLOY / "rolling-restart"), host, *map(str, ports)]
        with open(self.words, "w") as said:
            script = subprocess.Popen(words, env=self.env, stderr=said, start_new_session=True)
        try:
            yield script
        finally:
            if script.poll() is None:
                os.killpg(script.pid, signal.SIGKILL)
            script.wait()

    def wish(self) -> Path | None:
        """The port that is to be restarted now, as a file that holds the script up."""
        return next(self.asked.iterdir(), None)


def stop(site: LiveServer) -> None:
    """What systemd does: SIGTERM, and patience."""
    site.process.terminate()
    site.process.wait(20)


def used(nginx: Nginx, port: int) -> int:
    """How many requests this instance has answered with success."""
    return nginx.read_logs().count(f"127.0.0.1:{port} 200")


def is_out(nginx: Nginx, port: int) -> bool:
    """Whether nginx was told to send nobody to this instance."""
    line = f"127.0.0.1:{port} fail_timeout=2s down;"
    return line in (nginx.folder / "aira-upstream.conf").read_text()


def goes_on(nginx: Nginx, port: int) -> bool:
    """Whether this instance answers twenty requests more."""
    enough = used(nginx, port) + 20
    return eventually(lambda: used(nginx, port) >= enough)


@pytest.fixture
def two_instances(folder: Path, store: Valkey) -> Iterator[dict[int, LiveServer]]:
    """Two instances by their ports."""
    sites = {}
    for number in range(2):
        site = start_instance(folder / f"site{number}", store)
        sites[site.port] = site
    yield sites
    for site in sites.values():
        site.destroy()


def test_no_request_is_lost(
    folder: Path, store: Valkey, two_instances: dict[int, LiveServer]
) -> None:
    """Not even those that nobody may send twice."""
    with run_nginx(folder / "nginx-of-two", *two_instances) as nginx:
        machine = Machine(folder, nginx)
        before = (nginx.folder / "aira-upstream.conf").read_text()
        with load(nginx) as backends:
            assert eventually(lambda: all(used(nginx, port) for port in two_instances))
            with machine.restart(*two_instances) as script:
                for port in two_instances:
                    assert eventually(machine.wish)
                    wish = machine.wish()
                    assert wish is not None
                    assert wish.name == str(port)
                    assert is_out(nginx, port), "nobody may be sent there any more"
                    stop(two_instances[port])
                    other = next(one for one in two_instances if one != port)
                    assert goes_on(nginx, other), "the other one does not serve"
                    two_instances[port] = start_instance(
                        folder / f"again{port}", store, PORT=str(port)
                    )
                    wish.unlink()
                assert script.wait(30) == 0, machine.words.read_text()
            assert all(goes_on(nginx, port) for port in two_instances)
        assert [backend.lost for backend in backends] == [[]] * CLIENTS
        assert (nginx.folder / "aira-upstream.conf").read_text() == before
        site = next(iter(two_instances.values()))
        for backend in backends:
            kept = site.api("GET", f"/api/dashboard?userId={backend.user}")["data"]
            assert kept["conversations"] == backend.saved


def test_an_instance_that_does_not_come_back_stays_out(
    folder: Path, store: Valkey, two_instances: dict[int, LiveServer]
) -> None:
    first, second = two_instances
    with run_nginx(folder / "nginx-of-one", *two_instances) as nginx:
        place = folder / "broken"
        place.mkdir()
        machine = Machine(place, nginx)
        install_script(machine.path, "sleep", "exit 0")
        with machine.restart(first, second) as script:
            assert eventually(machine.wish)
            stop(two_instances[first])
            wish = machine.wish()
            assert wish is not None
            wish.unlink()
            assert script.wait(50) == 1
        assert f"aira-stats@{first} does not get ready" in machine.words.read_text()
        lines = (nginx.folder / "aira-upstream.conf").read_text()
        assert f"127.0.0.1:{first} fail_timeout=2s down;" in lines
        assert f"127.0.0.1:{second} fail_timeout=2s;" in lines
        assert nginx.curl("/readyz").status == 200
        two_instances[first] = start_instance(place / "mended", store, PORT=str(first))
        with machine.restart(first) as script:
            assert eventually(machine.wish)
            wish.unlink()
            assert script.wait(50) == 0, machine.words.read_text()
        assert (nginx.folder / "aira-upstream.conf").read_text() == upstream(*two_instances)


def take_out(nginx: Nginx, port: int) -> None:
    """Mark an instance as the script does."""
    file = nginx.folder / "aira-upstream.conf"
    file.write_text(
        file.read_text().replace(f":{port} fail_timeout=2s;", f":{port} fail_timeout=2s down;")
    )
    subprocess.run(nginx.command("-s", "reload"), check=True)


def test_the_last_one_that_serves_stays_in(
    folder: Path, two_instances: dict[int, LiveServer]
) -> None:
    first, second = two_instances
    with run_nginx(folder / "nginx-of-last", *two_instances) as nginx:
        place = folder / "last"
        place.mkdir()
        machine = Machine(place, nginx)
        take_out(nginx, first)
        before = (nginx.folder / "aira-upstream.conf").read_text()
        with machine.restart(second) as script:
            assert eventually(lambda: script.poll() is not None or machine.wish())
            assert script.poll() == 1
        assert f"so {second} stays in" in machine.words.read_text()
        assert (nginx.folder / "aira-upstream.conf").read_text() == before
        assert nginx.curl("/readyz").status == 200


def test_a_name_that_is_not_served_takes_nobody_out(
    folder: Path, two_instances: dict[int, LiveServer]
) -> None:
    with run_nginx(folder / "nginx-of-names", *two_instances) as nginx:
        place = folder / "name"
        place.mkdir()
        machine = Machine(place, nginx)
        with machine.restart(*two_instances, host="aira.exampel") as script:
            assert eventually(lambda: script.poll() is not None or machine.wish())
            assert script.poll() == 1
        assert machine.words.read_text().splitlines() == [
            f"aira.exampel is not served on {next(iter(two_instances))}: is the name right?"
        ]
        assert (nginx.folder / "aira-upstream.conf").read_text() == upstream(*two_instances)
