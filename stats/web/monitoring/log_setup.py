"""How lines are written: as JSON, or for a person."""

import logging
import time
from datetime import UTC, datetime
from typing import Any

from stats.settings import Settings
from stats.web.json_provider import encode
from stats.web.monitoring.access_log import request_id

LEVELS = {"aira": logging.INFO, "stats": logging.WARNING}
# The end of a trace tells where it happened.
TRACE = 3000


def set_up(settings: Settings) -> None:
    """Send this program's lines to standard error: the whole process's, so for its start alone."""
    handler = logging.StreamHandler()
    handler.setFormatter(Readable() if settings.embedded else Json())
    for name, level in LEVELS.items():
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)


class Json(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told = {"time": when, "level": record.levelname.lower(), "logger": record.name}
        told |= {"event": record.getMessage(), "request": request_id()} | _facts(record)
        if record.exc_info:
            trace = self.formatException(record.exc_info)[-TRACE:]
            told["trace"] = trace.encode("ascii", "backslashreplace").decode()
        return encode(told).decode().rstrip()


class Readable(logging.Formatter):
    """A line for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        when = time.strftime("%H:%M:%S", time.localtime(record.created))
        line = f"{when} {_in_words(record.getMessage(), _facts(record))}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _in_words(message: str, facts: dict[str, Any]) -> str:
    if "method" not in facts:
        return " ".join([message, *(f"{name}={value}" for name, value in facts.items())])
    text = "{method} {route} {status} in {ms} ms".format_map(facts)
    return f"{text} for {facts['user']}" if "user" in facts else text


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    facts: dict[str, Any] = getattr(record, "facts", {})
    return facts
