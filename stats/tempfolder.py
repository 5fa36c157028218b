"""Temporary folders that go again, in the end even that of a process which was killed."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stats.filelock import lock_file, share, try_lock

LOCK = "lock"
# Nobody takes longer from making a folder to holding its lock (s).
YOUNG = 60


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """Make a folder of this user's alone that is removed at the end of a `with` block.

    Folders with the same prefix that no living process holds are removed first. Children forked
    in the block hold it, too. Raises OSError.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with suppress(OSError):
            _remove_abandoned(left)
    with (
        tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as name,
        lock_file(Path(name) / LOCK) as lock,
    ):
        share(lock)
        yield Path(name)


def _remove_abandoned(folder: Path) -> None:
    if folder.lstat().st_uid != os.getuid():
        return
    if time.time() < (folder / LOCK).lstat().st_mtime + YOUNG:
        return
    with lock_file(folder / LOCK) as lock:
        if try_lock(lock):
            shutil.rmtree(folder)
