"""Saved conversations: counted once, listed newest first, given back as they were."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.conversations import (
    delete_conversation,
    get_conversation,
    list_conversations,
    save_conversation,
)
from stats.errors import NotFound, OperationReused
from stats.lib.normalisation import visible
from stats.lib.timestamps import iso_ms
from stats.user_stats import add_recent_conversation, create_user_stats, get_user_stats
from tests.support.store_checks import contents, fresh_ids, storable

HELLO = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi!"}]
WORDS = st.text(storable, max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, width=64) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=10,
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """No two conversations are saved in the same millisecond."""
    ticks = itertools.count(1_773_300_000_000)
    monkeypatch.setattr("stats.conversations.now_ms", lambda: next(ticks))


def recents(db, user_id: str = "alice") -> list[str]:
    return [item.summary for item in get_user_stats(db, user_id).recent_conversations]


def count(db, user_id: str = "alice") -> int:
    return get_user_stats(db, user_id).conversations


def test_it_saves_counts_and_lists_at_once(db):
    create_user_stats(db, "alice")
    saved, snapshot = save_conversation(
        db, "alice", HELLO, chat_id="chat-1", title="A talk", summary="We talked.", tags=["a", "b"]
    )
    assert (saved.chat_id, saved.title, saved.summary) == ("chat-1", "A talk", "We talked.")
    assert (saved.message_count, saved.tags) == (2, ("a", "b"))
    assert snapshot.stats() == get_user_stats(db, "alice")
    assert (count(db), recents(db)) == (1, ["We talked."])
    assert get_user_stats(db, "alice").recent_conversations[0].timestamp == saved.saved_at
    read = get_conversation(db, "alice", "chat-1")
    assert read == saved
    assert list(read.messages) == HELLO
    (listed,) = list_conversations(db, "alice")
    assert (listed.chat_id, listed.title, listed.messages) == ("chat-1", "A talk", None)


@given(st.lists(st.dictionaries(WORDS, JSON, max_size=4), max_size=4), WORDS, WORDS)
def test_it_gives_a_conversation_back_exactly(valkey, messages, title, summary):
    messages = [*messages, *HELLO]
    user = next(fresh_ids)
    create_user_stats(valkey, user)
    saved, _ = save_conversation(valkey, user, messages, title=title, summary=summary)
    read = get_conversation(valkey, user, saved.chat_id)
    assert list(read.messages) == messages
    assert read.title == (visible(title) or visible(summary) or saved.title)
    assert recents(valkey, user) == [read.summary]
    save_conversation(valkey, user, HELLO)
    assert recents(valkey, user)[1] == read.summary


@pytest.mark.parametrize(
    ("words", "title", "summary"),
    [
        ({}, "Conversation of 2 messages", "Conversation of 2 messages"),
        ({"title": " ", "summary": "\n"}, "Conversation of 2 messages", None),
        ({"title": "\u200b", "summary": "\u3164"}, "Conversation of 2 messages", None),
        ({"title": "\u2800", "summary": "words"}, "words", "words"),
        (
            {"summary": "\u00ad" * 80 + "words"},
            "Conversation of 2 messages",
            "\u00ad" * 80 + "words",
        ),
        ({"title": "A talk"}, "A talk", "A talk"),
        ({"summary": "words"}, "words", "words"),
        ({"summary": "x" * 300}, "x" * 80, "x" * 200),
        ({"summary": "👩" * 201}, "👩" * 80, "👩" * 200),
        ({"title": "t" * 200, "summary": "s"}, "t" * 200, "s"),
    ],
)
def test_it_makes_a_title_and_a_summary_of_what_there_is(db, words, title, summary):
    create_user_stats(db, "alice")
    saved, _ = save_conversation(db, "alice", HELLO, **words)
    assert (saved.title, saved.summary) == (title, summary or title)
    assert recents(db) == [summary or title]


def test_it_says_one_message(db):
    create_user_stats(db, "alice")
    assert save_conversation(db, "alice", HELLO[:1])[0].title == "Conversation of 1 message"


def test_it_replaces_a_chat_that_is_saved_again_and_counts_it_once(db, clock):
    create_user_stats(db, "alice")
    save_conversation(db, "alice", HELLO, chat_id="one", summary="first", tags=["old"])
    save_conversation(db, "alice", HELLO, chat_id="two", summary="second")
    save_conversation(db, "alice", HELLO[:1], chat_id="one", summary="again")
    assert count(db) == 2
    assert recents(db) == ["again", "second"]
    read = get_conversation(db, "alice", "one")
    assert (read.message_count, len(read.messages), read.tags) == (1, 1, ())
    assert [chat.chat_id for chat in list_conversations(db, "alice")] == ["one", "two"]


def test_it_counts_a_chat_once_however_long_ago_it_was_saved(db):
    create_user_stats(db, "alice")
    for number in [*range(70), 0]:
        save_conversation(db, "alice", HELLO, chat_id=f"chat-{number}")
    assert count(db) == 70


def test_it_makes_an_id_for_each_conversation_without_one(db):
    create_user_stats(db, "alice")
    ids = {save_conversation(db, "alice", HELLO)[0].chat_id for _ in range(20)}
    assert len(ids) == count(db) == 20


def test_it_counts_a_repeated_key_once(db):
    create_user_stats(db, "alice")
    first, _ = save_conversation(db, "alice", HELLO, summary="first", key="k")
    before = contents(db)
    again, snapshot = save_conversation(db, "alice", HELLO, summary="first", key="k")
    assert (again.chat_id, again.summary, again.message_count) == (first.chat_id, "first", 2)
    assert snapshot.stats().conversations == 1
    assert contents(db) == before
    save_conversation(db, "alice", HELLO, key="another")
    assert count(db) == 2


def test_it_counts_a_repeated_key_once_with_an_id_too(db):
    create_user_stats(db, "alice")
    save_conversation(db, "alice", HELLO, chat_id="one", summary="first", key="k")
    before = contents(db)
    save_conversation(db, "alice", HELLO, chat_id="one", summary="first", key="k")
    assert contents(db) == before


@pytest.mark.parametrize(
    "other",
    [
        {"chat_id": "two"},
        {"chat_id": None},
        {"summary": "second"},
        {"title": "A talk"},
        {"tags": ["night"]},
        {"messages": HELLO[:1]},
    ],
)
def test_it_refuses_a_key_that_comes_back_with_something_else(db, other):
    create_user_stats(db, "alice")
    first = {"messages": HELLO, "chat_id": "one", "summary": "first", "key": "k"}
    save_conversation(db, "alice", **first)
    before = contents(db)
    with pytest.raises(OperationReused):
        save_conversation(db, "alice", **{**first, **other})
    assert contents(db) == before


def test_it_deletes_a_conversation_and_keeps_the_count(db, clock):
    create_user_stats(db, "alice")
    for name in ("one", "two", "three", "four"):
        save_conversation(db, "alice", HELLO, chat_id=name, summary=name)
    assert recents(db) == ["four", "three", "two"]
    snapshot = delete_conversation(db, "alice", "three")
    assert snapshot.stats() == get_user_stats(db, "alice")
    assert (recents(db), count(db)) == (["four", "two", "one"], 4)
    assert "three" not in str(contents(db)["user:{alice}:heads"])
    with pytest.raises(NotFound):
        get_conversation(db, "alice", "three")
    for name in ("one", "two", "four"):
        delete_conversation(db, "alice", name)
    assert (recents(db), count(db), list_conversations(db, "alice")) == ([], 4, [])


def test_it_counts_once_what_was_deleted_and_saved_again(db):
    create_user_stats(db, "alice")
    for _ in range(2):
        save_conversation(db, "alice", HELLO, chat_id="one")
        delete_conversation(db, "alice", "one")
    save_conversation(db, "alice", HELLO, chat_id="one")
    assert count(db) == 1
    assert len(list_conversations(db, "alice")) == 1


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abcdefg")), max_size=25))
def test_it_agrees_with_a_simpler_telling(valkey, steps):
    user, moment = next(fresh_ids), itertools.count(1_773_300_000_000)
    create_user_stats(valkey, user)
    ever: set[str] = set()
    kept: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stats.conversations.now_ms", lambda: next(moment))
        for saves, chat in steps:
            if saves:
                save_conversation(valkey, user, HELLO, chat_id=chat, summary=chat)
                ever.add(chat)
            elif chat in kept:
                delete_conversation(valkey, user, chat)
            else:
                with pytest.raises(NotFound):
                    delete_conversation(valkey, user, chat)
            kept = [chat] * saves + [other for other in kept if other != chat]
            assert recents(valkey, user) == kept[:3]
            assert count(valkey, user) == len(ever)
            assert [found.chat_id for found in list_conversations(valkey, user)] == kept


def test_it_keeps_summaries_added_by_hand_in_their_place(db, clock):
    create_user_stats(db, "alice")
    save_conversation(db, "alice", HELLO, chat_id="one", summary="one")
    add_recent_conversation(db, "alice", "by hand")
    delete_conversation(db, "alice", "one")
    assert recents(db) == ["by hand"]


def test_it_lists_as_many_as_asked_for_newest_first(db, clock):
    create_user_stats(db, "alice")
    for number in range(5):
        save_conversation(db, "alice", HELLO, chat_id=f"chat-{number}")
    listed = [chat.chat_id for chat in list_conversations(db, "alice", limit=3)]
    assert listed == ["chat-4", "chat-3", "chat-2"]
    assert list_conversations(db, "alice")[0].saved_at == iso_ms(1_773_300_000_004)


def test_it_keeps_the_conversations_of_users_apart(db):
    for user in ("alice", "bob"):
        create_user_stats(db, user)
    save_conversation(db, "alice", HELLO, chat_id="one")
    with pytest.raises(NotFound):
        get_conversation(db, "bob", "one")
    with pytest.raises(NotFound):
        delete_conversation(db, "bob", "one")
    assert (count(db, "bob"), list_conversations(db, "bob")) == (0, [])
    assert len(list_conversations(db, "alice")) == 1
