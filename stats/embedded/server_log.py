"""What the embedded server's log says that whoever starts it should know."""

import logging
import re
from pathlib import Path

log = logging.getLogger(__name__)

# Valkey's line about an append-only file that ends in the middle of a write
# (loadSingleAppendOnlyFile in https://github.com/valkey-io/valkey/blob/9.1/src/aof.c).
CUT_FILE = re.compile(rb"Truncating the AOF (\S+) at offset (\d+)")


def size_of(path: Path) -> int:
    """Return how long a log is, 0 if there is none yet."""
    return path.stat().st_size if path.exists() else 0


def warn_of_cut_file(path: Path, since: int) -> None:
    """Log a warning if the server, whose log had `since` bytes before, started with a cut file."""
    with open(path, "rb") as server_log:
        server_log.seek(since)
        found = CUT_FILE.search(server_log.read())
    if found:
        log.warning(
            "DATA_DIR: the append-only file %s ended in the middle of a write: what stood after "
            "its first %s bytes is lost, and the store has started with the rest.",
            found[1].decode(errors="replace"),
            found[2].decode(),
        )
