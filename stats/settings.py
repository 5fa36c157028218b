"""Settings: read once from the environment, checked, frozen. Reading them does no I/O."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from stats.errors import ConfigError
from stats.lib.urls import checked, rest_url, smtp_url, store_url
from stats.plans.plan import Plan

# A leading dot stands for all names below it (werkzeug.sansio.utils.host_is_trusted).
HOST_NAME = re.compile(r"\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(:\d+)?|\[[0-9A-Fa-f:]+\](:\d+)?")
PRACTICE_PRICES = {Plan.PLUS: "£6 a month", Plan.PREMIUM: "£12 a month"}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set. `redis_url` is None in embedded mode."""

    redis_url: str | None = None
    data_dir: Path = Path("instance")
    secret_keys: tuple[str, ...] = ()
    api_keys: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = 3000
    workers: int = 1
    public_url: str | None = None
    trusted_hosts: tuple[str, ...] = ()
    trusted_proxies: int = 0
    hsts_max_age: int = 63_072_000
    hsts_subdomains: bool = True
    help_url: str | None = None
    smtp_url: str | None = field(default=None, repr=False)
    mail_from: str | None = None
    ratelimit_enabled: bool = True
    poll_cache_size: int = 200_000
    stripe_secret_key: str | None = None
    stripe_webhook_secrets: tuple[str, ...] = ()
    stripe_products: Mapping[str, Plan] = field(default_factory=dict)
    stripe_prices: Mapping[Plan, str] = field(default_factory=dict)
    stripe_yearly_prices: Mapping[Plan, str] = field(default_factory=dict)
    stripe_payment_links: Mapping[Plan, str] = field(default_factory=dict)
    stripe_api_base: str | None = None
    past_due_days: int = 14
    plan_prices: Mapping[Plan, str] = field(default_factory=lambda: dict(PRACTICE_PRICES))

    @property
    def embedded(self) -> bool:
        """True when this program keeps its own Valkey in `data_dir`."""
        return self.redis_url is None

    @property
    def offers_mail(self) -> bool:
        """True when mail can be sent: by a mail server, or printed to an embedded console."""
        return self.embedded or self.smtp_url is not None

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read every variable; raises ConfigError, naming the variable, if one makes no sense."""
        env = {name: value.strip() for name, value in environ.items() if value.strip()}
        settings = cls(
            redis_url=_redis_url(env),
            data_dir=Path(env.get("DATA_DIR", "instance")),
            secret_keys=_words(env, "SECRET_KEY"),
            api_keys=_words(env, "STATS_API_KEYS"),
            host=_host(env),
            port=_number(env, "PORT", 3000, 1, 65535),
            workers=_number(env, "WORKERS", 1, 1, 256),
            public_url=_origin(env, "PUBLIC_URL"),
            trusted_hosts=_host_names(env, "TRUSTED_HOSTS"),
            trusted_proxies=_number(env, "TRUSTED_PROXIES", 0, 0, 16),
            hsts_max_age=_number(env, "HSTS_MAX_AGE", 63_072_000, 0, 63_072_000),
            hsts_subdomains=_switch(env, "HSTS_SUBDOMAINS", default=True),
            help_url=_web_address(env, "HELP_URL"),
            smtp_url=_smtp_url(env),
            mail_from=_mail_from(env),
            ratelimit_enabled=_switch(env, "RATELIMIT_ENABLED", default=True),
            poll_cache_size=_number(env, "POLL_CACHE_SIZE", 200_000, 0, 10_000_000),
            stripe_secret_key=env.get("STRIPE_SECRET_KEY"),
            stripe_webhook_secrets=_words(env, "STRIPE_WEBHOOK_SECRET"),
            stripe_products={name: plan for plan, name in _of_plans(env, "STRIPE_PRODUCT").items()},
            stripe_prices=_of_plans(env, "STRIPE_PRICE"),
            stripe_yearly_prices=_of_plans(env, "STRIPE_PRICE", "_YEARLY"),
            stripe_payment_links=_links(env),
            stripe_api_base=_web_address(env, "STRIPE_API_BASE"),
            past_due_days=_number(env, "PAST_DUE_DAYS", 14, 0, 365),
            plan_prices=dict(PRACTICE_PRICES) | _of_plans(env, "PLAN_PRICE"),
        )
        _check_mail(settings)
        _check_stripe(settings)
        _check_deployed(settings, env)
        return settings


def _check_stripe(settings: Settings) -> None:
    if settings.stripe_secret_key is None:
        return
    if len(settings.stripe_products) < 2:
        raise ConfigError(
            "STRIPE_PRODUCT_PLUS and STRIPE_PRODUCT_PREMIUM are required, and differ, "
            "when STRIPE_SECRET_KEY is set."
        )


def _check_deployed(settings: Settings, env: Mapping[str, str]) -> None:
    if any(len(key) < 16 for key in settings.secret_keys):
        raise ConfigError("SECRET_KEY: each key needs at least 16 characters.")
    if settings.embedded:
        return
    if not settings.secret_keys:
        raise ConfigError("SECRET_KEY is required when REDIS_URL is set.")
    if env.get("FLASK_DEBUG", "0").lower() not in ("0", "false", "no"):
        raise ConfigError("FLASK_DEBUG must be off when REDIS_URL is set.")


def _redis_url(env: Mapping[str, str]) -> str | None:
    for name in ("REDIS_URL", "KV_URL"):
        if name in env:
            return checked(name, env[name], store_url)
    token = env.get("KV_REST_API_TOKEN")
    if ("KV_REST_API_URL" in env) != (token is not None):
        lacks, has = ("URL", "TOKEN") if token else ("TOKEN", "URL")
        raise ConfigError(f"KV_REST_API_{lacks} is required with KV_REST_API_{has}.")
    if token is None:
        return None
    return checked("KV_REST_API_URL", env["KV_REST_API_URL"], lambda url: rest_url(url, token))


def _smtp_url(env: Mapping[str, str]) -> str | None:
    return checked("SMTP_URL", env["SMTP_URL"], smtp_url) if "SMTP_URL" in env else None


def _mail_from(env: Mapping[str, str]) -> str | None:
    if "MAIL_FROM" not in env:
        return None
    try:
        return validate_email(
            env["MAIL_FROM"], check_deliverability=False, globally_deliverable=False
        ).normalized
    except EmailNotValidError:
        raise ConfigError("MAIL_FROM must be an e-mail address.") from None


def _check_mail(settings: Settings) -> None:
    needed = {"MAIL_FROM": settings.mail_from, "PUBLIC_URL": settings.public_url}
    for name, value in needed.items():
        if settings.smtp_url and not value:
            raise ConfigError(f"{name} is required when SMTP_URL is set.")


def _web_address(env: Mapping[str, str], name: str) -> str | None:
    if name not in env:
        return None
    try:
        parts = urlsplit(env[name])
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"{name} must be an address such as https://aira.example.")
    return env[name].rstrip("/")


def _origin(env: Mapping[str, str], name: str) -> str | None:
    """Return a web address of a host alone: pages are served at its root."""
    address = _web_address(env, name)
    parts = urlsplit(address or "")
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigError(f"{name} must be an address without a path: https://aira.example.")
    return address


def _host_names(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    hosts = _words(env, name)
    if not all(HOST_NAME.fullmatch(host) for host in hosts):
        raise ConfigError(f"{name} must be host names such as aira.example, without https:// or /.")
    return hosts


def _host(env: Mapping[str, str]) -> str:
    host = env.get("HOST", "127.0.0.1")
    try:
        return str(ipaddress.ip_address("127.0.0.1" if host == "localhost" else host))
    except ValueError:
        raise ConfigError("HOST must be an IP address such as 127.0.0.1 or 0.0.0.0.") from None


def _number(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = env.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 9 and least <= int(text) <= most):
        raise ConfigError(f"{name} must be a whole number from {least} to {most}.")
    return int(text)


def _of_plans(env: Mapping[str, str], prefix: str, suffix: str = "") -> dict[Plan, str]:
    names = {plan: f"{prefix}_{plan.upper()}{suffix}" for plan in (Plan.PLUS, Plan.PREMIUM)}
    return {plan: env[name] for plan, name in names.items() if name in env}


def _links(env: Mapping[str, str]) -> dict[Plan, str]:
    for name in ("STRIPE_PAYMENT_LINK_PLUS", "STRIPE_PAYMENT_LINK_PREMIUM"):
        _web_address(env, name)
    return _of_plans(env, "STRIPE_PAYMENT_LINK")


def _switch(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    values = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    text = env.get(name, str(default)).lower()
    if text not in values:
        raise ConfigError(f"{name} must be true or false.")
    return values[text]


def _words(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(word for part in env.get(name, "").split(",") if (word := part.strip()))
