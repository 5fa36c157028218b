"""Moments as numbers and as text."""

import time
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY, MILLISECOND = timedelta(days=1), timedelta(milliseconds=1)


def iso(moment: datetime) -> str:
    """Return an aware moment as ISO 8601 in UTC with milliseconds, which sorts as text."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def iso_ms(milliseconds: int) -> str:
    """Return a time in milliseconds since 1970 as ISO 8601 in UTC."""
    return iso(moment(milliseconds))


def milliseconds(moment: datetime) -> int:
    """Return an aware moment in whole milliseconds since 1970, rounded down."""
    return (moment - EPOCH) // MILLISECOND


def moment(milliseconds: int) -> datetime:
    """Return a time in milliseconds since 1970 as an aware datetime in UTC, exactly."""
    return EPOCH + timedelta(milliseconds=milliseconds)


def now_ms() -> int:
    """Return the time in milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000
