"""Those who write while things go wrong, and the count of what was kept of it."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from http.client import HTTPException
from typing import Any

from tests.badday.helpers import Person, RequestSpec, Response, send, service_request
from tests.support.samples import MESSAGES

USER = "everybody"


@dataclass
class Writer:
    """Saves conversations and moods, each again and again until it is acknowledged.

    The moods of a `person` come from the page's form, the others' from the chat backend. `longest`
    is how long (s) one of them took at most.
    """

    number: int
    port: int
    key: str
    over: threading.Event
    person: Person | None = None
    chats: list[str] = field(default_factory=list)
    moods: int = 0
    tries: int = 0
    longest: float = 0.0

    @property
    def user(self) -> str:
        return self.person.id if self.person else f"writer{self.number}"

    def run(self) -> None:
        while not self.over.is_set():
            chat = f"w{self.number}-{len(self.chats)}"
            body = {"chatId": chat, "messages": MESSAGES}
            save = service_request("chat", "POST", f"/api/chat/save?userId={USER}", body)
            self._insist(save.with_key(self.key))
            self.chats.append(chat)
            self._insist(self._mood())
            self.moods += 1

    def _mood(self) -> RequestSpec:
        score, op = self.moods % 10, f"op{self.moods}"
        if self.person is None:
            path = f"/api/mood?userId={self.user}"
            return service_request("mood", "PATCH", path, {"score": score}, op).with_key(self.key)
        fields = {"score": f"{score}", "note": "", "day": "today", "op": op}
        form = self.person.form("form", "/dashboard/mood", 200, **fields)
        sent = {"HX-Request": "true", "Cookie": self.person.cookie}
        return replace(form, headers={**form.headers, **sent})

    def _insist(self, way: RequestSpec) -> None:
        began = time.monotonic()
        while (answer := self._try(way)) is None or answer.status != 200:
            assert answer is None or answer.status == 503, answer
            time.sleep(0.01)
        self.longest = max(self.longest, time.monotonic() - began)

    def _try(self, way: RequestSpec) -> Response | None:
        self.tries += 1
        try:
            return send(self.port, way)
        except (OSError, HTTPException):
            return None


def count_kept(port: int, key: str, writers: Sequence[Writer]) -> int:
    """Count what is there, which must be what was acknowledged, by name."""

    def read(path: str) -> Any:
        return send(port, service_request("read", "GET", path).with_key(key)).json

    chats = read(f"/api/chat?userId={USER}")["chats"]
    names = sorted(chat["chatId"] for chat in chats)
    assert names == sorted(chat for writer in writers for chat in writer.chats)
    counted = read(f"/api/dashboard?userId={USER}")["data"]["conversations"]
    assert counted == len(names)
    for writer in writers:
        total = read(f"/api/mood?userId={writer.user}")["stats"]["totalEntries"]
        assert total == writer.moods, writer.user
        counted += total
    return int(counted)
