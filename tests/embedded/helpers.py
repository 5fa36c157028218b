"""What the tests of the embedded Valkey ask and wait for."""

import os
import re
import signal
import subprocess
from pathlib import Path

import redis

from stats.embedded import server
from stats.lib.file_lock import lock_file, try_lock


def server_pids(folder: Path) -> set[int]:
    """Every server that ever said in the log that it was ready, and has not gone since."""
    log = folder / "valkey.log"
    text = log.read_text() if log.exists() else ""
    ready = set(re.findall(r"^(\d+):M .*Ready to accept", text, re.MULTILINE))
    gone = set(re.findall(r"^(\d+):M .*bye bye", text, re.MULTILINE))
    return {int(pid) for pid in ready - gone}


def server_pid(embedded_server: server.Embedded) -> int:
    with redis.Redis.from_url(embedded_server.url) as db:
        return int(db.info("server")["process_id"])


def is_running(folder: Path) -> bool:
    with lock_file(folder / "valkey.alive") as alive:
        return not try_lock(alive)


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def finish(process: subprocess.Popen[str]) -> str:
    """Close the process's standard input, on which it waits, and see it end well."""
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    return output
