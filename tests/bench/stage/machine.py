"""Processes on their cores: the servers on the first, the load and Redis on the second.

The bench itself lives on the second core, and so does all that it starts but the servers.
"""

import os
import platform
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.live_server import IGNORED_ENV_PREFIXES, ROOT

WORK = ROOT / "build" / "bench"
SECRET, KEY = "only-for-the-bench-here", "service-key-for-the-bench"
TIMEOUT = 30.0


def take_cores() -> tuple[int, int]:
    """Settle on the second of two cores; return both. Ends the program where they are missing."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        sys.exit("error: the bench needs two cores")
    for tool, package in (("wrk", "wrk"), ("taskset", "util-linux")):
        if shutil.which(tool) is None:
            sys.exit(f"error: the bench needs {tool}: apt-get install {package}")
    os.sched_setaffinity(0, {cores[1]})
    WORK.mkdir(parents=True, exist_ok=True)
    return cores[0], cores[1]


def free_port() -> int:
    """Return a port on loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def environment(**more: str) -> dict[str, str]:
    """Return what a server is told; nothing of the user's own settings gets through."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(IGNORED_ENV_PREFIXES)
    }
    return inherited | {"HOST": "127.0.0.1", "RATELIMIT_ENABLED": "false"} | more


@contextmanager
def server(
    command: Sequence[str], port: int, env: Mapping[str, str], cores: Sequence[int]
) -> Iterator[int]:
    """Run a server on these cores until the block ends; yield its process id once it listens."""
    log = WORK / "servers.log"
    pinned = ["taskset", "-c", ",".join(map(str, cores)), *command]
    with open(log, "ab") as errors:
        process = subprocess.Popen(
            pinned, cwd=ROOT, env=dict(env), stdin=subprocess.DEVNULL, stdout=errors, stderr=errors
        )
    try:
        wait_for(port, process)
        yield process.pid
    finally:
        stop(process)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when somebody listens on the port; ends the program if the process has ended."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"error: {process.args!r} does not serve; see {WORK}/servers.log")
        time.sleep(0.002)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process, with force if it takes longer than ten seconds."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def describe_machine() -> str:
    """Return the commit, the processor and the versions in one line."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    commit = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    processor = f"{len(names)} × {names[0]}" if names else platform.machine()
    busy = os.getloadavg()[0]
    python = platform.python_version()
    return f"commit {commit or '?'}, {processor}, Python {python}, load before {busy:.1f}"
