"""Marks that several test modules share."""

from pathlib import Path

import pytest

reads_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads /proc")
