"""Pages of the saved conversations: whatever is saved or deleted meanwhile, nothing is missed."""

from itertools import chain, count

import pytest

from stats.conversation_pages import Place, page_after
from stats.conversations import delete_conversation, list_conversations, save_conversation
from stats.store.client import Db
from stats.user_stats import create_user_stats

HELLO = [{"role": "user", "content": "hello"}]
NOON = 1_773_300_000_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two conversations be saved in each millisecond."""
    moments = count(NOON * 2)
    monkeypatch.setattr("stats.conversations.now_ms", lambda: next(moments) // 2)


def save(db: Db, *chat_ids: str) -> None:
    for chat_id in chat_ids:
        save_conversation(db, "alice", HELLO, chat_id=chat_id)


def page(db: Db, after: Place | None, limit: int = 2) -> tuple[list[str], Place | None]:
    listed, last = page_after(db, "alice", limit=limit, after=after)
    return [conversation.chat_id for conversation in listed], last


@pytest.fixture
def db_of_six(db: Db, clock: None) -> Db:
    """A store in which Alice has saved six conversations, a to f."""
    create_user_stats(db, "alice")
    save(db, *"abcdef")
    return db


@pytest.mark.parametrize("limit", range(1, 8))
def test_pages_together_are_the_list(db_of_six: Db, limit: int) -> None:
    pages, after = [], None
    while not pages or after:
        listed, after = page(db_of_six, after, limit)
        pages.append(listed)
    assert [len(listed) for listed in pages[:-1]] == [limit] * (len(pages) - 1)
    read = list(chain(*pages))
    assert read == [item.chat_id for item in list_conversations(db_of_six, "alice")]
    assert read == list("fedcba")


def test_a_new_one_moves_no_page(db_of_six: Db) -> None:
    first, after = page(db_of_six, None)
    save(db_of_six, "g", "h", "b")
    second, after = page(db_of_six, after)
    assert (first, second, page(db_of_six, after)) == (["f", "e"], ["d", "c"], (["a"], None))


@pytest.mark.parametrize("gone", ["e", "f", "d"])
def test_a_deleted_one_hides_no_other(db_of_six: Db, gone: str) -> None:
    _, after = page(db_of_six, None)
    delete_conversation(db_of_six, "alice", gone)
    rest, end = page(db_of_six, after, 9)
    assert (rest, end) == ([chat for chat in "dcba" if chat != gone], None)


def test_one_that_is_saved_again_hides_no_other(db_of_six: Db) -> None:
    _, after = page(db_of_six, None)
    save(db_of_six, "e")
    assert page(db_of_six, after, 9) == (list("dcba"), None)


def test_who_has_none_has_an_empty_page(db: Db) -> None:
    assert page(db, None) == ([], None)
