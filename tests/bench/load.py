"""wrk as the load: a file of requests in, figures out."""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.stage.machine import WORK

SCRIPT = Path(__file__).with_name("load.lua")
# A number that was never used before stands here when the request goes out, 16 digits long.
FRESH, FRESH_LENGTH = "\x01", 16
SAME_SIZE = 0.03


@dataclass(frozen=True, slots=True)
class Load:
    """What one run measured; times in milliseconds, `bytes` those of an answer."""

    rate: float
    p50: float
    p99: float
    bytes: float
    bad: int
    statuses: dict[str, int]


@dataclass(frozen=True, slots=True)
class Target:
    """Requests that one server is to answer with one status, over so many connections.

    An answer has `least` bytes at least, headers included.
    """

    name: str
    port: int
    file: Path
    status: int = 200
    connections: int = 32
    least: int = 0


def request(method: str, path: str, *headers: str, body: str = "") -> str:
    """Return the text of an HTTP request; each FRESH counts as the number that replaces it."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: keep-alive", *headers]
    if body:
        length = len(body) + body.count(FRESH) * (FRESH_LENGTH - 1)
        lines.append(f"Content-Length: {length}")
    return "\r\n".join(lines) + "\r\n\r\n" + body


def write(name: str, requests: Iterable[str]) -> Path:
    """Write a file of requests and return its path."""
    path = WORK / f"{name}.requests"
    path.write_text("\0".join(requests), newline="")
    return path


def run(target: Target, seconds: int, *, check: bool = False) -> Load:
    """Load a server for some whole seconds; `check` counts the statuses too."""
    more = ["check"] if check else []
    command = ["wrk", "-t1", f"-c{target.connections}", f"-d{seconds}s", "--timeout", "10s"]
    command += ["-s", str(SCRIPT), f"http://127.0.0.1:{target.port}", "--", str(target.file), *more]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if process.returncode or not process.stdout.strip():
        sys.exit(f"error: wrk: {process.stderr or process.stdout}")
    return _load(json.loads(process.stdout.strip().rpartition("\n")[2]))


def _load(line: dict[str, Any]) -> Load:
    return Load(
        rate=line["requests"] / line["us"] * 1e6,
        p50=line["p50"] / 1000,
        p99=line["p99"] / 1000,
        bytes=line["bytes"] / max(line["requests"], 1),
        bad=line["bad"],
        statuses=line["statuses"],
    )


def run_checked(target: Target) -> Load:
    """Warm a server up for a second and see that its answers are of the right kind."""
    load = run(target, 1, check=True)
    if set(load.statuses) != {str(target.status)}:
        sys.exit(f"error: {target.name} answers {load.statuses}, and should {target.status}")
    if load.bytes < target.least:
        sys.exit(f"error: {target.name} answers {load.bytes:.0f} bytes, fewer than {target.least}")
    return load


def run_measured(target: Target, seconds: int, like: Load) -> Load:
    """Measure; the answers must be of the size of those that were checked before.

    A run without any answer is a figure too: it counts as a rate of 0.
    """
    load = run(target, seconds)
    if not load.rate:
        print(f"{target.name} stood still for {seconds} s", file=sys.stderr)
        return load
    if load.bad or abs(load.bytes / like.bytes - 1) > SAME_SIZE:
        sys.exit(f"error: {target.name} went wrong: {load}, checked as {like}")
    return load
