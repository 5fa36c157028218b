"""Settings: read once from the environment, checked, frozen. Reading them does no I/O."""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, quote, urlsplit

from stats.errors import ConfigError
from stats.plans import Plan

PRACTICE_PRICES = {Plan.PLUS: "£6 a month", Plan.PREMIUM: "£12 a month"}
SCHEMES = ("redis", "rediss", "unix", "redis+cluster", "rediss+cluster")


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
    help_url: str | None = None
    ratelimit_enabled: bool = True
    stripe_secret_key: str | None = None
    stripe_webhook_secrets: tuple[str, ...] = ()
    stripe_products: Mapping[str, Plan] = field(default_factory=dict)
    stripe_prices: Mapping[Plan, str] = field(default_factory=dict)
    stripe_payment_links: Mapping[Plan, str] = field(default_factory=dict)
    stripe_api_base: str | None = None
    past_due_days: int = 14
    plan_prices: Mapping[Plan, str] = field(default_factory=lambda: dict(PRACTICE_PRICES))

    @property
    def embedded(self) -> bool:
        """True when this program keeps its own Valkey in `data_dir`."""
        return self.redis_url is None

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
            public_url=_web_address(env, "PUBLIC_URL"),
            trusted_hosts=_words(env, "TRUSTED_HOSTS"),
            trusted_proxies=_number(env, "TRUSTED_PROXIES", 0, 0, 16),
            help_url=_web_address(env, "HELP_URL"),
            ratelimit_enabled=_switch(env, "RATELIMIT_ENABLED", default=True),
            stripe_secret_key=env.get("STRIPE_SECRET_KEY"),
            stripe_webhook_secrets=_words(env, "STRIPE_WEBHOOK_SECRET"),
            stripe_products={name: plan for plan, name in _of_plans(env, "STRIPE_PRODUCT").items()},
            stripe_prices=_of_plans(env, "STRIPE_PRICE"),
            stripe_payment_links=_links(env),
            stripe_api_base=_web_address(env, "STRIPE_API_BASE"),
            past_due_days=_number(env, "PAST_DUE_DAYS", 14, 0, 365),
            plan_prices=dict(PRACTICE_PRICES) | _of_plans(env, "PLAN_PRICE"),
        )
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
            return _checked(name, env[name], _store_url)
    if "KV_REST_API_URL" in env:
        return _checked("KV_REST_API_URL", env["KV_REST_API_URL"], lambda url: _rest(url, env))
    return None


def _store_url(url: str) -> str:
    parts = _split(url)
    if parts.scheme not in SCHEMES:
        raise ValueError(f"the address must begin with one of {', '.join(SCHEMES)}")
    if not (parts.path if parts.scheme == "unix" else parts.hostname):
        raise ValueError("the address names no server")
    _port(url)
    return url


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        # The reason that it gives can hold the password.
        raise ValueError("the address cannot be read") from None


def _port(url: str) -> int | None:
    try:
        return _split(url).port
    except ValueError:
        raise ValueError("the port must be a number from 0 to 65535") from None


def _rest(url: str, env: Mapping[str, str]) -> str:
    parts, token = _split(url), env.get("KV_REST_API_TOKEN")
    if not token:
        raise ConfigError("KV_REST_API_TOKEN is required with KV_REST_API_URL.")
    if not parts.hostname:
        raise ValueError("the address names no server")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"rediss://default:{quote(token, safe='')}@{host}:{_port(url) or 6379}"


def _checked(name: str, value: str, read: Callable[[str], str]) -> str:
    try:
        return read(value)
    except ValueError as error:
        # The value itself may hold a password, so the line names the variable alone.
        raise ConfigError(f"{name}: {error}.") from None


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


def _of_plans(env: Mapping[str, str], prefix: str) -> dict[Plan, str]:
    names = {plan: f"{prefix}_{plan.upper()}" for plan in (Plan.PLUS, Plan.PREMIUM)}
    return {plan: env[name] for plan, name in names.items() if name in env}


def _links(env: Mapping[str, str]) -> dict[Plan, str]:
    for name in ("STRIPE_PAYMENT_LINK_PLUS", "STRIPE_PAYMENT_LINK_PREMIUM"):
        _web_address(env, name)
    return _of_plans(env, "STRIPE_PAYMENT_LINK")


def _switch(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    text = env.get(name, str(default)).lower()
    if text not in known:
        raise ConfigError(f"{name} must be true or false.")
    return known[text]


def _words(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(word for part in env.get(name, "").split(",") if (word := part.strip()))
