"""What the application says at its start about an append-only file that was cut."""

import os
from pathlib import Path

from tests.support.live_server import serve
from tests.support.marks import reads_proc

pytestmark = reads_proc


def test_it_says_first_that_its_log_was_cut(tmp_path: Path) -> None:
    site = serve(tmp_path / "data")
    site.api("GET", "/api/dashboard?userId=alice")
    assert site.press_ctrl_c() == 0
    [log] = (site.data_dir / "appendonlydir").glob("*.incr.aof")
    os.truncate(log, log.stat().st_size - 3)
    again = serve(tmp_path / "data")
    try:
        first_line = again.read_output()[1].splitlines()[0]
        assert log.name in first_line
        assert "is lost" in first_line
    finally:
        again.destroy()
