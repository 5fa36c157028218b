"""What a request to each route and its answer look like, for the description of the API."""

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
TOKEN = "Vd0o1r9sKdmYdZ8kq3cJ0nH2u5wX7yB4eG6iL8pQ1sT"  # noqa: S105 - opens nothing
# What stands for a parameter, by its name.
VALUES: dict[str, Any] = {
    "userId": "42",
    "chatId": "chat-7",
    "email": "maya@example.com",
    "limit": 30,
    "days": 30,
    "Idempotency-Key": "evening-check-in-2026-03-12",
}
BODIES: dict[tuple[str, str], Any] = {
    ("patch", "/api/mood"): {"score": 8.5, "note": "A walk by the canal"},
    ("patch", "/api/plan"): {"plan": "Plus"},
    ("post", "/api/chat/save"): {
        "chatId": "chat-7",
        "title": "A walk",
        "summary": "A walk by the canal",
        "messages": MESSAGES,
        "tags": ["evening"],
    },
    ("post", "/api/webhooks/stripe"): {"id": "evt_1", "type": "customer.subscription.updated"},
}
ANSWERS: dict[tuple[str, str], Any] = {
    ("get", "/api/dashboard"): {"success": True, "data": STATS},
    ("get", "/api/mood"): {
        "success": True,
        "history": [
            {"id": "1773343864120", "score": 8.5, "timestamp": AT, "note": "A walk by the canal"}
        ],
        "stats": {
            "average": 8.5,
            "highest": 8.5,
            "lowest": 8.5,
            "trend": "stable",
            "totalEntries": 1,
        },
    },
    ("patch", "/api/mood"): {"success": True, "message": "The mood is saved.", "data": STATS},
    ("patch", "/api/plan"): {"success": True, "message": "The plan is set.", "data": STATS},
    ("get", "/api/entitlements"): {
        "success": True,
        "plan": "Plus",
        "limits": {"daily_conversations": 100},
        "used": {"daily_conversations": 3},
    },
    ("post", "/api/login"): {"success": True, "message": "The day is counted.", "data": STATS},
    ("post", "/api/chat/save"): {"success": True, **CHAT, "tags": ["evening"]},
    ("get", "/api/chat"): {"success": True, "chats": [CHAT]},
    ("get", "/api/chat/{chatId}"): {
        "success": True,
        **CHAT,
        "summary": "A walk by the canal",
        "tags": ["evening"],
        "messages": MESSAGES,
    },
    ("delete", "/api/chat/{chatId}"): {
        "success": True,
        "message": "The conversation is deleted.",
    },
    ("get", "/api/users"): {"userId": "42"},
    ("post", "/api/users/{userId}/link"): {
        "url": f"https://stats.example/login/link/{TOKEN}",
        "expires": AT,
    },
    ("delete", "/api/users/{userId}"): {
        "success": True,
        "message": "All that was stored about the user is gone.",
    },
    ("post", "/api/webhooks/stripe"): {"received": True},
}
ERROR = {"error": "A sentence that says what was wrong."}
