"""The socket of an embedded server: where it lies, and a command sent to it without a client."""

import hashlib
import os
import socket
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from stats.errors import StoreUnavailable

# What fits with its closing NUL on macOS; Linux has room for four more.
MAX_SOCKET_PATH = 103


def socket_path(folder: Path) -> Path:
    """In the folder, or, where that is too long for a socket, in a private one beside it."""
    path = folder / "valkey.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    private = Path(tempfile.gettempdir()) / f"aira-stats-{os.getuid()}-{name}"
    private.mkdir(mode=0o700, exist_ok=True)
    status = private.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_mode & 0o077 or status.st_uid != os.getuid():
        raise StoreUnavailable(f"{private} should be a private folder of this user's, and is not.")
    return private / "valkey.sock"


def answers(path: Path) -> bool:
    reply = send_command(path, b"PING", seconds=1)
    if not reply:
        return False
    return not reply.startswith(b"-LOADING")


def send_command(path: Path, command: bytes, seconds: float) -> bytes | None:
    """Return the start of the reply, b"" if the server hangs up, None if it cannot be reached."""
    with socket.socket(socket.AF_UNIX) as connection, suppress(OSError):
        connection.settimeout(seconds)
        connection.connect(str(path))
        connection.sendall(command + b"\r\n")
        return connection.recv(64)
    return None
