"""What a worker process owes its parent."""

import ctypes
import multiprocessing
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def leave_ctrl_c_to_parent() -> None:
    """Keep SIGINT from this process: the terminal sends it to the parent too, which ends us.

    Call it in the worker, whose two signal handlers would block each other.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def parent_death_signal() -> None:
    """Have the kernel send this process SIGTERM when its parent dies, even by kill -9.

    Call it in the worker. Linux only; elsewhere nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    parent = multiprocessing.parent_process()
    # The parent may have died just before the kernel was told.
    if parent is not None and os.getppid() != parent.pid:
        os.kill(os.getpid(), signal.SIGTERM)
