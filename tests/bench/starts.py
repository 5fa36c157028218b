"""How long the product takes from nothing to its first answer, in new processes."""

import http.client
import os
import shutil
import subprocess
import sys
import time
from statistics import median

from tests.bench.stage.machine import TIMEOUT, WORK, environment, free_port, stop
from tests.bench.table import Row
from tests.support.live_server import ROOT

STARTS = 5


def rows(cores: tuple[int, int]) -> list[Row]:
    """Return the medians of some starts, each in a new data folder, both cores for the taking."""
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(cores))
    try:
        imports = [_import("import app") - _import("pass") for _ in range(STARTS)]
        answers = [_first_answer() for _ in range(STARTS)]
    finally:
        os.sched_setaffinity(0, ours)
    note = "from " + ", ".join(f"{seconds:.2f}" for seconds in sorted(answers))
    what = "Import and first answer (/readyz), embedded server included, s"
    return [
        Row(what, median(answers), 1.0, 0.6, less=True, note=note),
        Row("An import of app alone, s", median(imports)),
    ]


def _import(statement: str) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], cwd=ROOT, env=environment(), check=True)
    return time.perf_counter() - begun


def _first_answer() -> float:
    folder, port = WORK / "start", free_port()
    env = environment(DATA_DIR=str(folder), PORT=str(port))
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _answers(port):
            assert process.poll() is None, "the application ended"
            assert time.perf_counter() - begun < TIMEOUT, "the application does not answer"
            time.sleep(0.002)
        return time.perf_counter() - begun
    finally:
        stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
