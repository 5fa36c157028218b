"""Taking back the entry that was recorded last, as the page's button does."""

from stats.moods.entries import undo_mood
from stats.snapshot import Snapshot
from stats.store.client import Db
from stats.user_stats import open_stats


def undo_last(db: Db, user_id: str) -> Snapshot:
    """Take the entry back that stands beside the button; with none, try it with one that is not."""
    return undo_mood(db, user_id, open_stats(db, user_id, create=False).undo or 1)
