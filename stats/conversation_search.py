"""The search among saved conversations: words are compared as people read them."""

from stats.conversations import (
    MAX_LISTED,
    Conversation,
    list_conversations,
    page_of_conversations,
)
from stats.lib.normalisation import fold
from stats.store.client import Db


def search_conversations(
    db: Db, user_id: str, words: str, *, limit: int, skip: int = 0
) -> tuple[list[Conversation], int]:
    """Return up to `limit` conversations that hold all `words` in title, summary or tags.

    Newest first, the first `skip` left out; the second value is how many there are in all.
    """
    terms = set(fold(words).split())
    if not terms:
        return page_of_conversations(db, user_id, limit=limit, skip=skip)
    matches = [
        conversation
        for conversation in list_conversations(db, user_id, limit=MAX_LISTED)
        if _holds_all(conversation, terms)
    ]
    return matches[skip : skip + limit], len(matches)


def matching_tags(conversation: Conversation, words: str) -> list[str]:
    """Return the tags that hold at least one of the words: why a search has found it."""
    terms = set(fold(words).split())
    return [tag for tag in conversation.tags if any(term in fold(tag) for term in terms)]


def _holds_all(conversation: Conversation, terms: set[str]) -> bool:
    text = fold(" ".join((conversation.title, conversation.summary, *conversation.tags)))
    return all(term in text for term in terms)
