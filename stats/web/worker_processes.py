"""Signals and the life cycle of the parent and its worker processes."""

import ctypes
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from contextlib import suppress

PR_SET_PDEATHSIG = 1
# How many requests a worker handles at the same time.
THREADS = 4
# How many connections a worker keeps open at most; an idle one takes some 10 KB.
MAX_CONNECTIONS = 16_384
# The files of a process that are no client's connection: logs, metrics, Redis, Stripe.
RESERVED_FILES = 256


def exit_on_signal() -> None:
    """Exit by sys.exit at SIGTERM and SIGINT, so that cleanup runs.

    Call it in the parent before it starts anything; Granian installs its own handlers later.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))


def raise_file_limit() -> int:
    """Allow this process more open files; return how many connections a worker may keep.

    Call it in the parent before it starts anything. A shell usually allows 1,024 files, which a
    process may raise to its hard limit by itself (setrlimit(2)).
    """
    wanted = MAX_CONNECTIONS + RESERVED_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _at_most(soft, wanted) < wanted:
        # macOS refuses what is above a limit of the kernel's.
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (_at_most(hard, wanted), hard))
    limit = _at_most(resource.getrlimit(resource.RLIMIT_NOFILE)[0], wanted)
    return max(limit - RESERVED_FILES, limit // 2)


def _at_most(limit: int, most: int) -> int:
    return most if limit == resource.RLIM_INFINITY else min(limit, most)


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
    own handlers. Each leads a process group of its own: a signal to the parent's group is the
    parent's, which would take a worker that it ends before for one that failed. Call it in the
    parent before it serves.
    """
    os.register_at_fork(
        before=lambda: _mask_sigterm(signal.SIG_BLOCK),
        after_in_parent=lambda: _mask_sigterm(signal.SIG_UNBLOCK),
        after_in_child=_reset_handlers,
    )


def _reset_handlers() -> None:
    os.setpgid(0, 0)
    # What came to the group before is forgotten: the parent has had it, too.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
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
