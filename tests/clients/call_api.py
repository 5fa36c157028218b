"""Calls of a client that openapi-python-client made; run beside it by test_generated_clients.py."""

import os
import re

import httpx
from aira_client import AuthenticatedClient, Client, models
from aira_client.api.default import (
    delete_chat_by_chat_id,
    delete_users_by_user_id,
    get_chat,
    get_chat_by_chat_id,
    get_dashboard,
    get_entitlements,
    get_mood,
    get_users,
    patch_mood,
    patch_plan,
    post_chat_save,
    post_login,
    post_users_by_user_id_link,
    post_webhooks_stripe,
)
from aira_client.types import UNSET

URL, ID = os.environ["AIRA_URL"], "maya-python"
aira = AuthenticatedClient(URL, token=os.environ["AIRA_KEY"])


def with_a_key() -> None:
    """Call what a service key may, and look at the types of the answers."""
    day = post_login.sync(client=aira, user_id=ID)
    assert isinstance(day, models.Changed)
    assert (day.success, day.data.days_active) == (True, 1)
    mood = models.MoodBody(score=8.5, note="A walk")
    for _ in range(2):
        saved = patch_mood.sync(client=aira, user_id=ID, body=mood, idempotency_key="evening")
        assert saved.data.mood_score == 8.5
    history = get_mood.sync(client=aira, user_id=ID)
    assert [(entry.score, entry.note) for entry in history.history] == [(8.5, "A walk")]
    assert (history.stats.trend, history.stats.total_entries) == (None, 1)
    plan = models.PlanBody(plan=models.PlanBodyPlan.PLUS)
    assert patch_plan.sync(client=aira, user_id=ID, body=plan).data.plan == "Plus"
    assert get_entitlements.sync(client=aira, user_id=ID).limits.daily_conversations is not None
    assert get_dashboard.sync(client=aira, user_id=ID).data.streak == 1


def conversations() -> None:
    """Save, list, read and delete one."""
    message = models.Message(role="user", content="Hello")
    body = models.ChatBody(messages=[message], chat_id="c1", tags=["evening"])
    assert post_chat_save.sync(client=aira, user_id=ID, body=body).message_count == 1
    [listed] = get_chat.sync(client=aira, user_id=ID).chats
    whole = get_chat_by_chat_id.sync("c1", client=aira, user_id=ID)
    other = models.ChatBody(messages=[message], chat_id="c2")
    post_chat_save.sync(client=aira, user_id=ID, body=other)
    first = get_chat.sync(client=aira, user_id=ID, limit=1)
    last = get_chat.sync(client=aira, user_id=ID, limit=1, cursor=first.next_cursor)
    assert [first.chats[0].chat_id, last.chats[0].chat_id] == ["c2", "c1"]
    assert not last.next_cursor
    assert (listed.chat_id, whole.messages[0]["content"]) == ("c1", "Hello")
    assert delete_chat_by_chat_id.sync("c1", client=aira, user_id=ID).success


def users() -> None:
    """Make a link, look for nobody, and delete."""
    link = post_users_by_user_id_link.sync(ID, client=aira)
    assert link.url.startswith(f"{URL}/login/link/")
    nobody = get_users.sync(client=aira, email="nobody@example.com")
    assert isinstance(nobody, models.Error)
    assert (nobody.code, nobody.field) == ("not_found", UNSET)
    delivery = models.Delivery(id="evt_1", type_="x")
    refused = post_webhooks_stripe.sync_detailed(
        client=Client(URL), body=delivery, stripe_signature="none"
    )
    assert refused.status_code == 400
    assert delete_users_by_user_id.sync(ID, client=aira).success


def with_a_session() -> None:
    """Change something as a logged-in browser does: with the cookie and the page's token."""
    with httpx.Client(base_url=URL, follow_redirects=True) as browser:
        token = re.search(r'name="csrf_token" value="([^"]+)', browser.get("/").text)[1]
        page = browser.post("/sample", data={"csrf_token": token}).text
        token = re.search(r'"X-CSRFToken": "([^"]+)', page)[1]
        own = Client(URL, cookies={"session": browser.cookies["session"]})
    mood = models.MoodBody(score=2)
    refused = patch_mood.sync_detailed(client=own, body=mood)
    assert (refused.status_code, type(refused.parsed)) == (400, models.Error)
    saved = patch_mood.sync(client=own, body=mood, x_csrf_token=token)
    assert saved.data.mood_score == 2


with_a_key()
conversations()
users()
with_a_session()
print("done")
