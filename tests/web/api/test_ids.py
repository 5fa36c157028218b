"""No user id leaves its Redis hash tag."""

import pytest
from flask.testing import FlaskClient
from redis import Redis

from tests.web.helpers import dump_all

IDS = [
    "a{b",
    "a}b",
    "{a}",
    "a\n",
    "a\r\nb",
    "a b",
    "a/b",
    "a*",
    "é",
    "a\u200d",
    "",
    "a" * 129,
    "%00",
]


@pytest.mark.parametrize("user_id", IDS)
def test_it_takes_no_id_that_could_leave_its_hash_tag(
    valkey: Redis, service_client: FlaskClient, user_id: str
) -> None:
    before = dump_all(valkey)
    kwargs = {"query_string": {"userId": user_id}}
    for path in ("dashboard", "mood", "entitlements", "chat", "chat/c1"):
        assert service_client.get(f"/api/{path}", **kwargs).status_code == 400
    assert service_client.patch("/api/mood", json={"score": 5}, **kwargs).status_code == 400
    assert service_client.patch("/api/plan", json={"plan": "Plus"}, **kwargs).status_code == 400
    assert service_client.post("/api/login", **kwargs).status_code == 400
    body = {"messages": [{"role": "user", "content": "Hi"}], "userId": user_id}
    assert service_client.post("/api/chat/save", json=body).status_code == 400
    assert dump_all(valkey) == before
