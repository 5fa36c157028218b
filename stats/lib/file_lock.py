"""Locks on files, between processes. The kernel lets go of one when its last holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def lock_file(path: Path) -> Iterator[int]:
    """Open the file for the length of a `with` block, which lets go of what was locked in it."""
    lock = open_lock(path)
    try:
        yield lock
    finally:
        os.close(lock)


def open_lock(path: Path) -> int:
    """Return a descriptor of the file, made readable for its owner alone if it is new."""
    return private_opener(path, os.O_RDWR | os.O_CREAT)


def private_opener(path: str | Path, flags: int) -> int:
    """Open like `os.open`, follow no link, and keep a new file to its owner."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def try_lock(lock: int) -> bool:
    """Say whether this descriptor now holds the file alone, without waiting."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def share(lock: int) -> None:
    """Hold the file together with others, after waiting for whoever holds it alone."""
    fcntl.flock(lock, fcntl.LOCK_SH)
