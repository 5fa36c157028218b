"""The search finds words as people read them."""

import unicodedata

import pytest
import redis

from stats.conversation_search import search_conversations
from stats.conversations import save_conversation
from stats.user_stats import create_user_stats
from tests.support.samples import MESSAGES


def titles(db, words: str) -> list[str]:
    return [item.title for item in search_conversations(db, "alice", words, limit=100)[0]]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Un café noir", "cafe"),
        ("Un cafe noir", "CAFÉ"),
        ("Un café noir", "NOIR caf\u00ade"),
        ("I don’t know", "don't"),
        ("שָׁלוֹם", "שלום"),
        ("سلام", "سَلَام"),
        ("Diyarbakır", "DIYARBAKIR"),
        ("Straße", "STRASSE"),
    ],
)
def test_it_finds_one_word_in_every_spelling(db, form, title, words):
    create_user_stats(db, "alice")
    save_conversation(db, "alice", MESSAGES, title=unicodedata.normalize(form, title))
    save_conversation(db, "alice", MESSAGES, title="Another")
    for other_form in ("NFC", "NFD"):
        found = titles(db, unicodedata.normalize(other_form, words))
        assert found == [unicodedata.normalize(form, title)]


def test_it_looks_in_summaries_and_tags_too_and_for_all_words(db):
    create_user_stats(db, "alice")
    save_conversation(db, "alice", MESSAGES, title="One", summary="Crème brûlée", tags=["Goûter"])
    save_conversation(db, "alice", MESSAGES, title="Two", summary="Creme")
    assert titles(db, "creme") == ["Two", "One"]
    assert titles(db, "creme gouter") == ["One"]
    assert titles(db, "creme gouter two") == []


def head_reads(valkey: redis.Redis) -> int:
    """How often any field of a hash was read, in scripts too."""
    return int(valkey.info("commandstats").get("cmdstat_hget", {"calls": 0})["calls"])


@pytest.mark.one_server
def test_it_reads_no_more_than_the_page_shows(valkey):
    create_user_stats(valkey, "alice")
    for number in range(50):
        save_conversation(valkey, "alice", MESSAGES, title=str(number))
    before = head_reads(valkey)
    page, total = search_conversations(valkey, "alice", " ", limit=10, skip=20)
    assert ([item.title for item in page], total) == ([str(n) for n in range(29, 19, -1)], 50)
    assert head_reads(valkey) - before == 10
