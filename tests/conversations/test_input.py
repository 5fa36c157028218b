"""Conversations that are refused, of users who are not there, and what each call changes."""

import pytest

from stats.conversations import (
    delete_conversation,
    get_conversation,
    list_conversations,
    save_conversation,
)
from stats.errors import InvalidInput, NotFound, UserNotFound
from stats.user_stats import create_user_stats, get_user_stats
from tests.support.store_checks import BAD_IDS, BAD_TEXTS, contents, keys_of_user, version

HELLO = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi!"}]


@pytest.mark.parametrize("text", BAD_TEXTS)
@pytest.mark.parametrize("field", ["messages", "title", "summary", "tags"])
def test_it_refuses_what_cannot_be_stored(db, field, text):
    create_user_stats(db, "alice")
    before = contents(db)
    values = {"messages": HELLO, field: [{"content": [text]}] if field == "messages" else text}
    if field == "tags":
        values["tags"] = ["ok", text]
    with pytest.raises(InvalidInput) as refused:
        save_conversation(db, "alice", **values)
    assert refused.value.field == field
    assert contents(db) == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "x" * 1001),
        ("tags", ["x" * 51]),
        ("title", 5),
        ("tags", [5]),
        ("tags", ["\u200b"]),
    ],
)
def test_it_refuses_what_is_too_long_or_no_text(db, field, value):
    create_user_stats(db, "alice")
    with pytest.raises(InvalidInput) as refused:
        save_conversation(db, "alice", HELLO, **{field: value})
    assert refused.value.field == field
    assert get_user_stats(db, "alice").conversations == 0


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "user", "content": ""}],
        [{"role": "user", "content": " \u200b\u2800\n"}] * 2,
        [{"role": "user", "content": None}, {"role": "user"}, {"role": "user", "content": []}],
    ],
)
def test_it_refuses_a_conversation_in_which_nothing_is_said(db, messages):
    create_user_stats(db, "alice")
    before = contents(db)
    with pytest.raises(InvalidInput) as refused:
        save_conversation(db, "alice", messages)
    assert refused.value.field == "messages"
    assert contents(db) == before
    quiet = [*messages, {"role": "user", "content": "\u200bHi"}]
    saved, _ = save_conversation(db, "alice", quiet)
    assert list(get_conversation(db, "alice", saved.chat_id).messages) == quiet


@pytest.mark.parametrize("chat_id", [".", ".."])
def test_it_refuses_an_id_that_browsers_take_for_a_folder(db, chat_id):
    create_user_stats(db, "alice")
    before = contents(db)
    with pytest.raises(InvalidInput) as refused:
        save_conversation(db, "alice", HELLO, chat_id=chat_id)
    assert refused.value.field == "chatId"
    assert contents(db) == before
    assert save_conversation(db, "alice", HELLO, chat_id="...")[0].chat_id == "..."


@pytest.mark.parametrize("chat_id", BAD_IDS)
def test_it_refuses_other_ids(valkey, chat_id):
    create_user_stats(valkey, "alice")
    before = contents(valkey)
    for ask in (
        lambda: save_conversation(valkey, "alice", HELLO, chat_id=chat_id),
        lambda: get_conversation(valkey, "alice", chat_id),
        lambda: delete_conversation(valkey, "alice", chat_id),
    ):
        with pytest.raises(InvalidInput) as refused:
            ask()
        assert refused.value.field == "chatId"
    assert contents(valkey) == before


def test_it_makes_nobody_unless_asked_to(db):
    with pytest.raises(UserNotFound):
        save_conversation(db, "alice", HELLO, key="k")
    with pytest.raises(NotFound):
        delete_conversation(db, "alice", "one")
    with pytest.raises(NotFound):
        get_conversation(db, "alice", "one")
    assert list_conversations(db, "alice") == []
    assert contents(db) == {}
    _, snapshot = save_conversation(db, "alice", HELLO, key="k", create_day="2026-03-12")
    assert (snapshot.stats().conversations, snapshot.last_day.isoformat()) == (1, "2026-03-12")


def test_it_changes_the_version_with_each_change_and_no_other_call(db):
    create_user_stats(db, "alice")
    seen = [version(db)]

    def changed() -> bool:
        seen.append(version(db))
        return seen[-1] > seen[-2]

    save_conversation(db, "alice", HELLO, chat_id="one", key="k")
    assert changed()
    save_conversation(db, "alice", HELLO, chat_id="one", key="k")
    assert not changed()
    save_conversation(db, "alice", HELLO, chat_id="one")
    assert changed()
    get_conversation(db, "alice", "one")
    list_conversations(db, "alice")
    assert not changed()
    delete_conversation(db, "alice", "one")
    assert changed()
    with pytest.raises(NotFound):
        delete_conversation(db, "alice", "one")
    assert not changed()


def test_it_keeps_all_under_keys_of_the_user(db):
    create_user_stats(db, "alice")
    save_conversation(db, "alice", HELLO, chat_id="one", key="k")
    assert keys_of_user(db, "alice") == set(contents(db))
