"""Pages of the saved conversations, each after a place in the list instead of at a number."""

from typing import NamedTuple

from stats.conversations import Conversation, unpack
from stats.lib.text import texts
from stats.store.client import Db
from stats.store.keys import CONVERSATION_KINDS, user_keys
from stats.store.scripts import run


class Place(NamedTuple):
    """A place in the list: of which conversation, and by which score it stood there."""

    score: str
    chat_id: str


def page_after(
    db: Db, user_id: str, *, limit: int, after: Place | None = None
) -> tuple[list[Conversation], Place | None]:
    """Return up to `limit` conversations after a place, and the place of the last of them.

    Those saved last are first; messages are not read. The place is None where no more follow. What
    is saved meanwhile stands before it, so that nothing comes twice or is left out.
    """
    keys = user_keys(user_id, CONVERSATION_KINDS)
    ranked, heads, more = run(
        db, "conversations/list_after", keys, limit, *(after or Place("", ""))
    )
    ids, scores = texts(ranked[::2]), texts(ranked[1::2])
    listed = [unpack(chat_id, head) for chat_id, head in zip(ids, heads, strict=True)]
    return listed, Place(scores[-1], ids[-1]) if more else None
