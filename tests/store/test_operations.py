"""Operations that count once: known by their key, and told apart by what they ask for."""

import pytest

from stats.errors import OperationReused
from stats.moods.entries import record_mood
from stats.store.operations import operation, operation_id
from stats.user_stats import create_user_stats, grant_plan
from tests.support.store_checks import contents

SCORES = {"score": 7.5, "note": "é"}


def record(db, op: str) -> None:
    record_mood(db, "alice", 7.5, op=op)


def test_it_gives_each_operation_its_own_short_id():
    ids = {operation_id(kind, str(key)) for kind in ("save", "mood") for key in range(500)}
    assert len(ids) == 1000
    assert {len(short) for short in ids} == {16}
    assert operation_id("save", "x") == operation_id("save", "x")
    assert operation_id("save", "") == operation("save", "", {}) == ""


def test_it_does_not_mind_the_order_of_fields():
    turned = dict(reversed(SCORES.items()))
    assert operation("mood", "k", SCORES) == operation("mood", "k", turned)
    assert operation("mood", "k", SCORES) != operation("mood", "k", {**SCORES, "score": 7.6})


def test_it_does_once_what_is_asked_again_and_refuses_anything_else(db):
    create_user_stats(db, "alice")
    record(db, operation("mood", "k", SCORES))
    before = contents(db)
    record(db, operation("mood", "k", SCORES))
    assert contents(db) == before
    with pytest.raises(OperationReused):
        record(db, operation("mood", "k", {}))
    assert contents(db) == before
    record(db, operation("mood", "another", {}))
    grant_plan(db, "alice", "Plus", create=False, op=operation("plan", "k", {}))
    assert len(contents(db)["user:{alice}:ops"]) == 3


@pytest.mark.parametrize("member", [operation_id("mood", "k"), operation_id("save:one", "k")])
def test_what_an_older_version_remembers_is_done(db, member):
    create_user_stats(db, "alice")
    db.zadd("user:{alice}:ops", {member: 1})
    before = contents(db)
    for content in (SCORES, {}):
        older = operation_id("save:one", "k")
        record(db, operation("mood", "k", content, before=older))
    assert contents(db) == before


def test_it_remembers_the_last_64(db):
    create_user_stats(db, "alice")
    for number in range(65):
        record(db, operation("mood", f"k{number}", SCORES))
    record(db, operation("mood", "k0", {}))
    with pytest.raises(OperationReused):
        record(db, operation("mood", "k64", {}))
    assert len(contents(db)["user:{alice}:ops"]) == 64
