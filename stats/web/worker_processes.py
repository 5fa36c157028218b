"""How the parent and its worker processes begin and end."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
# How many requests a worker answers at the same time.
THREADS = 4


def exit_when_told() -> None:
    """Leave by sys.exit at SIGTERM and SIGINT, so that what has been started is stopped again.

    Call it in the parent before it starts anything; the server's own handlers come later.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))


def end_when_told() -> None:
    """Have the first SIGTERM end this process's server, and later ones do nothing.

    Call it in the worker before it serves. Left to the server, a signal that comes just before its
    main thread sleeps is lost, and a second one blocks it while requests are under way. SIGINT is
    left to the parent, for the terminal tells both.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    threading.Thread(target=_end_server, daemon=True).start()


def _end_server() -> None:
    signal.sigwait({signal.SIGTERM})
    while not callable(end := signal.getsignal(signal.SIGTERM)) or not _serves():
        time.sleep(0.01)
    end(signal.SIGTERM, None)


def _serves() -> bool:
    """Whether the main thread waits for the end, as it does once the server has begun."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    while frame and frame.f_code is not threading.Event.wait.__code__:
        frame = frame.f_back
    return frame is not None


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
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
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
