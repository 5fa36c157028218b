"""No user id leaves its Redis hash tag."""

import pytest
from flask.testing import FlaskClient
from redis import Redis

from tests.web.helpers import everything

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
    valkey: Redis, service: FlaskClient, user_id: str
) -> None:
    before = everything(valkey)
    asked = {"query_string": {"userId": user_id}}
    for path in ("dashboard", "mood", "entitlements", "chat", "chat/c1"):
        assert service.get(f"/api/{path}", **asked).status_code == 400
    assert service.patch("/api/mood", json={"score": 5}, **asked).status_code == 400
    assert service.patch("/api/plan", json={"plan": "Plus"}, **asked).status_code == 400
    assert service.post("/api/login", **asked).status_code == 400
    body = {"messages": [], "userId": user_id}
    assert service.post("/api/chat/save", json=body).status_code == 400
    assert everything(valkey) == before
