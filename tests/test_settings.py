"""The environment: every variable, well and badly set."""

from pathlib import Path

import pytest

from stats.errors import ConfigError
from stats.plans.plan import Plan
from stats.settings import Settings

KEY = "a-key-of-sixteen-characters"
SECRET = "hunter2"


def refusal(**environ: str) -> str:
    with pytest.raises(ConfigError) as refused:
        Settings.from_env(environ)
    line = str(refused.value)
    assert "\n" not in line
    return line


def test_it_needs_nothing():
    settings = Settings.from_env({})
    assert settings == Settings()
    assert settings.embedded
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 3000, 1)
    assert settings.data_dir == Path("instance")
    assert (settings.trusted_proxies, settings.trusted_hosts) == (0, ())


def test_it_takes_an_empty_value_for_none():
    names = ("REDIS_URL", "SECRET_KEY", "PORT", "HOST", "PUBLIC_URL", "DATA_DIR")
    assert Settings.from_env(dict.fromkeys(names, "  ")) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("DATA_DIR", "/srv/data", "data_dir", Path("/srv/data")),
        ("SECRET_KEY", f" {KEY}, {KEY}2 ,", "secret_keys", (KEY, f"{KEY}2")),
        ("STATS_API_KEYS", "one, two,,", "api_keys", ("one", "two")),
        ("HOST", "0.0.0.0", "host", "0.0.0.0"),  # noqa: S104
        ("HOST", "::1", "host", "::1"),
        ("HOST", "localhost", "host", "127.0.0.1"),
        ("PORT", "1", "port", 1),
        ("PORT", " 65535 ", "port", 65535),
        ("WORKERS", "8", "workers", 8),
        ("PUBLIC_URL", "https://aira.example/", "public_url", "https://aira.example"),
        ("PUBLIC_URL", "http://127.0.0.1:3000", "public_url", "http://127.0.0.1:3000"),
        ("HELP_URL", "https://help.example/x", "help_url", "https://help.example/x"),
        ("TRUSTED_HOSTS", "a.example, b.example", "trusted_hosts", ("a.example", "b.example")),
        ("TRUSTED_PROXIES", "2", "trusted_proxies", 2),
        ("HSTS_MAX_AGE", "300", "hsts_max_age", 300),
        ("HSTS_SUBDOMAINS", "false", "hsts_subdomains", False),
    ],
)
def test_it_reads_each_variable(name, value, field, expected):
    assert getattr(Settings.from_env({name: value}), field) == expected


@pytest.mark.parametrize("name", ["REDIS_URL", "KV_URL"])
@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0",
        f"rediss://default:{SECRET}@store.example:6380",
        "unix:///run/valkey.sock",
        "redis+cluster://one.example:7000",
        f"rediss+cluster://:{SECRET}@[::1]:7000",
    ],
)
def test_it_reads_every_kind_of_store_address(name, url):
    settings = Settings.from_env({name: url, "SECRET_KEY": KEY})
    assert settings.redis_url == url
    assert not settings.embedded


def test_it_prefers_redis_url_to_kv_url():
    both = {"REDIS_URL": "redis://one", "KV_URL": "redis://two", "SECRET_KEY": KEY}
    assert Settings.from_env(both).redis_url == "redis://one"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://eu1.upstash.io", "rediss://default:a%2Fb%40c@eu1.upstash.io:6379"),
        ("https://eu1.upstash.io:7443/", "rediss://default:a%2Fb%40c@eu1.upstash.io:7443"),
        ("https://[::1]:7443", "rediss://default:a%2Fb%40c@[::1]:7443"),
    ],
)
def test_it_makes_a_store_address_of_kv_rest_variables(url, expected):
    environ = {"KV_REST_API_URL": url, "KV_REST_API_TOKEN": "a/b@c", "SECRET_KEY": KEY}
    assert Settings.from_env(environ).redis_url == expected


@pytest.mark.parametrize("name", ["REDIS_URL", "KV_URL"])
@pytest.mark.parametrize(
    "url",
    [
        f"http://:{SECRET}@store.example",
        f"{SECRET}",
        f"redis://:{SECRET}@",
        f"redis://:{SECRET}@store.example:abc",
        f"redis://:{SECRET}@store.example:65536",
        f"redis://:{SECRET}@[::1",
        f"redis://:{SECRET}@store℀.example",
        f"redis://:a[{SECRET}]b@store.example",
        "unix://",
    ],
)
def test_it_names_the_variable_and_never_the_password(name, url):
    line = refusal(**{name: url, "SECRET_KEY": KEY})
    assert line.startswith(f"{name}")
    assert SECRET not in line


@pytest.mark.parametrize("url", ["eu1.upstash.io", "https://", "https://x:abc", "https://[x"])
def test_it_names_the_rest_address_and_never_the_token(url):
    line = refusal(KV_REST_API_URL=url, KV_REST_API_TOKEN=SECRET, SECRET_KEY=KEY)
    assert line.startswith("KV_REST_API_URL")
    assert SECRET not in line


def test_it_wants_the_token_with_the_rest_address():
    assert refusal(KV_REST_API_URL="https://x", SECRET_KEY=KEY).startswith("KV_REST_API_TOKEN")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("PORT", value) for value in ("0", "65536", "-1", "+1", "80a", "1.5", "٣", "1" * 5000)],
        *[("WORKERS", value) for value in ("0", "257", "many")],
        *[("TRUSTED_PROXIES", value) for value in ("-1", "17", "all")],
        *[("HSTS_MAX_AGE", value) for value in ("-1", "63072001", "1y")],
        ("HSTS_SUBDOMAINS", "perhaps"),
        *[("HOST", value) for value in ("aira.example", "127.0.0.1:80", "1.2.3.400")],
        *[
            (name, value)
            for name in ("PUBLIC_URL", "HELP_URL")
            for value in ("aira.example", "ftp://aira.example", "https://", "javascript:alert(1)")
        ],
        *[
            (name, value)
            for name in ("PUBLIC_URL", "HELP_URL")
            for value in ("https://[::1", "https://aira.example:abc", "https://aira℀.example")
        ],
        ("SECRET_KEY", f"{KEY},short"),
    ],
)
def test_it_names_the_variable_that_cannot_be_read(name, value):
    assert refusal(**{name: value}).startswith(name)


def test_it_wants_a_secret_key_with_a_store_of_its_own():
    for name in ("REDIS_URL", "KV_URL"):
        assert refusal(**{name: "redis://store.example"}).startswith("SECRET_KEY")


@pytest.mark.parametrize("value", ["1", "true", "True", "yes"])
def test_it_refuses_debugging_with_a_store_of_its_own(value):
    url = "redis://store.example"
    assert refusal(REDIS_URL=url, SECRET_KEY=KEY, FLASK_DEBUG=value).startswith("FLASK_DEBUG")
    assert Settings.from_env({"FLASK_DEBUG": value}).embedded
    assert not Settings.from_env({"REDIS_URL": url, "SECRET_KEY": KEY, "FLASK_DEBUG": "0"}).embedded


def test_it_cannot_be_changed():
    with pytest.raises(AttributeError):
        Settings().port = 80


STRIPE = {
    "STRIPE_SECRET_KEY": "sk_test_1",
    "STRIPE_PRODUCT_PLUS": "prod_1",
    "STRIPE_PRODUCT_PREMIUM": "prod_2",
}


def test_it_reads_what_stripe_needs():
    more = {
        "STRIPE_WEBHOOK_SECRET": "whsec_new, whsec_old",
        "STRIPE_PRICE_PLUS": "price_1",
        "STRIPE_PRICE_PREMIUM_YEARLY": "price_2",
        "STRIPE_PAYMENT_LINK_PREMIUM": "https://buy.stripe.com/2",
        "STRIPE_API_BASE": "http://127.0.0.1:12111/",
    }
    settings = Settings.from_env(STRIPE | more)
    assert settings.stripe_secret_key == "sk_test_1"
    assert settings.stripe_webhook_secrets == ("whsec_new", "whsec_old")
    assert settings.stripe_products == {"prod_1": Plan.PLUS, "prod_2": Plan.PREMIUM}
    assert settings.stripe_prices == {Plan.PLUS: "price_1"}
    assert settings.stripe_yearly_prices == {Plan.PREMIUM: "price_2"}
    assert settings.stripe_payment_links == {Plan.PREMIUM: "https://buy.stripe.com/2"}
    assert settings.stripe_api_base == "http://127.0.0.1:12111"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STRIPE_PRODUCT_PLUS", ""),
        ("STRIPE_PRODUCT_PREMIUM", ""),
        ("STRIPE_PRODUCT_PREMIUM", "prod_1"),
    ],
)
def test_it_wants_two_products_with_a_stripe_key(name, value):
    line = refusal(**STRIPE | {name: value})
    assert name in line
    assert "sk_test_1" not in line


@pytest.mark.parametrize(
    "name", ["STRIPE_PAYMENT_LINK_PLUS", "STRIPE_PAYMENT_LINK_PREMIUM", "STRIPE_API_BASE"]
)
@pytest.mark.parametrize("value", ["buy.stripe.com/1", "ftp://buy.stripe.com", "https://[x"])
def test_it_wants_addresses_for_stripe(name, value):
    assert refusal(**STRIPE | {name: value}).startswith(name)


MAIL = {
    "SMTP_URL": f"smtp://user:{SECRET}@mail.example:587",
    "MAIL_FROM": "post@aira.example",
    "PUBLIC_URL": "https://aira.example",
}
DEPLOYED = {"REDIS_URL": "redis://store.example", "SECRET_KEY": KEY}


@pytest.mark.parametrize(
    "url",
    [
        MAIL["SMTP_URL"],
        "smtps://mail.example",
        "smtp://127.0.0.1:1025/",
        f"smtps://a%40b:{SECRET}@[::1]:465",
    ],
)
def test_it_reads_what_mail_needs(url):
    settings = Settings.from_env(DEPLOYED | MAIL | {"SMTP_URL": url})
    assert (settings.smtp_url, settings.mail_from) == (url, "post@aira.example")
    assert settings.offers_mail
    assert SECRET not in repr(settings)


def test_it_offers_mail_with_a_server_or_a_console():
    assert Settings.from_env({}).offers_mail
    assert not Settings.from_env(DEPLOYED).offers_mail


@pytest.mark.parametrize("name", ["MAIL_FROM", "PUBLIC_URL"])
def test_it_wants_more_with_a_mail_server(name):
    line = refusal(**MAIL | {name: ""})
    assert line.startswith(name)
    assert SECRET not in line


@pytest.mark.parametrize(
    "url",
    [
        f"http://u:{SECRET}@mail.example",
        f"smtp://u:{SECRET}@",
        f"smtp://u:{SECRET}@mail.example:x",
        f"smtp://u:{SECRET}@mail.example:0",
        f"smtp://u:{SECRET}@mail.example/path",
        f"smtp://u:{SECRET}@mail.example?tls=no",
        f"smtp://:{SECRET}@mail.example",
        f"smtp://{SECRET}@mail.example",
        f"smtp://u:{SECRET}@[::1",
        SECRET,
    ],
)
def test_it_names_the_mail_server_and_never_its_password(url):
    line = refusal(**MAIL | {"SMTP_URL": url})
    assert line.startswith("SMTP_URL")
    assert SECRET not in line


@pytest.mark.parametrize(
    "value", ["aira", "a@b@c", "Aira <a@b.example>", "a@b.example,c@d.example"]
)
def test_it_wants_one_sender(value):
    assert refusal(**MAIL | {"MAIL_FROM": value}).startswith("MAIL_FROM")


@pytest.mark.parametrize(
    "url",
    [
        "redis://store.example/3?client_name=aira&max_connections=20",
        "redis://store.example?db=3",
        "redis://store.example/",
        "unix:///run/valkey.sock?db=2",
        "rediss://store.example?ssl_cert_reqs=required&ssl_ca_certs=/etc/ca.pem",
        "rediss+cluster://store.example/0?ssl_check_hostname=no",
    ],
)
def test_it_takes_the_options_of_a_store(url):
    assert Settings.from_env({"REDIS_URL": url, "SECRET_KEY": KEY}).redis_url == url


@pytest.mark.parametrize(
    "url",
    [
        "redis://store.example?foo=bar",
        "redis://store.example?foo",
        "redis://store.example?socket_timeout=60",
        "redis://store.example?socket_connect_timeout=60",
        "redis://store.example?retry_on_timeout=yes",
        "redis://store.example?health_check_interval=1",
        "redis://store.example?decode_responses=no",
        "redis://store.example?timeout=1",
        "redis://store.example?db=x",
        "redis://store.example?db=",
        "redis://store.example?max_connections=many",
        "redis://store.example?ssl_ca_certs=/etc/ca.pem",
        "rediss://store.example?ssl_cert_reqs=perhaps",
        "redis://store.example/mine",
        "redis://store.example/0/1",
        "redis://store.example/-1",
        "redis+cluster://store.example/1",
        "redis+cluster://store.example?db=0",
        "unix:///run/valkey.sock?foo=bar",
    ],
)
@pytest.mark.parametrize("name", ["REDIS_URL", "KV_URL"])
def test_it_refuses_options_that_a_store_does_not_take(name, url):
    line = refusal(**{name: url.replace("://", f"://:{SECRET}@"), "SECRET_KEY": KEY})
    assert line.startswith(f"{name}:")
    assert SECRET not in line


def test_it_wants_the_rest_address_with_the_token():
    line = refusal(KV_REST_API_TOKEN=SECRET)
    assert line.startswith("KV_REST_API_URL")
    assert SECRET not in line


@pytest.mark.parametrize("rest", ["/stats", "/a/b/", "?x=1", "#top"])
def test_it_takes_no_public_address_below_the_root(rest):
    assert refusal(PUBLIC_URL=f"https://aira.example{rest}").startswith("PUBLIC_URL must be")


@pytest.mark.parametrize("host", ["https://aira.example", "aira.example/", "a b", "*", "a..b"])
def test_it_takes_host_names_alone(host):
    assert refusal(TRUSTED_HOSTS=f"fine.example,{host}").startswith("TRUSTED_HOSTS must be")


@pytest.mark.parametrize("host", ["aira.example", ".aira.example", "10.0.0.1", "[::1]", "a:8080"])
def test_it_takes_what_a_host_can_be_called(host):
    assert Settings.from_env({"TRUSTED_HOSTS": host}).trusted_hosts == (host,)


@pytest.mark.parametrize("password", ["a/b", "a?b", "a#b", "/@", "#@/"])
def test_it_says_how_a_password_is_written(password):
    for name, scheme in (("REDIS_URL", "redis"), ("SMTP_URL", "smtp")):
        line = refusal(**{name: f"{scheme}://user:{SECRET}{password}@host.example:6379"})
        assert "write / as %2F" in line
        assert SECRET not in line


def test_it_takes_a_password_that_is_written_so():
    url = "redis://user:a%2Fb%40c%23@host.example:6379/1"
    assert Settings.from_env({"REDIS_URL": url, "SECRET_KEY": KEY}).redis_url == url
