"""Several workers are one server to whoever looks from outside."""

import re
from pathlib import Path

from tests.browser.serving import Site, serve
from tests.marks import reads_proc

pytestmark = reads_proc


def metrics_of(site: Site) -> str:
    """What Prometheus reads, from whichever worker takes the call."""
    connection = site.connect()
    connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {site.key}"})
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def test_several_workers_count_together(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    site = serve(tmp_path / "data", WORKERS="2", TMPDIR=str(temporary))
    try:
        assert sum(site.answers("/healthz") for _ in range(40)) == 40
        line = 'aira_requests_total{method="GET",route="/healthz",status="200"} 40.0'
        for _ in range(10):
            text = metrics_of(site)
            assert line in text.splitlines()
            assert len(re.findall(r"^process_resident_memory_bytes{", text, re.MULTILINE)) == 2
        (folder,) = temporary.glob("aira-metrics-*")
        assert folder.stat().st_mode & 0o777 == 0o700
        assert site.interrupt() == 0
        assert not folder.exists()
    finally:
        site.destroy()
