"""`flask doctor`: checks of the settings, and of the files of an embedded instance."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import MISSING, fields
from pathlib import Path
from urllib.parse import urlsplit

from werkzeug.sansio.utils import host_is_trusted

from stats.lib.urls import is_loopback
from stats.settings import Settings
from stats.web.commands.doctor.findings import Code, Finding

# The guesses that a secret must resist, as a power of ten: 24 are 80 bits.
MIN_GUESSES_LOG10 = 24
# zxcvbn's time grows with the length; a prefix is enough for an estimate.
MAX_ESTIMATED_LENGTH = 72
VARIABLES = {
    "secret_keys": "SECRET_KEY",
    "api_keys": "STATS_API_KEYS",
    "stripe_webhook_secrets": "STRIPE_WEBHOOK_SECRET",
    "stripe_products": "STRIPE_PRODUCT_…",
    "stripe_prices": "STRIPE_PRICE_…",
    "stripe_yearly_prices": "STRIPE_PRICE_…_YEARLY",
    "stripe_payment_links": "STRIPE_PAYMENT_LINK_…",
    "plan_prices": "PLAN_PRICE_…",
}
KEY_FILES = ("secret.key", "service.key")


def changed_variables(settings: Settings) -> list[str]:
    """Return the names of the variables whose values are not the defaults."""
    return sorted(
        VARIABLES.get(field.name, field.name.upper())
        for field in fields(settings)
        if getattr(settings, field.name)
        != (field.default if field.default_factory is MISSING else field.default_factory())
    )


def check_settings(settings: Settings) -> Iterator[Finding]:
    """Yield what is contradictory or weak in the settings alone."""
    yield from _check_keys(settings)
    yield from _check_addresses(settings)
    if not settings.embedded and not settings.ratelimit_enabled:
        yield Finding(
            Code.NO_LIMITS,
            "RATELIMIT_ENABLED is false, so passwords can be guessed without end",
            "unset it; it is for load tests",
        )
    if not settings.stripe_secret_key and (
        settings.stripe_webhook_secrets or settings.stripe_products or settings.stripe_prices
    ):
        yield Finding(
            Code.STRIPE_HALF_SET,
            "there are STRIPE_ settings, but STRIPE_SECRET_KEY is not set",
            "set it, or unset the others",
        )
    if settings.mail_from and not settings.smtp_url:
        yield Finding(
            Code.MAIL_HALF_SET,
            "MAIL_FROM is set, but SMTP_URL is not, so no mail is sent",
            "set SMTP_URL, or unset MAIL_FROM",
        )


def _check_keys(settings: Settings) -> Iterator[Finding]:
    if any(map(is_weak, settings.secret_keys)):
        yield Finding(
            Code.SECRET_WEAK,
            "SECRET_KEY can be guessed, and with it any session be forged",
            "put a new one first: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )
    if any(map(is_weak, settings.api_keys)):
        yield Finding(
            Code.SERVICE_KEY_WEAK,
            "a key of STATS_API_KEYS can be guessed, and it opens everybody's data",
            "make one with `flask keys create` and take that one out",
        )


def is_weak(secret: str) -> bool:
    """Return whether a secret could be guessed, by the estimate of zxcvbn."""
    from zxcvbn import zxcvbn

    return bool(zxcvbn(secret[:MAX_ESTIMATED_LENGTH])["guesses_log10"] < MIN_GUESSES_LOG10)


def _check_addresses(settings: Settings) -> Iterator[Finding]:
    parts = urlsplit(settings.public_url or "")
    host = parts.hostname or ""
    if host and settings.trusted_hosts and not host_is_trusted(host, settings.trusted_hosts):
        yield Finding(
            Code.HOST_NOT_SERVED,
            "the host of PUBLIC_URL is not among TRUSTED_HOSTS, so users get 400",
            "add it there",
        )
    if parts.scheme == "http" and not is_loopback(host):
        yield Finding(
            Code.PLAIN_HTTP,
            "PUBLIC_URL begins with http, so passwords and cookies travel in the open",
            "serve it by HTTPS and write https",
        )
    if parts.scheme == "https" and not settings.trusted_proxies:
        yield Finding(
            Code.NO_PROXY,
            "PUBLIC_URL begins with https, but TRUSTED_PROXIES is 0: no Secure cookie, and all "
            "visitors share the proxy's address",
            "set it to the number of proxies in front",
        )
    if not settings.embedded and not settings.trusted_hosts:
        yield Finding(
            Code.ANY_HOST,
            "TRUSTED_HOSTS is not set, so any Host header is served",
            "set it to the host of PUBLIC_URL",
        )


def check_files(settings: Settings) -> Iterator[Finding]:
    """Yield what is empty or readable by others in the folder of an embedded instance."""
    if settings.embedded:
        # What cannot be read has no store either, and the check of that says why.
        with suppress(OSError):
            yield from _check_folder(settings.data_dir)


def _check_folder(folder: Path) -> Iterator[Finding]:
    if not folder.is_dir():
        return
    if _is_open(folder):
        yield Finding(Code.FOLDER_OPEN, f"{folder} is open to others", f"chmod 700 {folder}")
    for path in (folder / name for name in KEY_FILES):
        if path.exists() and _is_open(path):
            yield Finding(
                Code.FILE_OPEN,
                f"{path} can be read by others",
                "chmod 600 it; if others use this machine, delete it, so that a new one is made",
            )
        if path.exists() and not path.read_text().strip():
            yield Finding(
                Code.FILE_EMPTY,
                f"{path} is empty",
                "stop the program, delete it, and start: a new one is made",
            )


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o077)
