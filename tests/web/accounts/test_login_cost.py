"""A log-in that fails costs the same whoever is named: its time tells nobody who has an account."""

import argon2
import pytest
from flask import Flask
from redis import Redis

from tests.support.two_factor import stop_clock
from tests.web.accounts.two_factor.two_factor_helpers import enable_two_factor
from tests.web.helpers import Browser, RoundTrips

WRONG = "not the right password"
# What is typed as an address, and as a password: one that has two spellings is hashed twice.
ADDRESSES = ("alice@example.com", " Alice@EXAMPLE.com ", "bob@example.com", "left@example.com")
UNKNOWN = "nobody@example.com"


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was hashed since."""
    hashed: list[str] = []
    verify = argon2.PasswordHasher.verify

    def counted(hasher: argon2.PasswordHasher, digest: str, password: str) -> bool:
        hashed.append(password)
        return bool(verify(hasher, digest, password))

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counted)
    return hashed


@pytest.mark.one_server
@pytest.mark.parametrize("password", [WRONG, "cafe\u0301 au lait", "p" * 2000])
def test_known_and_unknown_cost_the_same(
    app: Flask,
    alice: Browser,
    bob: Browser,
    valkey: Redis,
    round_trips: RoundTrips,
    hashes: list[str],
    monkeypatch: pytest.MonkeyPatch,
    password: str,
) -> None:
    stop_clock(monkeypatch)
    enable_two_factor(bob)
    valkey.set("email:{left@example.com}", "gone")
    visitor = Browser(app)
    fail(visitor, UNKNOWN, password)  # the scripts are loaded

    def cost(email: str) -> tuple[int, int]:
        round_trips.count = 0
        hashes.clear()
        fail(visitor, email, password)
        return round_trips.count, len(hashes)

    unknown = cost(UNKNOWN)
    assert {email: cost(email) for email in ADDRESSES} == dict.fromkeys(ADDRESSES, unknown)


def fail(visitor: Browser, email: str, password: str) -> None:
    answer = visitor.post("/login", {"email": email, "password": password})
    assert answer.status_code == 422
