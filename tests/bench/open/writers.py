"""Open dashboards while moods are saved by service key, one for so many polls.

The page of a user whose mood was saved asks at once, and must be told that something is new,
whatever worker answers. What it is shown then it polls at once, and in its turn from then on.
"""

import html
import re
import time
from collections.abc import MutableSequence, Sequence
from dataclasses import replace
from functools import partial
from random import Random

from tests.bench.load import request
from tests.bench.open.connections import END, KeepAliveConnections, is_unchanged
from tests.bench.open.pollers import Outcome, PendingPoll, Pollers
from tests.bench.stage.machine import KEY

POLLS_A_WRITE = 50
OK = b"HTTP/1.1 200 "
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ADDRESS = re.compile(rb'id="stats"[^>]* hx-get="([^"]+)"')


class Writers(Pollers):
    """Pollers that save moods too, of the users with these ids; `pages` change with them."""

    def __init__(
        self, connections: KeepAliveConnections, pages: MutableSequence[bytes], ids: Sequence[str]
    ) -> None:
        super().__init__(connections, pages)
        self.changing, self.ids, self.chance = pages, ids, Random(5)
        # A user's poll as it was when a mood was sent, and when that was then acknowledged.
        self.writing: dict[int, bytes] = {}
        self.outdated: dict[int, bytes] = {}
        # The connections over which one was sent that was outdated by then.
        self.must_differ: set[int] = set()
        self.parts: dict[int, bytes] = {}
        self.polls = self.moods = self.changed = self.stale = 0

    def run(self, users: int, rate: float, seconds: float) -> Outcome:
        """Poll as pollers do; each fiftieth poll brings a mood with it, of any of these users."""
        outcome = super().run(users, rate, seconds)
        counted = {name: getattr(self, name) for name in ("polls", "moods", "changed", "stale")}
        return replace(outcome, **counted)

    def poll(self, due: float, user: int) -> int:
        """Send a user's poll, and see whether it must be told that something is new."""
        handle = super().poll(due, user)
        if self.outdated.get(user) == self.pages[user]:
            self.must_differ.add(handle)
        self.polls += 1
        if self.polls % POLLS_A_WRITE == 0:
            self.soon.append(partial(self._write, due))
        return handle

    def _write(self, due: float) -> None:
        user = self.chance.randrange(self.users)
        if user not in self.writing:
            self.writing[user] = self.pages[user]
            self.moods += 1
            self.send(PendingPoll(due, user, mood(self.ids[user])))

    def is_right(self, handle: int, answer: bytes) -> bool:
        """Return whether a request has its whole answer now, and take in what that says."""
        answer = self.parts.pop(handle, b"") + answer
        if not (is_unchanged(answer) or is_whole(answer)):
            self.parts[handle] = answer
            return False
        poll, must_differ = self.pending[handle], handle in self.must_differ
        self.must_differ.discard(handle)
        if poll.request.startswith(b"PATCH"):
            self._saved(poll.user, answer)
        elif is_unchanged(answer):
            self.stale += must_differ
        else:
            self._show(poll, answer)
        return True

    def _saved(self, user: int, answer: bytes) -> None:
        self.bad += not answer.startswith(OK)
        self.outdated[user] = self.writing.pop(user)
        self.soon.append(partial(self.poll, time.perf_counter(), user))

    def _show(self, poll: PendingPoll, answer: bytes) -> None:
        page = polled_next(poll.request, answer)
        if page in (b"", poll.request):
            self.bad += 1
            return
        self.changed += 1
        self.changing[poll.user] = page
        self.soon.append(partial(self.poll, time.perf_counter(), poll.user))


def mood(user_id: str) -> bytes:
    """Return a mood that is saved by service key."""
    key, kind = f"Authorization: Bearer {KEY}", "Content-Type: application/json"
    address = f"/api/mood?userId={user_id}"
    return request("PATCH", address, key, kind, body='{"score": 6.5}').encode()


def is_whole(answer: bytes) -> bool:
    """Return whether these bytes are an answer to its end; nothing at all is the end as well."""
    head, separator, body = answer.partition(END)
    length = LENGTH.search(head)
    is_all = bool(separator) and len(body) >= int(length[1] if length else 0)
    return is_all or not answer


def polled_next(poll: bytes, answer: bytes) -> bytes:
    """Return what a page polls that was shown this answer, b"" if it is not one to show."""
    match = ADDRESS.search(answer)
    if not (match and answer.startswith(OK)):
        return b""
    address = html.unescape(match[1].decode()).encode()
    return b"GET %b HTTP/1.1%b" % (address, poll.partition(b" HTTP/1.1")[2])
