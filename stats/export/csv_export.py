"""The mood history as a table."""

import csv
import io

from stats.export.stored_data import read_stored_user
from stats.lib.timestamps import iso
from stats.store.client import Db

# A spreadsheet takes a cell that begins so for a formula
# (https://owasp.org/www-community/attacks/CSV_Injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def mood_csv(db: Db, user_id: str) -> str:
    """Return the mood history as CSV (RFC 4180), newest first; raises UserNotFound."""
    stored, text = read_stored_user(db, user_id), io.StringIO()
    calendar = stored.snapshot.calendar
    table = csv.writer(text)
    table.writerow(("timestamp", "day", "score", "note"))
    for entry in stored.moods:
        day = calendar.day_of(entry.id).isoformat()
        table.writerow((iso(entry.at), day, entry.score, harmless(entry.note)))
    return text.getvalue()


def harmless(cell: str) -> str:
    """Return a cell's text with an apostrophe before what a spreadsheet would calculate."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
