"""The audit trail: what is written about requests and events, and what never is."""

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from stats.web.monitoring.audit_log import record_event
from stats.web.monitoring.log_setup import JsonFormatter, ReadableFormatter
from tests.support.live_server import ROOT
from tests.web.helpers import PASSWORD, Browser, log_in, sign_up

Lines = Callable[[], list[dict[str, Any]]]


class LogCapture(logging.Handler):
    """Keeps what was logged, formatted while its request is there, as the real handler does."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def capture_log(formatter: logging.Formatter) -> Iterator[LogCapture]:
    handler = LogCapture(formatter)
    loggers = [logging.getLogger(name) for name in ("aira", "stats")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    yield handler
    for logger, level in zip(loggers, before, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)


@pytest.fixture
def json_log() -> Iterator[LogCapture]:
    """What a deployed instance writes."""
    yield from capture_log(JsonFormatter())


@pytest.fixture
def text_log() -> Iterator[LogCapture]:
    """What an instance on somebody's desk writes."""
    yield from capture_log(ReadableFormatter())


def read(json_log: LogCapture) -> list[dict[str, Any]]:
    """All lines so far; each is one line and one JSON object."""
    assert all("\n" not in line for line in json_log.lines)
    return [json.loads(line) for line in json_log.lines]


def test_it_writes_one_line_for_each_request(alice: Browser, json_log: LogCapture) -> None:
    answer = alice.get("/dashboard?note=private")
    (line,) = read(json_log)
    assert line["event"] == "request"
    assert (line["method"], line["route"], line["status"]) == ("GET", "/dashboard", 200)
    assert line["user"] == alice.user_id
    assert line["request"] == answer.headers["X-Request-ID"]
    assert 0 < line["ms"] < 60_000
    assert line["time"].endswith("+00:00")


def test_it_gives_each_request_an_id_of_its_own(client: FlaskClient, json_log: LogCapture) -> None:
    ids = {client.get(url).headers["X-Request-ID"] for url in ("/", "/nope", "/static/app.css")}
    assert len(ids) == 3
    assert {line["request"] for line in read(json_log)} == ids


FORKED = """
import os
from stats.web.monitoring.access_log import new_request_id
new_request_id()
child = os.fork()
os.write(1, f"{new_request_id()} ".encode())
child and os.waitpid(child, 0)
"""


def test_a_forked_worker_gives_ids_of_its_own() -> None:
    process = subprocess.run(
        [sys.executable, "-c", FORKED], capture_output=True, text=True, check=True
    )
    assert len(set(process.stdout.split())) == 2, process


@pytest.mark.parametrize("sent", ["a", "4b1f-77.EU_2", "x" * 64])
def test_it_keeps_the_id_of_the_caller(
    client: FlaskClient, json_log: LogCapture, sent: str
) -> None:
    answer = client.get("/nope", headers={"X-Request-ID": sent})
    assert answer.headers["X-Request-ID"] == sent
    assert [line["request"] for line in read(json_log)] == [sent]


@pytest.mark.parametrize("sent", ["", "forged\tid", "x" * 65, "a b", "a,b", "é", '"}', "a/b"])
def test_it_takes_no_odd_id_from_the_request(client: FlaskClient, sent: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": sent})
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["X-Request-ID"])


def test_it_names_the_rule_and_not_the_address(alice: Browser, json_log: LogCapture) -> None:
    alice.get("/conversations/a-secret-in-the-path")
    alice.get("/another-secret-in-the-path")
    assert [line["route"] for line in read(json_log)] == ["/conversations/<chat_id>", None]


def test_it_writes_a_request_for_a_host_that_is_not_served(
    app: Flask, json_log: LogCapture
) -> None:
    app.config["TRUSTED_HOSTS"] = ["aira.example"]
    assert app.test_client().get("/").status_code == 400
    assert [line["status"] for line in read(json_log)] == [400]


def test_it_writes_down_what_security_is_about(
    app: Flask, service_client: FlaskClient, json_log: LogCapture
) -> None:
    alice = sign_up(app, "Alice")
    Browser(app).post("/login", {"email": "alice@example.com", "password": "not this one"})
    log_in(app, "Alice")
    service_client.patch(f"/api/plan?userId={alice.user_id}", json={"plan": "Plus"})
    changed = {"current_password": PASSWORD, "new_password": "another good sentence"}
    alice.post("/settings/password", changed)
    alice.post("/settings/delete", {"confirm": "alice@example.com"})
    events = [(line["event"], line.get("user")) for line in read(json_log)]
    events = [(what, user) for what, user in events if what != "request"]
    assert events == [
        ("signup", alice.user_id),
        ("login.failed", alice.user_id),
        ("login", alice.user_id),
        ("plan.granted", alice.user_id),
        ("password.changed", alice.user_id),
        ("account.deleted", alice.user_id),
    ]


def test_an_event_has_the_id_and_address_of_its_request(
    service_client: FlaskClient, json_log: LogCapture
) -> None:
    answer = service_client.patch("/api/plan?userId=u", json={"plan": "Plus"})
    event, request = read(json_log)
    assert event["request"] == request["request"] == answer.headers["X-Request-ID"]
    assert (event["plan"], event["address"]) == ("Plus", "127.0.0.1")


def test_it_writes_no_secret_body_or_address(
    app: Flask, service_client: FlaskClient, json_log: LogCapture, text_log: LogCapture
) -> None:
    alice = sign_up(app, "Alice")
    log_in(app, "Alice")
    alice.post("/dashboard/mood", {"score": "7", "note": "a very private note"})
    service_client.patch("/api/mood?userId=carol@example.com", json={"score": 3, "note": "hush"})
    service_client.delete("/api/users/carol@example.com")
    service_client.get("/api/users?email=alice@example.com")
    secrets = [PASSWORD, "example.com", "private note", "hush", alice.session, alice.token]
    secrets += [app.extensions["aira"].settings.api_keys[0]]
    for line in json_log.lines + text_log.lines:
        assert not [secret for secret in secrets if secret in line], line


def test_a_fault_of_ours_is_one_line_too(
    app: Flask, client: FlaskClient, json_log: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.view_functions, "pages.privacy", lambda: 1 / 0)
    monkeypatch.setattr(app.view_functions["pages.privacy"], "is_public", True, raising=False)
    assert client.get("/privacy").status_code == 500
    fault = next(line for line in read(json_log) if line["level"] == "error")
    assert "ZeroDivisionError" in fault["trace"]


def test_a_person_can_read_of_a_limit(app: Flask, alice: Browser, text_log: LogCapture) -> None:
    for _ in range(6):
        answer = alice.post("/settings/email/confirm")
    assert answer.status_code in (400, 429)
    with app.test_request_context("/"):
        record_event("limit.reached", route="recovery.send_again")
    assert "limit.reached route=recovery.send_again" in text_log.lines[-1]


def test_a_person_can_read_it(alice: Browser, text_log: LogCapture) -> None:
    alice.get("/dashboard")
    (line,) = text_log.lines
    assert "GET /dashboard 200" in line
    assert alice.user_id in line


def run_apart(code: str) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "REDIS_URL": "unix:///nowhere", "SECRET_KEY": "only-for-this-test"}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


FAULT = """
import app
try:
    raise ValueError("\\udc80 " + "x" * 5000)
except ValueError:
    app.app.logger.exception("request failed")
"""
NOBODY_READS = """
import os, app
reads, writes = os.pipe()
os.dup2(writes, 2)
os.close(reads)
client = app.app.test_client()
print(*(client.get(url).status_code for url in ("/healthz", "/login", "/api/dashboard")))
"""


def test_our_own_faults_are_lines_like_the_others() -> None:
    (line,) = run_apart(FAULT).stderr.splitlines()
    record = json.loads(line)
    assert (record["event"], record["level"]) == ("request failed", "error")
    assert record["logger"] == "stats.web.flask_app"
    assert record["trace"].endswith("x" * 2000)
    assert len(line) < 4096


def test_answers_do_not_depend_on_who_reads_the_lines() -> None:
    assert run_apart(NOBODY_READS).stdout.split() == ["200", "200", "401"]
