"""Aira's stats: conversations, moods, active days, streaks and plans, kept in Redis.

Plain Python for any program: pass a `redis.Redis` or `redis.cluster.RedisCluster`, decoding
answers or not, to the functions below. Invalid values raise `stats.errors.InvalidInput`.
"""

from stats.accounts.deletion import handle_account_deletion
from stats.daily_login import get_login_streak, handle_daily_login, is_first_login_of_day
from stats.snapshot import RecentConversation, UserStats, user_stats_exist
from stats.user_stats import (
    add_recent_conversation,
    create_user_stats,
    delete_user_stats,
    get_user_stats,
    handle_user_logout,
    increment_conversations,
    increment_days_active,
    initialize_user_stats,
    update_mood_score,
    update_plan,
)

__all__ = [
    "RecentConversation",
    "UserStats",
    "add_recent_conversation",
    "create_user_stats",
    "delete_user_stats",
    "get_login_streak",
    "get_user_stats",
    "handle_account_deletion",
    "handle_daily_login",
    "handle_user_logout",
    "increment_conversations",
    "increment_days_active",
    "initialize_user_stats",
    "is_first_login_of_day",
    "update_mood_score",
    "update_plan",
    "user_stats_exist",
]
