"""Signals and the life cycle of the parent and its worker processes."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
# How many requests a worker handles at the same time.
THREADS = 4


def exit_on_signal() -> None:
    """Exit by sys.exit at SIGTERM and SIGINT, so that cleanup runs.

    Call it in the parent before it starts anything; Granian installs its own handlers later.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))


def stop_server_on_sigterm() -> None:
    """Have the first SIGTERM stop the server of this process, and later ones do nothing.

    Call it in the worker before it serves. Granian's own handler loses a signal that arrives just
    before its main thread sleeps, and blocks on a second one while requests are running. SIGINT is
    left to the parent: a terminal sends it to both.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    threading.Thread(target=_wait_for_sigterm, daemon=True).start()


def _wait_for_sigterm() -> None:
    signal.sigwait({signal.SIGTERM})
    while not callable(handler := signal.getsignal(signal.SIGTERM)) or not _is_serving():
        time.sleep(0.01)
    handler(signal.SIGTERM, None)


def _is_serving() -> bool:
    """Whether the main thread waits in Event.wait, as it does once Granian serves."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    while frame and frame.f_code is not threading.Event.wait.__code__:
        frame = frame.f_back
    return frame is not None


def reset_signals_after_fork() -> None:
    """Restore the default action of SIGTERM in processes that are forked from now on.

    With the inherited handlers of the parent they would ignore a SIGTERM that comes before their
    own handlers. Call it in the parent before it serves.
    """
    os.register_at_fork(
        before=lambda: _mask_sigterm(signal.SIG_BLOCK),
        after_in_parent=lambda: _mask_sigterm(signal.SIG_UNBLOCK),
        after_in_child=_reset_handlers,
    )


def _reset_handlers() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    _mask_sigterm(signal.SIG_UNBLOCK)


def _mask_sigterm(operation: int) -> None:
    signal.pthread_sigmask(operation, {signal.SIGTERM})


def die_with_parent() -> None:
    """Have the kernel send this process SIGTERM when its parent dies, even by SIGKILL.

    Call it in the worker. Linux only; elsewhere nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    parent = multiprocessing.parent_process()
    # The parent may have died just before prctl.
    if parent is not None and os.getppid() != parent.pid:
        os.kill(os.getpid(), signal.SIGTERM)
