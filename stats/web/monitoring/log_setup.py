"""The set-up of logging: JSON lines, or readable ones for an embedded instance."""

import logging
import time
from datetime import UTC, datetime
from typing import Any

from stats.settings import Settings
from stats.web.json_provider import encode
from stats.web.monitoring.access_log import request_id

LEVELS = {"aira": logging.INFO, "stats": logging.WARNING}
# Only the end of a long traceback is logged (characters).
MAX_TRACEBACK = 3000


def set_up(settings: Settings) -> None:
    """Log to standard error; call it once, when the process starts."""
    handler = logging.StreamHandler()
    handler.setFormatter(_formatter(settings))
    for name, level in LEVELS.items():
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)


def server_config(settings: Settings) -> dict[str, Any]:
    """Return how Granian's own lines are logged, such as that of a worker that has died.

    https://docs.python.org/3/library/logging.config.html#logging-config-dictschema
    """
    return {
        "formatters": {"ours": {"()": lambda: _formatter(settings)}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "ours"}},
        "loggers": {"_granian": {"handlers": ["stderr"], "propagate": False}},
    }


def _formatter(settings: Settings) -> logging.Formatter:
    return ReadableFormatter() if settings.embedded else JsonFormatter()


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields = {"time": when, "level": record.levelname.lower(), "logger": record.name}
        fields |= {"event": record.getMessage(), "request": request_id()} | _extra_fields(record)
        if record.exc_info:
            trace = self.formatException(record.exc_info)[-MAX_TRACEBACK:]
            fields["trace"] = trace.encode("ascii", "backslashreplace").decode()
        return encode(fields).decode().rstrip()


class ReadableFormatter(logging.Formatter):
    """A line for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        when = time.strftime("%H:%M:%S", time.localtime(record.created))
        line = f"{when} {_as_text(record.getMessage(), _extra_fields(record))}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _as_text(message: str, fields: dict[str, Any]) -> str:
    if "method" not in fields:
        return " ".join([message, *(f"{name}={value}" for name, value in fields.items())])
    text = "{method} {route} {status} in {ms} ms".format_map(fields)
    return f"{text} for {fields['user']}" if "user" in fields else text


def _extra_fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = getattr(record, "facts", {})
    return fields
