"""Workers do not outlive a parent that was killed."""

import subprocess
import sys

import pytest

from tests.support.live_server import ROOT

PARENT = """
import multiprocessing, signal
from stats.web.worker_processes import die_with_parent

def work():
    die_with_parent()
    print("working", flush=True)
    signal.pause()

worker = multiprocessing.get_context("fork").Process(target=work)
worker.start()
worker.join()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a Linux system call")
def test_a_worker_ends_when_its_parent_is_killed():
    command = [sys.executable, "-c", PARENT]
    parent = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    assert parent.stdout.readline() == "working\n"
    parent.kill()
    # The pipe ends when the last process that could write to it has gone.
    output, _ = parent.communicate(timeout=20)
    assert output == ""
