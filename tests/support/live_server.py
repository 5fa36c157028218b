"""The application as a process of its own, the way `make run` starts it, and its JSON API."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from subprocess import PIPE
from typing import IO, Any

ROOT = Path(__file__).parents[2]
IGNORED_ENV_PREFIXES = (
    "REDIS_",
    "KV_",
    "STRIPE_",
    "SMTP_",
    "SECRET_KEY",
    "STATS_API_KEYS",
    "PORT",
    "HOST",
)
# Below those that the system gives to connections; a hundred or more for each test process.
FIRST_PORT, LAST_PORT = 10_000 + os.getpid() % 200 * 100, 32_000
PORTS = count(FIRST_PORT)


def free_port() -> int:
    """Return a port that nobody has; test runs beside this one look elsewhere."""
    while (port := next(PORTS)) < LAST_PORT:
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")


def environment(data_dir: Path, port: int, **more: str) -> dict[str, str]:
    """What the process is told; nothing of the tester's own settings gets through."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(IGNORED_ENV_PREFIXES)
    }
    own = {"DATA_DIR": str(data_dir), "PORT": str(port), "RATELIMIT_ENABLED": "false"}
    return {**inherited, **own, **more}


def eventually(condition: Callable[[], Any], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def is_process_running(pid: int) -> bool:
    """Whether the process is there and is more than a name that nobody has asked after."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def process_pids(leader: int, folder: Path) -> set[int]:
    """The leader's session (the app and its workers) and who has a file of the folder open (the
    embedded server, which has a session of its own)."""
    pids = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            own = os.getsid(int(process.name)) == leader
            files = map(os.readlink, (process / "fd").iterdir())
            if own or any(file.startswith(f"{folder}/") for file in files):
                pids.add(int(process.name))
        except OSError:
            continue
    return {pid for pid in pids if is_process_running(pid)}


@dataclass
class LiveServer:
    """A running application. `pids` are its processes, `server` the embedded Valkey's if it has
    one, and `api_key` the service key that it was given, if it was."""

    process: subprocess.Popen[str]
    data_dir: Path
    port: int
    output: Path
    errors: Path
    pids: frozenset[int] = frozenset()
    server: int = 0
    api_key: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def key(self) -> str:
        return self.api_key or (self.data_dir / "service.key").read_text().strip()

    def read_output(self) -> tuple[str, str]:
        """What it has written to its output and to its errors: to files, for a pipe fills up."""
        return self.output.read_text(), self.errors.read_text()

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=20)

    def answers(self, path: str = "/readyz") -> bool:
        connection = self.connect()
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def api(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Call the JSON API with the service key; the answer must be a 200."""
        connection = self.connect()
        try:
            return self.call(connection, method, path, body)
        finally:
            connection.close()

    def call(
        self, connection: HTTPConnection, method: str, path: str, body: Any = None
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, (answer.status, text)
        return dict(json.loads(text))

    def save_chat(self, user_id: str, summary: str, **more: Any) -> dict[str, Any]:
        """Report a conversation, as Aira's chat backend does."""
        body = {"summary": summary, "messages": [{"role": "user", "content": "Hello"}], **more}
        return self.api("POST", f"/api/chat/save?userId={user_id}", body)

    def metrics(self) -> str:
        """What Prometheus reads, from whichever worker takes the call."""
        connection = self.connect()
        connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {self.key}"})
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    def press_ctrl_c(self) -> int:
        """Press Ctrl-C: the terminal tells the whole foreground group. Return the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(20)

    def process_pids(self) -> set[int]:
        return process_pids(self.process.pid, self.data_dir)

    def leftover_pids(self) -> set[int]:
        """What still runs of it, after a moment in which the kernel may clear away."""
        eventually(lambda: not any(map(is_process_running, self.pids)), 5)
        return {pid for pid in self.pids if is_process_running(pid)} | self.process_pids()

    def destroy(self) -> None:
        """Kill all of it at once, with no chance to finish anything."""
        for pid in self.pids | self.process_pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()


def is_valkey_server(pid: int) -> bool:
    """Whether the process is an embedded Valkey."""
    return b"valkey-server" in Path(f"/proc/{pid}/cmdline").read_bytes()


def start_process(
    env: Mapping[str, str],
    output: int | IO[str] = PIPE,
    errors: int | IO[str] = PIPE,
    root: Path = ROOT,
) -> subprocess.Popen[str]:
    """Run `python app.py` as the leader of a process group, as a shell does."""
    return subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=root,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        text=True,
        start_new_session=True,
    )


def serve(data_dir: Path, *, until: str = "/readyz", root: Path = ROOT, **more: str) -> LiveServer:
    """Start the application and wait until it can serve, or answers 200 at another address.

    `root` is another folder with the same program.
    """
    port = int(more.pop("PORT", 0)) or free_port()
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    names = [data_dir.with_name(f"{data_dir.name}.{port}.{kind}") for kind in ("out", "err")]
    with open(names[0], "w") as output, open(names[1], "w") as errors:
        process = start_process(environment(data_dir, port, **more), output, errors, root)
    key = more.get("STATS_API_KEYS", "")
    site = LiveServer(process, data_dir.resolve(), port, names[0], names[1], api_key=key)
    if not eventually(lambda: site.answers(until) or process.poll() is not None):
        site.destroy()
    assert process.poll() is None, site.read_output()
    site.pids = frozenset(site.process_pids())
    site.server = next(filter(is_valkey_server, site.pids), 0)
    return site
