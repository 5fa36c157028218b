"""The JSON API: which parameters its addresses take."""

import pytest
from flask.testing import FlaskClient

from tests.web.helpers import Browser

READS = [
    ("/api/mood?userId=u1&limt=5", "limt", "userId, limit"),
    ("/api/dashboard?userId=u1&limit=5", "limit", "userId"),
    ("/api/users?email=a@example.com&userId=u1", "userId", "email"),
    (f"/api/dashboard?userId=u1&{'x' * 60}=", "x" * 50, "userId"),
]


@pytest.mark.parametrize(("url", "name", "known"), READS, ids=[case[1][:9] for case in READS])
def test_it_refuses_a_parameter_that_nobody_asked_for(
    service_client: FlaskClient, url: str, name: str, known: str
) -> None:
    answer = service_client.get(url)
    assert (answer.status_code, answer.json["code"]) == (400, "invalid_input")
    assert answer.json["field"] == name
    assert answer.json["error"].startswith(f"There is no parameter {name}. ")
    assert f"This address takes {known}" in answer.json["error"]


def test_a_change_with_an_unknown_parameter_changes_nothing(
    alice: Browser, service_client: FlaskClient
) -> None:
    assert alice.api("PATCH", "/api/mood?day=today", json={"score": 5}).status_code == 400
    assert alice.moods() == []
    link = f"/api/users/{alice.user_id}"
    answer = service_client.delete(f"{link}?dryRun=true")
    assert answer.json["error"] == "There is no parameter dryRun. This address takes none."
    assert alice.get("/api/dashboard").status_code == 200


def test_parameters_are_told_only_to_whom_the_route_takes(
    client: FlaskClient, alice: Browser
) -> None:
    assert client.get("/api/mood?x=1").status_code == 401
    assert client.patch("/api/mood?x=1", json={"score": 5}).status_code == 401
    assert alice.api("PATCH", "/api/plan?x=1", json={"plan": "Plus"}).status_code == 403


def test_every_documented_parameter_is_taken(service_client: FlaskClient) -> None:
    for path, methods in service_client.get("/api/openapi.json").json["paths"].items():
        names = [item["name"] for item in methods.get("get", {}).get("parameters", ())]
        for name in names:
            answer = service_client.get(path, query_string={name: "~"})
            assert "no parameter" not in answer.json["error"] or name == "chatId"
