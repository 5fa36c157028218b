"""Addresses of servers in the settings: read and checked, and no password of theirs ever shown."""

import ipaddress
from collections.abc import Callable
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from redis.connection import parse_url

from stats.errors import ConfigError

SCHEMES = ("redis", "rediss", "unix", "redis+cluster", "rediss+cluster")
# What a store's address may ask for. Time limits and retries are ours (stats/store/keys.py).
OPTIONS = {"db", "username", "password", "client_name", "max_connections"}
TLS_OPTIONS = {"ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile", "ssl_password"}
TLS_OPTIONS |= {"ssl_cert_reqs", "ssl_check_hostname", "ssl_min_version", "ssl_ciphers"}
MAIL_PORTS = {"smtp": 587, "smtps": 465}


def checked(name: str, value: str, parse: Callable[[str], str]) -> str:
    """Return what `parse` makes of a variable's value; raises ConfigError for its ValueError."""
    try:
        return parse(value)
    except ValueError as error:
        # The value itself may hold a password, so the line names the variable alone.
        raise ConfigError(f"{name}: {error}.") from None


def store_url(url: str) -> str:
    """Return the address of a store if it can be used; raises ValueError."""
    parts = split(url)
    if parts.scheme not in SCHEMES:
        raise ValueError(f"the address must begin with one of {', '.join(SCHEMES)}")
    if not (parts.path if parts.scheme == "unix" else parts.hostname):
        raise ValueError("the address names no server")
    port_of(url)
    _check_database(parts)
    _check_options(parts)
    return url


def _check_database(parts: SplitResult) -> None:
    number = parts.path.removeprefix("/")
    if parts.scheme == "unix" or not number:
        return
    if not (number.isascii() and number.isdigit()):
        raise ValueError("the path must be the number of a database, such as /0")
    if parts.scheme.endswith("+cluster") and int(number):
        raise ValueError("a cluster has no database but 0")


def _check_options(parts: SplitResult) -> None:
    allowed = OPTIONS | (TLS_OPTIONS if parts.scheme.startswith("rediss") else set())
    if parts.scheme.endswith("+cluster"):
        allowed -= {"db"}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in allowed:
            raise ValueError(f"the address takes only these options: {', '.join(sorted(allowed))}")
        if not value:
            raise ValueError(f"the option {name} has no value")
        if name == "ssl_cert_reqs" and value not in ("none", "optional", "required"):
            raise ValueError("the option ssl_cert_reqs is none, optional or required")
    _check_values(parts.query)


def _check_values(query: str) -> None:
    try:
        parse_url(f"redis://any?{query}")  # type: ignore[no-untyped-call]
    except ValueError:
        raise ValueError("an option of the address has a value that cannot be read") from None


def split(url: str) -> SplitResult:
    """Return the parts of an address; raises ValueError, which tells nothing of it.

    A password with one of these characters ends where it stands, and its rest is taken for the path
    (https://www.rfc-editor.org/rfc/rfc3986#section-2.1).
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        # The reason that it gives can hold the password.
        raise ValueError("the address cannot be read") from None
    if parts.scheme != "unix" and "@" in parts.path + parts.query + parts.fragment:
        raise ValueError("in a user or password write / as %2F, ? as %3F, # as %23 and @ as %40")
    return parts


def port_of(url: str) -> int | None:
    """Return the port that an address names; raises ValueError."""
    try:
        return split(url).port
    except ValueError:
        raise ValueError("the port must be a number from 0 to 65535") from None


def rest_url(url: str, token: str) -> str:
    """Return the store's address behind a `KV_REST_API_URL`; raises ValueError."""
    parts = split(url)
    if not parts.hostname:
        raise ValueError("the address names no server")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"rediss://default:{quote(token, safe='')}@{host}:{port_of(url) or 6379}"


def smtp_url(url: str) -> str:
    """Return the address of a mail server if it can be used; raises ValueError."""
    parts = split(url)
    if parts.scheme not in MAIL_PORTS:
        raise ValueError("the address must begin with smtp or smtps")
    if not parts.hostname:
        raise ValueError("the address names no server")
    if port_of(url) == 0 or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("the address must be like smtp://user:password@mail.example:587")
    if bool(parts.username) != bool(parts.password):
        raise ValueError("a user and a password belong together")
    return url


def is_loopback(host: str) -> bool:
    """Return whether a host name stands for this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
