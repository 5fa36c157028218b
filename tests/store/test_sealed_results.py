"""Results that wait for whoever repeats an act."""

import threading

import pytest

from stats.errors import StoreUnavailable
from stats.lib.text import as_text
from stats.store import sealed_results
from stats.store.client import Db
from stats.store.sealed_results import SealedResult
from tests.support.store_checks import contents, run_concurrently


def test_of_a_crowd_one_acts_and_all_get_its_result(concurrent_db: Db) -> None:
    acts: list[int] = []

    def act(number: int) -> bytes | None:
        result = SealedResult(concurrent_db, "secret")
        if not result.claim():
            return result.wait()
        acts.append(number)
        result.keep(b"codes")
        return b"codes"

    assert run_concurrently(12, act) == [b"codes"] * 12
    assert len(acts) == 1


def test_who_waits_gets_the_result_when_it_comes(db: Db) -> None:
    first, second, got = SealedResult(db, "secret"), SealedResult(db, "secret"), []
    assert first.claim()
    waiting = threading.Thread(target=lambda: got.append(second.wait()))
    waiting.start()
    first.keep(b"codes")
    waiting.join(20)
    assert got == [b"codes"]


def test_an_act_that_failed_is_anybodys_again(db: Db) -> None:
    first, second = SealedResult(db, "secret"), SealedResult(db, "secret")
    assert first.claim()
    assert not second.claim()
    first.release()
    assert second.wait() is None
    assert second.claim()


def test_it_waits_for_seconds_and_no_longer(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_results, "WAIT_SECONDS", 0)
    SealedResult(db, "secret").claim()
    with pytest.raises(StoreUnavailable):
        SealedResult(db, "secret").wait()


def test_another_secret_opens_nothing(db: Db) -> None:
    result = SealedResult(db, "secret")
    result.claim()
    result.keep(b"codes")
    assert SealedResult(db, "secret ").wait() is None
    assert SealedResult(db, "secret ").claim()


def test_redis_learns_neither_secret_nor_result_and_forgets_both(db: Db) -> None:
    result = SealedResult(db, "secret")
    result.claim()
    [key] = db.keys("result:*")
    assert 0 < db.ttl(key) <= 60
    result.keep(b"codes")
    assert 60 < db.ttl(key) <= 300
    [(name, value)] = contents(db).items()
    for text in ("secret", "codes"):
        assert text not in name
        assert text not in as_text(value)
