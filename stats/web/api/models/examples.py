"""Example requests and responses for the OpenAPI description."""

from typing import Any

AT = "2026-03-12T19:31:04.120Z"
STATS = {
    "conversations": 42,
    "mood_score": 8.5,
    "days_active": 12,
    "recent_conversations": [{"timestamp": AT, "summary": "A walk by the canal"}],
    "plan": "Plus",
    "streak": 3,
    "longest_streak": 9,
    "mood_updated_at": AT,
}
CHAT = {"chatId": "chat-7", "title": "A walk", "messageCount": 2, "savedAt": AT}
MESSAGES = [
    {"role": "user", "content": "I went for a walk."},
    {"role": "assistant", "content": "How was it?"},
]
TOKEN = "Vd0o1r9sKdmYdZ8kq3cJ0nH2u5wX7yB4eG6iL8pQ1sT"  # noqa: S105 - an example
# The example value of each parameter.
VALUES: dict[str, Any] = {
    "userId": "42",
    "chatId": "chat-7",
    "email": "maya@example.com",
    "limit": 30,
    "days": 30,
    "X-CSRFToken": "IjRmZDQi.aLq3Xw.5yV0",
    "Idempotency-Key": "evening-check-in-2026-03-12",
}
MOOD_BODY = {"score": 8.5, "note": "A walk by the canal", "tags": ["walk"]}
PLAN_BODY = {"plan": "Plus"}
CHAT_BODY = {
    "chatId": "chat-7",
    "title": "A walk",
    "summary": "A walk by the canal",
    "messages": MESSAGES,
    "tags": ["evening"],
}
DASHBOARD = {"success": True, "data": STATS}
MOOD_HISTORY = {
    "success": True,
    "history": [
        {
            "id": "1773343864120",
            "score": 8.5,
            "timestamp": AT,
            "note": "A walk by the canal",
            "tags": ["walk"],
        }
    ],
    "stats": {
        "average": 8.5,
        "highest": 8.5,
        "lowest": 8.5,
        "trend": "stable",
        "totalEntries": 1,
    },
}
MOOD_RECORDED = {"success": True, "message": "The mood is saved.", "data": STATS}
PLAN_SET = {"success": True, "message": "The plan is set.", "data": STATS}
ENTITLEMENTS = {
    "success": True,
    "plan": "Plus",
    "limits": {"daily_conversations": 100},
    "used": {"daily_conversations": 3},
}
DAY_COUNTED = {"success": True, "message": "The day is counted.", "data": STATS}
CHAT_SAVED = {"success": True, **CHAT, "tags": ["evening"]}
CHATS = {"success": True, "chats": [CHAT]}
WHOLE_CHAT = {
    "success": True,
    **CHAT,
    "summary": "A walk by the canal",
    "tags": ["evening"],
    "messages": MESSAGES,
}
CHAT_DELETED = {"success": True, "message": "The conversation is deleted."}
USER_FOUND = {"userId": "42"}
SIGN_IN_LINK = {"url": f"https://stats.example/login/link/{TOKEN}", "expires": AT}
USER_DELETED = {"success": True, "message": "All that was stored about the user is gone."}
ERROR = {"error": "A sentence that says what was wrong.", "code": "a_word_for_programs"}
