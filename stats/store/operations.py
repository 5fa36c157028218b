"""Operations that count once: the key by which a client repeats one, and what it asked for.

As the draft of the header has it
(https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/): the same key with
the same content is the same operation; with other content it is a mistake, and nothing is done.
`first_time` in lua/shared/operations.lua remembers the last 64 of each user.
"""

import hashlib
import json

import msgspec


def operation(kind: str, key: str, content: object, *, before: str = "") -> str:
    """Return what `first_time` takes for an operation, "" for one without a key.

    `kind` is the route, `content` all that the client asks of it. It is the operation's id, by
    which the key is found, and the fingerprint of the content. Older versions remembered an id
    without a fingerprint: this one, or `before`.
    """
    if not key:
        return ""
    parts = (operation_id(kind, key), _fingerprint(kind, key, content), before)
    return ":".join(filter(None, parts))


def operation_id(kind: str, key: str) -> str:
    """Return the 16 characters that stand for a key, "" for none.

    64 bits among 64 remembered operations: two differ with all but certainty.
    """
    if not key:
        return ""
    return hashlib.blake2s(f"{kind}:{key}".encode(), digest_size=8).hexdigest()


def _fingerprint(kind: str, key: str, content: object) -> str:
    """Return 16 characters that change with the content, whatever the order of its fields.

    Without the key, which is not stored, they tell nothing of a content that was deleted since.
    """
    text = json.dumps([kind, key, msgspec.to_builtins(content)], sort_keys=True)
    return hashlib.blake2s(text.encode(), digest_size=8).hexdigest()
