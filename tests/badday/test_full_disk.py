"""The disk fills up while people write, and then everything is killed: what was acknowledged is
kept."""

import resource
from contextlib import suppress

import pytest

from stats.errors import StoreUnavailable
from stats.store.client import Db, connect
from stats.user_stats import create_user_stats, get_user_stats, increment_conversations
from tests.badday.helpers import Rig, send, service_request
from tests.badday.valkey import Valkey, short_folder
from tests.stripe_sim.model import Stripe
from tests.stripe_sim.server import StripeServer
from tests.support.samples import MESSAGES


def fill_disk(valkey: Valkey, room: int) -> None:
    """Let the append-only file grow by so many bytes and no more."""
    limit = valkey.admin.info("persistence")["aof_current_size"] + room
    resource.prlimit(valkey.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


@pytest.mark.parametrize("room", [1, 200, 500, 1000])
def test_what_a_full_disk_does_not_keep_is_not_acknowledged(room: int) -> None:
    with short_folder() as folder:
        valkey = Valkey(folder)
        with connect(f"unix://{valkey.socket}") as db:
            create_user_stats(db, "alice")
            fill_disk(valkey, room)
            acknowledged = count_until_refused(db)
            valkey.stop()
            valkey.start()
            assert get_user_stats(valkey.admin, "alice").conversations >= acknowledged
        valkey.stop()


def count_until_refused(db: Db) -> int:
    """Count conversations until the store refuses one; return the last count it acknowledged."""
    acknowledged = 0
    with suppress(StoreUnavailable):
        while True:
            acknowledged = increment_conversations(db, "alice")
    return acknowledged


def test_a_program_is_told_503_for_what_a_full_disk_does_not_keep() -> None:
    with StripeServer(Stripe()) as stripe, short_folder() as folder:
        valkey = Valkey(folder)
        rig = Rig(valkey, stripe, folder, by=f"unix://{valkey.socket}")
        try:
            rig.serve()
            kept = acknowledged_until_full(rig, valkey)
            valkey.stop()
            valkey.start()
            listed = send(rig.site.port, service_request("chats", "GET", "/api/chat?userId=u"))
            assert {f"c{number}" for number in range(kept)} <= {
                chat["chatId"] for chat in listed.json["chats"]
            }
        finally:
            rig.close()
            valkey.stop()


def acknowledged_until_full(rig: Rig, valkey: Valkey) -> int:
    """Save conversations until one is refused; return how many were acknowledged."""
    number = 0
    while True:
        body = {"chatId": f"c{number}", "messages": MESSAGES}
        save = service_request("chat", "POST", "/api/chat/save?userId=u", body)
        answer = send(rig.site.port, save)
        if answer.is_outage():
            return number
        assert answer.status == 200
        number += 1
        if number == 3:
            fill_disk(valkey, 100)
