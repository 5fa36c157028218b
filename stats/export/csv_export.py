"""The mood history as a table."""

import csv
import io
import re

from stats.export.stored_data import read_stored_user
from stats.lib.timestamps import iso
from stats.store.client import Db

# Excel reads a table in the system's own encoding unless it begins so.
BOM = "\ufeff"
# A spreadsheet takes a cell that begins so for a formula, be it after spaces or quotes. Excel
# begins a cell at the list separator of the user's region and at every line's end, in the middle
# of one of ours too (https://owasp.org/www-community/attacks/CSV_Injection).
CELL_START = r"(?:^|(?<=[;|\t\r\n]))"
SKIPPED = r"(?:[^\S\t\r\n]|[\"'])*"
FORMULA = re.compile(rf"^(?=[\t\r\n])|{CELL_START}(?={SKIPPED}[=+\-@＝＋－＠])")


def mood_csv(db: Db, user_id: str) -> str:
    """Return the mood history as CSV (RFC 4180), newest first; raises UserNotFound."""
    stored, text = read_stored_user(db, user_id), io.StringIO()
    calendar = stored.snapshot.calendar
    text.write(BOM)
    table = csv.writer(text)
    table.writerow(("timestamp", "day", "score", "note", "tags"))
    for entry in stored.moods:
        day = calendar.day_of(entry.id).isoformat()
        words = (harmless(entry.note), harmless(", ".join(entry.tags)))
        table.writerow((iso(entry.at), day, entry.score, *words))
    return text.getvalue()


def harmless(cell: str) -> str:
    """Return a cell's text with an apostrophe before whatever a spreadsheet would calculate."""
    return FORMULA.sub("'", cell)
