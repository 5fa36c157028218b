"""Several workers are one server to whoever looks from outside."""

import re
from pathlib import Path

from tests.support.live_server import eventually, serve
from tests.support.marks import reads_proc

pytestmark = reads_proc


def workers_in(text: str) -> int:
    return len(re.findall(r"^process_resident_memory_bytes{", text, re.MULTILINE))


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
