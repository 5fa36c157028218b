"""The simulated Stripe over loopback HTTP, for the real stripe-python client."""

import contextlib
import json
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.stripe_sim import routes, spec
from tests.stripe_sim.model import Stripe
from tests.stripe_sim.objects import Object
from tests.stripe_sim.spec import ApiError


@dataclass
class Request:
    """One request as it came in; ``status`` is what it was answered with, 0 for not at all."""

    method: str
    path: str
    params: Object
    headers: dict[str, str]
    status: int = 0


@dataclass
class Answer:
    status: int
    body: Object
    headers: dict[str, str] = field(default_factory=dict)


class StripeServer:
    """Serves a ``Stripe``; faults on demand.

    ``down``: connections are closed without an answer. ``delay``: seconds between working an answer
    out and sending it; ``on_answer(request)`` is called at the same moment, and may block.
    """

    def __init__(self, stripe: Stripe, *, key: str | None = None) -> None:
        self.stripe = stripe
        self.key = key or f"sk_{'live' if stripe.livemode else 'test'}_simulated"
        self.delay = 0.0
        self.on_answer: Callable[[Request], object] = lambda request: None
        self.requests: list[Request] = []
        self.bugs: list[Exception] = []
        self._down = False
        self._faults: list[tuple[int | None, bool]] = []
        self._saved: dict[str, tuple[str, Object, Answer | None]] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.sim = self
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        self._http.hang_up()
        if self.bugs:
            raise self.bugs[0]

    @property
    def down(self) -> bool:
        return self._down

    @down.setter
    def down(self, down: bool) -> None:
        self._down = down
        if down:
            self._http.hang_up()

    def fail_next(self, n: int = 1, *, status: int | None = 500, executed: bool = False) -> None:
        """Fail the next requests, with no answer at all if ``status`` is None.

        With ``executed`` the request is carried out first: only its answer is lost.
        """
        with self._lock:
            self._faults += [(status, executed)] * n

    def handle(self, request: Request) -> Answer | None:
        """Work out the answer to a request; None hangs up."""
        with self._lock:
            self.requests.append(request)
            status, executed = self._faults.pop(0) if self._faults else (0, True)
        answer: Answer | None = self._answer(request) if executed else None
        if status != 0:
            error = {"type": "api_error", "message": "A fault that the test asked for."}
            answer = Answer(status, {"error": error}) if status else None
        request.status = answer.status if answer else 0
        self.on_answer(request)
        self._closing.wait(self.delay)
        return answer

    def _answer(self, request: Request) -> Answer:
        try:
            self._authorize(request.headers.get("authorization", ""))
            endpoint, id = routes.match(request.method, request.path)
            params = spec.check(endpoint, request.params)
            key = request.headers.get("idempotency-key")
            if request.method == "POST" and key:
                return self._once(key, request, lambda: self._execute(endpoint, id, params))
            return self._execute(endpoint, id, params)
        except ApiError as error:
            return Answer(error.status, error.body)
        except Exception as bug:
            self.bugs.append(bug)
            return Answer(500, {"error": {"type": "api_error", "message": repr(bug)}})

    def _authorize(self, header: str) -> None:
        key = header.removeprefix("Bearer ")
        if not key:
            raise ApiError("You did not provide an API key.", status=401)
        if key != self.key:
            raise ApiError(f"Invalid API Key provided: {key[:7]}****{key[-4:]}", status=401)

    def forget_idempotency(self) -> None:
        """Forget what was asked under which idempotency key, as Stripe does after a day."""
        with self._lock:
            self._saved.clear()

    def _once(self, key: str, request: Request, execute: Callable[[], Answer]) -> Answer:
        with self._lock:
            first = self._saved.get(key)
            if not first:
                self._saved[key] = (request.path, request.params, None)
        if not first:
            try:
                answer = execute()
            except Exception:
                del self._saved[key]
                raise
            self._saved[key] = (request.path, request.params, answer)
            return answer
        path, params, saved = first
        if (path, params) != (request.path, request.params):
            what = "with the same parameters" if path == request.path else "for the same endpoint"
            raise ApiError(
                f"Keys for idempotent requests can only be used {what} they were first used "
                f"{'with' if path == request.path else 'for'}. Try using a key other than '{key}' "
                "if you meant to execute a different request.",
                type="idempotency_error",
            )
        if not saved:
            message = f"There is currently another in-progress request using this key: {key}"
            raise ApiError(
                message, code="idempotency_key_in_use", type="idempotency_error", status=409
            )
        return Answer(saved.status, saved.body, {"Idempotent-Replayed": "true"})

    def _execute(self, endpoint: str, id: str, params: Object) -> Answer:
        try:
            body = routes.execute(self.stripe, endpoint, id, params)
        except ApiError as error:
            return Answer(error.status, error.body)
        absent = spec.missing(body) if self.stripe.shape != "old" else []
        if absent:
            raise AssertionError(f"{endpoint} answers without {absent}")
        return Answer(200, body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    sim: StripeServer

    def __init__(self, *args: Any) -> None:
        self.open: set[socket.socket] = set()
        super().__init__(*args)

    def hang_up(self) -> None:
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        super().finish()

    def log_message(self, *args: Any) -> None:
        """Tests read ``StripeServer.requests``."""

    def _serve(self) -> None:
        url = urlsplit(self.path)
        form = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        pairs = parse_qsl(url.query, keep_blank_values=True)
        pairs += parse_qsl(form, keep_blank_values=True)
        headers = {name.lower(): value for name, value in self.headers.items()}
        sim = self.server.sim
        answer = None
        if not sim.down:
            answer = sim.handle(Request(self.command, url.path, _tree(pairs), headers))
        if not answer or sim.down:
            self.close_connection = True
            return
        body = json.dumps(answer.body).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Request-Id", f"req_{len(sim.requests):014d}")
        self.send_header("Stripe-Version", headers.get("stripe-version", spec.API_VERSION))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _serve


def _tree(pairs: list[tuple[str, str]]) -> Object:
    """Turn form fields into dictionaries: a[b][0][c]=1 is {"a": {"b": {"0": {"c": "1"}}}}."""
    tree: Object = {}
    for name, value in pairs:
        *parents, last = re.findall(r"^[^\[]+|(?<=\[)[^\]]*(?=\])", name) or [name]
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last or str(len(node))] = value
    return tree
