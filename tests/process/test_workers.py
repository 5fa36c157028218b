"""Several workers are one server to whoever looks from outside."""

import os
import re
import signal
from pathlib import Path

from tests.support.live_server import (
    LiveServer,
    eventually,
    is_process_running,
    is_valkey_server,
    serve,
)
from tests.support.marks import reads_proc

pytestmark = reads_proc


def workers_in(text: str) -> int:
    return len(re.findall(r"^process_resident_memory_bytes{", text, re.MULTILINE))


def worker_pids(site: LiveServer) -> list[int]:
    """The processes that the server has started, but for the embedded Valkey."""
    parent = site.process.pid
    children = map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())
    return [pid for pid in children if is_process_running(pid) and not is_valkey_server(pid)]


def test_several_workers_count_together(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    site = serve(tmp_path / "data", WORKERS="2", TMPDIR=str(temporary))
    try:
        # The second worker may still be starting.
        assert eventually(lambda: workers_in(site.metrics()) == 2)
        assert sum(site.answers("/healthz") for _ in range(40)) == 40
        line = 'aira_requests_total{method="GET",route="/healthz",status="200"} 40.0'
        for _ in range(10):
            text = site.metrics()
            assert line in text.splitlines()
            assert workers_in(text) == 2
            assert text.count("\naira_build_info{") == 1
        (folder,) = temporary.glob("aira-metrics-*")
        assert folder.stat().st_mode & 0o777 == 0o700
        assert site.press_ctrl_c() == 0
        assert not folder.exists()
    finally:
        site.destroy()


def test_a_worker_that_dies_is_replaced_while_the_others_serve(tmp_path: Path) -> None:
    site = serve(tmp_path / "data", WORKERS="2")
    try:
        assert eventually(lambda: len(worker_pids(site)) == 2)
        killed, kept = worker_pids(site)
        os.kill(killed, signal.SIGKILL)
        assert eventually(lambda: killed not in worker_pids(site) and len(worker_pids(site)) == 2)
        assert kept in worker_pids(site)
        # What the dead one had accepted is lost with it; what comes now is answered.
        assert eventually(lambda: all(site.answers("/healthz") for _ in range(20)))
        assert eventually(lambda: "Unexpected exit from worker-" in site.read_output()[1])
        assert site.press_ctrl_c() == 0
    finally:
        site.destroy()
