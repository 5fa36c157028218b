"""Single-use tokens: kept as a digest, used once, dead in time."""

import pytest

from stats.errors import InvalidInput
from stats.store.single_use_tokens import Token, make_token, peek_token, use_token
from tests.support.store_checks import contents, run_concurrently


def test_it_gives_what_was_put_in_once(db):
    token = make_token(db, "link", "alice", 60, "a payload  with spaces\n")
    kept = Token("alice", "a payload  with spaces\n")
    assert peek_token(db, "link", token) == peek_token(db, "link", token) == kept
    assert use_token(db, "link", token) == kept
    assert use_token(db, "link", token) is None
    assert peek_token(db, "link", token) is None
    assert contents(db) == {}


def test_it_makes_tokens_of_256_bits_that_nobody_finds_in_the_store(db):
    tokens = {make_token(db, "link", "alice", 60) for _ in range(50)}
    assert len(tokens) == 50
    assert {len(token) for token in tokens} == {43}
    assert all(token.replace("-", "").replace("_", "").isalnum() for token in tokens)
    stored = repr(contents(db))
    assert not [token for token in tokens if token in stored]


def test_it_dies_in_time(db):
    make_token(db, "link", "alice", 3600)
    [key] = db.keys("token:*")
    assert 3590 < db.ttl(key) <= 3600


def test_it_is_good_for_nothing_else(db):
    token = make_token(db, "reset", "alice", 60)
    assert peek_token(db, "link", token) is use_token(db, "link", token) is None
    assert use_token(db, "reset ", token) is use_token(db, "", token) is None
    assert use_token(db, "reset", token) == Token("alice", "")


@pytest.mark.parametrize("token", ["", "x", "\ud800", "}{", "a\0b", "x" * 100_000])
def test_it_knows_no_made_up_token(db, token):
    make_token(db, "link", "alice", 60)
    assert peek_token(db, "link", token) is None
    assert use_token(db, "link", token) is None


def test_it_takes_no_id_that_leaves_its_place(db):
    with pytest.raises(InvalidInput):
        make_token(db, "link", "a b", 60)
    assert contents(db) == {}


def test_one_of_a_crowd_gets_it(concurrent_db):
    token = make_token(concurrent_db, "link", "alice", 60)
    answers = run_concurrently(100, lambda _: use_token(concurrent_db, "link", token))
    assert [answer for answer in answers if answer] == [Token("alice", "")]
