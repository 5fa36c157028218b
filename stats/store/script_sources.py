"""The Lua scripts as Redis gets them, and which of them only read."""

import hashlib
from functools import cache
from importlib.resources import files

# What stands before every script, in the order in which one part uses another.
SHARED = (
    *("stats", "streak", "clock", "operations"),
    *("recent_conversations", "conversations", "moods", "sessions", "two_factor", "plan"),
    "customers",
)
# The one script that is run by every poll.
READ_DASHBOARD = "dashboard/read"
# The scripts that write nothing, whatever they are given.
READ_SCRIPTS = frozenset(
    {
        READ_DASHBOARD,
        "billing/read_state",
        "billing/read_visit",
        "conversations/list",
        "conversations/list_after",
        "conversations/list_first_saved",
        "conversations/read",
        "email_change/find_unused",
        "export/read_counts",
        "export/read_user",
        "insights/read_tags",
        "moods/read",
        "moods/read_history",
        "operators/read_user",
        "service_keys/read",
        "sessions/read_login_history",
        "user_stats/read",
    }
)


def load_all() -> None:
    """Read every script now, and none from disk later on."""
    folder = files("stats") / "lua"
    for subject in folder.iterdir():
        if subject.is_dir() and subject.name != "shared":
            for file in subject.iterdir():
                load_script(f"{subject.name}/{file.name.removesuffix('.lua')}")


@cache
def load_script(name: str) -> tuple[str, str]:
    """Return the source of `lua/<name>.lua` with the shared parts before it, and its digest."""
    folder = files("stats") / "lua"
    names = (*(f"shared/{part}" for part in SHARED), name)
    source = "".join((folder / f"{part}.lua").read_text() for part in names)
    # Redis names a script by the SHA-1 of its source; nothing is kept secret by it.
    return source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()


@cache
def read_script_texts() -> frozenset[str]:
    """Return the sources and the digests of the scripts that only read."""
    return frozenset(text for name in READ_SCRIPTS for text in load_script(name))
