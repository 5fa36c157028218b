"""What the bad days share: a Redis of one's own, an app before it, and what people ask of it."""

import html
import json
import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.badday.proxy import Proxy
from tests.badday.valkey import Valkey
from tests.stripe_sim import deliver
from tests.stripe_sim.model import Stripe
from tests.stripe_sim.server import StripeServer
from tests.support.live_server import LiveServer, eventually, serve
from tests.support.samples import FORM_TYPE, MESSAGES
from tests.web.helpers import CSRF_TOKEN_PATTERN, PASSWORD, STAT_PATTERN

# What quality.md allows an answer while Redis hangs, and a little for a busy machine.
MAX_OUTAGE_SECONDS = 2.0
PLUS = 600
KEY, SECRET, SIGNING_SECRET = "key-of-the-bad-days", "secret-key-of-the-bad-days", "whsec_bad_days"
_numbers = count(1)


@dataclass(frozen=True)
class Response:
    """What came back, and after how many seconds."""

    status: int
    headers: Mapping[str, str]
    text: str
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    def is_outage(self) -> bool:
        """Whether it says in the right words that the store is away, in time."""
        is_503 = self.status == 503 and int(self.headers.get("retry-after", "0")) > 0
        return is_503 and self.seconds <= MAX_OUTAGE_SECONDS


@dataclass(frozen=True)
class RequestSpec:
    """One thing that somebody asks, and the status that it gets on a good day."""

    name: str
    method: str
    path: str
    status: int = 200
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_key(self, key: str) -> "RequestSpec":
        """The same, asked with this service key."""
        return replace(self, headers={**self.headers, "Authorization": f"Bearer {key}"})


class Rig:
    """A Valkey, a proxy before it, a simulated Stripe, and an app that uses all three."""

    def __init__(self, valkey: Valkey, stripe: StripeServer, folder: Path, *, by: str = "") -> None:
        self.valkey, self.stripe, self.folder = valkey, stripe, folder
        self.proxy = Proxy(valkey.socket)
        self.redis_url = by or self.proxy.url
        product = stripe.stripe.add_product("Plus", PLUS, currency="gbp")
        self._price = product["default_price"]
        self._products = {
            "STRIPE_PRODUCT_PLUS": product["id"],
            "STRIPE_PRODUCT_PREMIUM": "prod_of_another_shop",
        }

    def serve(self, until: str = "/readyz", port: int = 0) -> None:
        """Start the app, at a port that is free if none is given."""
        self.site: LiveServer = serve(
            self.folder / "data",
            until=until,
            REDIS_URL=self.redis_url,
            SECRET_KEY=SECRET,
            STATS_API_KEYS=KEY,
            STRIPE_SECRET_KEY=self.stripe.key,
            STRIPE_WEBHOOK_SECRET=SIGNING_SECRET,
            STRIPE_API_BASE=self.stripe.url,
            PORT=str(port),
            **self._products,
        )

    def close(self) -> None:
        if hasattr(self, "site"):
            self.site.destroy()
        self.proxy.close()

    def person(self) -> "Person":
        return Person(self.site.port)

    def webhook(self, user_id: str) -> RequestSpec:
        """Sell somebody Plus at Stripe; return the delivery that says so."""
        sim: Stripe = self.stripe.stripe
        meta = {"user_id": user_id}
        customer = sim.create_customer(metadata=meta)["id"]
        sim.create_subscription(customer, [self._price], metadata=meta)
        event = next(
            one
            for one in sim.undelivered()
            if one["type"].startswith("customer.subscription")
            and one["data"]["object"]["metadata"] == meta
        )
        body, headers = deliver(event, SIGNING_SECRET)
        return RequestSpec("webhook", "POST", "/api/webhooks/stripe", body=body, headers=headers)


class Person:
    """Somebody with an account, in a browser that keeps the one cookie."""

    def __init__(self, port: int, key: str = KEY, account: "Person | None" = None) -> None:
        self.port, self.cookie, self.token = port, "", ""
        if account is not None:
            self.id, self.name, self.email = account.id, account.name, account.email
            self.token = self._token_of("/login")
            return
        self.name = f"P{next(_numbers)}-{time.time_ns()}"
        self.email = f"{self.name.lower()}@example.com"
        self._sign_up()
        lookup = service_request("find", "GET", f"/api/users?email={self.email}").with_key(key)
        self.id: str = send(port, lookup).json["userId"]

    def _sign_up(self) -> None:
        self.token = self._token_of("/signup")
        fields = {"name": self.name, "email": self.email, "password": PASSWORD}
        answer = self.ask(self.form("sign up", "/signup", 302, **fields))
        assert answer.status == 302, answer.text
        self.token = self._token_of("/privacy")

    def _token_of(self, path: str) -> str:
        match = CSRF_TOKEN_PATTERN.search(self.ask(RequestSpec("token", "GET", path)).text)
        assert match
        return match[1]

    def ask(self, way: RequestSpec) -> Response:
        answer = send(self.port, way, self.cookie)
        cookie = re.match(r"session=[^;]+", answer.headers.get("set-cookie", ""))
        self.cookie = cookie[0] if cookie else self.cookie
        return answer

    def form(self, way: str, path: str, status: int = 303, /, **fields: str) -> RequestSpec:
        body = urlencode({"csrf_token": self.token, **fields}).encode()
        return RequestSpec(way, "POST", path, status, body, {"Content-Type": FORM_TYPE})

    def numbers(self) -> dict[str, str]:
        """What the page shows; it must be this person's."""
        page = self.ask(RequestSpec("page", "GET", "/dashboard"))
        assert page.status == 200, page.text
        assert self.name in page.text
        return dict(STAT_PATTERN.findall(page.text))

    def poll_path(self) -> str:
        """The address, version included, that the page polls."""
        page = self.ask(RequestSpec("page", "GET", "/dashboard"))
        match = re.search(r'id="stats"[^>]* hx-get="([^"]+)"', page.text)
        assert match
        return html.unescape(match[1])


def service_request(
    name: str, method: str, path: str, body: Any = None, key: str = ""
) -> RequestSpec:
    """Something that the chat backend asks, with an idempotency key if one is given."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    headers |= {"Idempotency-Key": key} if key else {}
    return RequestSpec(
        name, method, path, 200, json.dumps(body).encode() if body else None, headers
    )


def read_requests(person: Person) -> list[RequestSpec]:
    """What changes nothing."""
    return [
        RequestSpec("page", "GET", "/dashboard"),
        RequestSpec("poll", "GET", person.poll_path(), 204),
        RequestSpec("history", "GET", "/history"),
        service_request("api", "GET", f"/api/dashboard?userId={person.id}"),
        service_request("chats", "GET", f"/api/chat?userId={person.id}"),
    ]


def write_requests(rig: Rig, person: Person, op: str) -> list[RequestSpec]:
    """What changes something, each time with the same operation id."""
    chat = {"chatId": f"c{op}", "summary": op, "messages": MESSAGES}
    return [
        person.form("form", "/dashboard/mood", score="7", note=f"form {op}", op=op),
        service_request(
            "mood", "PATCH", f"/api/mood?userId={person.id}", {"score": 3}, key=f"m{op}"
        ),
        service_request("chat", "POST", f"/api/chat/save?userId={person.id}", chat),
        service_request(
            "plan", "PATCH", f"/api/plan?userId={person.id}", {"plan": "Premium"}, f"p{op}"
        ),
        rig.webhook(person.id),
    ]


def send(port: int, way: RequestSpec, cookie: str = "") -> Response:
    """Ask on a connection of its own."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    headers = dict(way.headers) | ({"Cookie": cookie} if cookie else {})
    began = time.monotonic()
    try:
        connection.request(way.method, way.path, way.body, headers)
        response = connection.getresponse()
        text = response.read().decode()
    finally:
        connection.close()
    response_headers = {name.lower(): value for name, value in response.getheaders()}
    return Response(response.status, response_headers, text, time.monotonic() - began)


def send_concurrently(person: Person, ways: Sequence[RequestSpec]) -> list[Response]:
    """Ask all of it at one moment."""
    with ThreadPoolExecutor(len(ways)) as pool:
        return list(pool.map(person.ask, ways))


def send_until_available(person: Person, way: RequestSpec) -> Response:
    """Ask until the answer is no outage, as a client that tries again does."""
    responses: list[Response] = []

    def settled() -> bool:
        responses.append(person.ask(way))
        return not responses[-1].is_outage()

    assert eventually(settled, 30)
    return responses[-1]
