"""Whether Redis takes writes is asked by a write that changes nothing."""

import pytest
import redis

from stats.errors import StoreUnavailable, WritesRefused
from stats.service_keys import check, create_key
from stats.store.client import connect
from stats.store.writability import check_writable, refuses_writes
from stats.user_stats import create_user_stats, get_user_stats, increment_conversations
from tests.badday.faults import FAULTS
from tests.badday.valkey import Valkey, short_folder
from tests.support.store_checks import contents


@pytest.fixture(scope="module")
def own():
    with short_folder() as folder:
        server = Valkey(folder)
        yield server
        server.stop()


def test_a_store_that_takes_writes_is_left_as_it_is(db):
    create_user_stats(db, "alice")
    before = contents(db)
    check_writable(db)
    assert contents(db) == before


def test_nothing_is_logged_by_asking(own):
    before = own.admin.info("persistence")["aof_current_size"]
    check_writable(own.admin)
    assert own.admin.info("persistence")["aof_current_size"] == before


@pytest.mark.parametrize("name", [name for name, (_, readable) in FAULTS.items() if readable])
def test_what_refuses_writes_says_so_and_is_read(own, name):
    create_user_stats(own.admin, "alice")
    count = get_user_stats(own.admin, "alice").conversations
    key = create_key(own.admin, "Chat")
    with FAULTS[name][0](own):
        with pytest.raises(redis.ResponseError) as raised:
            check_writable(own.admin)
        assert refuses_writes(raised.value)
        with pytest.raises(WritesRefused):
            increment_conversations(own.admin, "alice")
        assert get_user_stats(own.admin, "alice").conversations == count
        for db in (own.client(), connect(f"unix://{own.socket}")):
            assert check(db, key) == "Chat"
            db.close()


def test_refused_writes_are_an_outage():
    assert issubclass(WritesRefused, StoreUnavailable)
