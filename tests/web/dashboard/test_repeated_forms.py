"""What is repeated counts once; what only looks repeated is not lost."""

import re

import pytest

from tests.web.helpers import HTMX_HEADERS


def scores(alice):
    return [entry["score"] for entry in alice.get("/api/mood").get_json()["history"]]


@pytest.mark.parametrize("headers", [HTMX_HEADERS, {}], ids=["htmx", "plain"])
def test_it_keeps_a_changed_score_that_is_sent_with_the_same_op(alice, headers):
    """The answer to the first was lost; the person moved the slider and saved again."""
    for _ in range(2):
        alice.post("/dashboard/mood", {"score": "7", "op": "one"}, headers=headers)
    changed = {"score": "3", "note": "Oh no", "op": "one"}
    answer = alice.post("/dashboard/mood", changed, headers=headers)
    assert answer.status_code == 422
    assert "saved already, with something else in it" in answer.text
    assert 'value="3"' in answer.text
    assert "Oh no</textarea>" in answer.text
    assert scores(alice) == [7.0]
    (fresh,) = re.findall(r'id="mood-form".*?name="op" value="([^"]+)"', answer.text, re.DOTALL)
    alice.post("/dashboard/mood", changed | {"op": fresh}, headers=headers)
    assert scores(alice) == [3.0, 7.0]


def test_it_says_so_on_a_page_where_no_form_can_be_kept(alice):
    alice.post("/dashboard/mood", {"score": "7"})
    (entry,) = alice.moods()
    alice.post("/dashboard/mood/undo", {"op": "one", "entry": entry["id"]})
    answer = alice.post("/dashboard/mood/undo", {"op": "one", "entry": "1"})
    assert answer.status_code == 422
    assert "This was sent before" in answer.text


def test_it_undoes_once_for_one_op(alice):
    alice.post("/dashboard/mood", {"score": "7"})
    form = {"op": "one", "entry": alice.moods()[0]["id"]}
    alice.post("/dashboard/mood/undo", form)
    alice.post("/dashboard/mood", {"score": "9"})
    alice.post("/dashboard/mood/undo", form)
    assert scores(alice) == [9.0]


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
