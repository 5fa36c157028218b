"""A million open dashboards take no more memory than there is room for."""

import os
from pathlib import Path
from typing import Any

import pytest

from stats.settings import Settings
from stats.store.tracking import SHARDS
from stats.web.poll_cache import PATH, PollCache, ReadStamp
from stats.web.runtime import Runtime
from tests.support.marks import reads_proc

pytestmark = reads_proc
ROOM, FEW, MANY = 20_000, 100_000, 1_000_000
GROWTH = 4 * 2**20
PAGE = os.sysconf("SC_PAGE_SIZE")
# As long as what a browser sends.
REST = "x" * 230


def memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def poll(number: int) -> dict[str, Any]:
    """A user's poll as a server hands it on."""
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": PATH,
        "QUERY_STRING": f"v={number}&charts={number}-20260301&who=01234567",
        "HTTP_HOST": "aira.example",
        "HTTP_COOKIE": f"session={number}.{REST}",
        "wsgi.url_scheme": "https",
    }


@pytest.fixture
def cache() -> PollCache:
    settings = Settings(redis_url="redis://unused", secret_keys=("secret",), api_keys=("key",))
    return PollCache(lambda environ, start_response: [b""], Runtime(settings), ROOM, {})


def remember(cache: PollCache, first: int, end: int) -> None:
    for number in range(first, end):
        cache.remember(poll(number), ReadStamp(number % SHARDS, 1), 0)


def test_a_million_users_fit_where_twenty_thousand_do(cache: PollCache) -> None:
    remember(cache, 0, FEW)
    before = memory()
    remember(cache, FEW, MANY)
    assert len(cache._entries) == sum(map(len, cache._keys)) == ROOM
    assert memory() - before < GROWTH


def test_what_is_too_long_takes_no_room(cache: PollCache) -> None:
    for number in range(ROOM):
        long_one = poll(number) | {"HTTP_COOKIE": f"session={number}.{REST * 5}"}
        cache.remember(long_one, ReadStamp(number % SHARDS, 1), 0)
    assert len(cache._entries) == 0
