"""Keys of `flask keys` at the JSON API, beside those of STATS_API_KEYS."""

from pathlib import Path

import pytest
import redis
from flask import Flask

from app import create_app
from stats.errors import StoreUnavailable
from stats.service_keys import create_key, list_keys, revoke_key
from stats.settings import Settings
from stats.store.client import connect
from tests.commands.doctor_helpers import own_server
from tests.support.store_checks import contents, run_lossy_proxy
from tests.web.helpers import RoundTrips

URL = "/api/dashboard?userId=alice"


def status(app: Flask, key: str, url: str = URL) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    return app.test_client().get(url, headers=headers).status_code


def test_a_made_key_opens_the_api_until_it_is_revoked(app: Flask, valkey: redis.Redis) -> None:
    key = create_key(valkey, "Chat")
    assert status(app, key) == 200
    revoke_key(valkey, key[5:13])
    later = create_app(app.extensions["aira"].settings, connect_like(valkey))
    assert status(later, key) == 401
    later.extensions["aira"].db.close()


def connect_like(db: redis.Redis) -> redis.Redis:
    """Return another client of the same server, as another process has it."""
    client = connect(f"unix://{db.connection_pool.connection_kwargs['path']}")
    assert isinstance(client, redis.Redis)
    return client


@pytest.mark.parametrize("key", ["", " ", "aira_", "aira_" + "a" * 51, "None"])
def test_no_other_key_does(app: Flask, valkey: redis.Redis, key: str) -> None:
    create_key(valkey, "Chat")
    before = contents(valkey)
    assert status(app, key) == 401
    assert contents(valkey) == before


def test_an_empty_key_file_opens_nothing(tmp_path: Path) -> None:
    with own_server(tmp_path / "data"):
        (tmp_path / "data" / "service.key").write_text("\n")
        app = create_app(Settings(data_dir=tmp_path / "data"))
        with pytest.raises(StoreUnavailable, match=r"DATA_DIR: service\.key holds no key"):
            status(app, "")


def test_an_empty_key_opens_nothing(app: Flask) -> None:
    assert status(app, "") == 401
    assert status(app, " ") == 401


def test_a_call_costs_no_second_trip(
    app: Flask, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = create_key(valkey, "Chat")
    assert status(app, key) == 200
    trips = RoundTrips(monkeypatch)
    assert status(app, key) == 200
    assert trips.count == 1
    assert list_keys(valkey)[0].used_at is not None


def test_while_redis_is_away_it_is_503_and_configured_keys_are_known(
    server_url: str, valkey: redis.Redis, tmp_path: Path, app: Flask
) -> None:
    key = create_key(valkey, "Chat")
    with run_lossy_proxy(server_url, tmp_path) as proxy:
        client = connect(proxy.url)
        away = create_app(app.extensions["aira"].settings, client)
        proxy.drop_responses = True
        assert status(away, key) == 503
        assert status(away, key[:-1] + ("A" if key[-1] != "A" else "B")) == 503
        assert status(away, "not a key") == 401
        configured = app.extensions["aira"].settings.api_keys[0]
        assert status(away, configured) == 503, "the key is known, its data are away"
        assert status(away, configured, "/api/users?email=nobody") == 400, "and lets in"
        client.close()
