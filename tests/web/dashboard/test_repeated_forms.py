"""What is repeated counts once; what only looks repeated is not lost."""

import pytest

from tests.support.samples import MESSAGES
from tests.web.helpers import HTMX_HEADERS


def scores(alice):
    return [entry["score"] for entry in alice.get("/api/mood").get_json()["history"]]


def test_it_saves_a_changed_score_that_is_sent_with_the_same_op(alice):
    """The answer to the first was lost; the person moved the slider and saved again."""
    for score in ("7", "7", "3"):
        alice.post("/dashboard/mood", {"score": score, "op": "one"}, headers=HTMX_HEADERS)
    assert scores(alice) == [3.0, 7.0]


def test_it_undoes_once_for_one_op(alice):
    alice.post("/dashboard/mood", {"score": "7"})
    form = {"op": "one", "entry": alice.moods()[0]["id"]}
    alice.post("/dashboard/mood/undo", form)
    alice.post("/dashboard/mood", {"score": "9"})
    alice.post("/dashboard/mood/undo", form)
    assert scores(alice) == [9.0]


def test_it_saves_another_chat_with_the_same_key(service_client):
    headers = {"Idempotency-Key": "K"}
    for chat in ("a", "b"):
        body = {"chatId": chat, "messages": MESSAGES}
        service_client.post("/api/chat/save?userId=u", json=body, headers=headers)
        assert service_client.get(f"/api/chat/{chat}?userId=u").status_code == 200


def test_it_grants_a_plan_once_for_one_key(service_client):
    for key, plan in (("1", "Plus"), ("2", "Free"), ("1", "Plus")):
        headers = {"Idempotency-Key": key}
        answer = service_client.patch("/api/plan?userId=u", json={"plan": plan}, headers=headers)
    assert answer.get_json()["data"]["plan"] == "Free"


@pytest.mark.parametrize("entry", ["99999999999999999999", "999999999999999"])
def test_it_knows_no_entry_of_another_age(alice, entry):
    assert alice.post(f"/history/entries/{entry}/delete", {}).status_code == 404
    assert alice.post(f"/history/entries/{entry}", {"score": "5"}).status_code == 404


def test_it_survives_a_current_url_that_is_none(client):
    headers = {**HTMX_HEADERS, "HX-Current-URL": "http://["}
    answer = client.get("/dashboard/stats", headers=headers)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login?next=%2Fdashboard")
