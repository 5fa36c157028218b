"""Strict-Transport-Security, as it is set."""

from dataclasses import replace

import pytest
from flask import Flask
from redis import Redis

from app import create_app


@pytest.mark.parametrize(
    ("span", "subdomains", "header"),
    [(300, False, "max-age=300"), (0, True, "max-age=0; includeSubDomains")],
)
def test_it_says_what_is_set(
    app: Flask, valkey: Redis, span: int, subdomains: bool, header: str
) -> None:
    before = app.extensions["aira"].base_settings
    other = create_app(replace(before, hsts_max_age=span, hsts_subdomains=subdomains), valkey)
    for path in ("/privacy", "/nowhere"):
        answer = other.test_client().get(path, base_url="https://localhost")
        assert answer.headers["Strict-Transport-Security"] == header
