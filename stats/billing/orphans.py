"""Orphans: events about what is ours that fit no user, kept for the operator."""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from stats.lib.text import as_text
from stats.store.client import Db
from stats.store.keys import ORPHANS
from stats.store.scripts import run

log = logging.getLogger("stats.billing.webhook")
MAX_ORPHANS = 500


@dataclass(frozen=True, slots=True)
class Orphan:
    """An event that fits no user: when it came (aware), what it was about, and why."""

    event_id: str
    type: str
    customer: str
    why: str
    at: datetime


def keep_orphan(db: Db, event: Mapping[str, Any], customer: str | None, why: str) -> str:
    """Store and log an event that belongs to no user, with the reason; return "orphan".

    The latest MAX_ORPHANS are kept; an event that comes again is kept once.
    """
    orphan = {"type": event.get("type"), "customer": customer, "at": int(time.time()), "why": why}
    run(db, "billing/keep_orphan", [ORPHANS], str(event.get("id")), json.dumps(orphan), MAX_ORPHANS)
    log.error("event %s fits no user (%s)", event.get("id"), why)
    return "orphan"


def read_orphans(db: Db) -> list[Orphan]:
    """Return the orphans, oldest first."""
    stored = {as_text(name): json.loads(value) for name, value in db.hgetall(ORPHANS).items()}
    orphans = [
        Orphan(
            event_id,
            str(orphan["type"]),
            str(orphan["customer"] or ""),
            orphan["why"],
            datetime.fromtimestamp(orphan["at"], UTC),
        )
        for event_id, orphan in stored.items()
    ]
    return sorted(orphans, key=lambda orphan: (orphan.at, orphan.event_id))
