"""How the parent and its worker processes begin and end."""

import ctypes
import multiprocessing
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def exit_when_told() -> None:
    """Leave by sys.exit at SIGTERM and SIGINT, so that what has been started is stopped again.

    Call it in the parent before it starts anything; the server's own handlers come later.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))


def leave_ctrl_c_to_parent() -> None:
    """Keep SIGINT from this process: the terminal sends it to the parent too, which ends us.

    Call it in the worker, whose two signal handlers would block each other.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def end_at_once_until_ready() -> None:
    """Have processes that are forked from now on end at SIGTERM until they handle it themselves.

    With the parent's handlers, which they inherit, they would take a SIGTERM and live on. Call it
    in the parent before it serves.
    """
    os.register_at_fork(
        before=lambda: _mask(signal.SIG_BLOCK),
        after_in_parent=lambda: _mask(signal.SIG_UNBLOCK),
        after_in_child=_forget_handlers,
    )


def _forget_handlers() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    leave_ctrl_c_to_parent()
    _mask(signal.SIG_UNBLOCK)


def _mask(how: int) -> None:
    signal.pthread_sigmask(how, {signal.SIGTERM})


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
