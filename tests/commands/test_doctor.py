"""`flask doctor`: each thing that can be wrong is broken once, alone, and found alone."""

import smtplib
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis
import stripe as stripe_python

from app import create_app
from stats import mail
from stats.plans.plan import Plan
from stats.settings import Settings
from stats.store.client import connect
from stats.web.commands.doctor import check_store
from stats.web.commands.doctor.findings import Code
from tests.commands.doctor_helpers import (
    PUBLIC_URL,
    STRONG_SECRET,
    Deployment,
    FakeInfoRedis,
    own_server,
    run_doctor,
    simulate_webhook_endpoints_and_payment_links,
)
from tests.stripe_sim.model import Stripe
from tests.stripe_sim.server import StripeServer
from tests.support.mailbox import Mailbox, run_mail_server
from tests.support.store_checks import contents

DOCS = Path(__file__).parents[2] / "docs" / "commands.md"
Break = Callable[[Deployment], None]


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_python.HTTPClient, "INITIAL_DELAY", 0.01)
    monkeypatch.setattr(stripe_python.HTTPClient, "MAX_DELAY", 0.02)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    with own_server(tmp_path_factory.mktemp("doctor")) as client:
        yield client


@pytest.fixture
def deployment(server: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    endpoints, links = simulate_webhook_endpoints_and_payment_links(monkeypatch)
    stripe = Stripe()
    with StripeServer(stripe) as at:
        yield Deployment(server, stripe, at, endpoints, links)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with run_mail_server() as opened:
        yield opened


def test_all_is_well(deployment: Deployment, mailbox: Mailbox) -> None:
    deployment.change_settings(
        smtp_url=f"smtp://127.0.0.1:{mailbox.port}", mail_from="post@aira.example"
    )
    before = contents(deployment.db)
    code, codes, output = deployment.run_doctor("--strict")
    assert (code, codes) == (0, []), output
    assert "SMTP_URL, STRIPE_API_BASE, STRIPE_PRODUCT_…, STRIPE_SECRET_KEY" in output
    assert contents(deployment.db) == before
    assert {request.method for request in deployment.server.requests} == {"GET"}
    assert mailbox.mails == []


def test_it_is_well_with_live_keys_and_without_stripe(deployment: Deployment) -> None:
    deployment.change_settings(
        stripe_secret_key=None, stripe_webhook_secrets=(), stripe_products={}
    )
    assert deployment.run_doctor("--strict")[:2] == (0, [])
    assert deployment.server.requests == []


def breaks(code: Code) -> Callable[[Break], Any]:
    """Name the finding that a way of breaking things must lead to, and no other."""
    return lambda act: pytest.param(act, code, id=f"{code:d}-{act.__name__.strip('_')}")


@breaks(Code.SECRET_WEAK)
def weak(deployment: Deployment) -> None:
    deployment.change_settings(secret_keys=(STRONG_SECRET, "changemechangemechangeme" * 3))


@breaks(Code.SECRET_WEAK)
def words(deployment: Deployment) -> None:
    deployment.change_settings(secret_keys=("my secret password",))


@breaks(Code.SERVICE_KEY_WEAK)
def weak_key(deployment: Deployment) -> None:
    deployment.change_settings(api_keys=("service-key",))


@breaks(Code.HOST_NOT_SERVED)
def other_host(deployment: Deployment) -> None:
    deployment.change_settings(trusted_hosts=(".aira.test", "localhost"))


@breaks(Code.PLAIN_HTTP)
def plain_http(deployment: Deployment) -> None:
    deployment.change_settings(public_url="http://aira.example")
    deployment.endpoint["url"] = "http://aira.example/api/webhooks/stripe"


@breaks(Code.NO_PROXY)
def no_proxy(deployment: Deployment) -> None:
    deployment.change_settings(trusted_proxies=0)


@breaks(Code.NO_LIMITS)
def no_limits(deployment: Deployment) -> None:
    deployment.change_settings(ratelimit_enabled=False)


@breaks(Code.STRIPE_HALF_SET)
def half_stripe(deployment: Deployment) -> None:
    deployment.change_settings(stripe_secret_key=None)


@breaks(Code.MAIL_HALF_SET)
def half_mail(deployment: Deployment) -> None:
    deployment.change_settings(mail_from="post@aira.example")


@breaks(Code.ANY_HOST)
def any_host(deployment: Deployment) -> None:
    deployment.change_settings(trusted_hosts=())


@breaks(Code.STORE_UNREACHABLE)
def away(deployment: Deployment) -> None:
    deployment.db = connect("redis://:s3cret-of-redis@127.0.0.1:1")
    deployment.change_settings(redis_url="redis://:s3cret-of-redis@127.0.0.1:1")


@breaks(Code.STRIPE_UNREACHABLE)
def stripe_away(deployment: Deployment) -> None:
    deployment.change_settings(stripe_api_base="http://127.0.0.1:1")


@breaks(Code.STRIPE_MODE)
def live_key(deployment: Deployment) -> None:
    deployment.server.key = "made_up_live_key"
    deployment.change_settings(stripe_secret_key="made_up_live_key")


@breaks(Code.STRIPE_MODE)
def live_endpoint(deployment: Deployment) -> None:
    deployment.endpoint["livemode"] = True


@breaks(Code.PRODUCT)
def no_product(deployment: Deployment) -> None:
    premium = next(
        name for name, plan in deployment.settings.stripe_products.items() if plan != "Plus"
    )
    deployment.change_settings(stripe_products={"prod_gone": Plan.PLUS, premium: Plan.PREMIUM})


@breaks(Code.PRODUCT)
def archived_product(deployment: Deployment) -> None:
    product = next(iter(deployment.settings.stripe_products))
    deployment.stripe._objects[product]["active"] = False


@breaks(Code.PRICE)
def no_price(deployment: Deployment) -> None:
    deployment.change_settings(stripe_prices={Plan.PLUS: "price_gone"})


@breaks(Code.PRICE)
def no_default_price(deployment: Deployment) -> None:
    product = next(iter(deployment.settings.stripe_products))
    deployment.stripe._objects[product]["default_price"] = None


@breaks(Code.PRICE)
def archived_price(deployment: Deployment) -> None:
    deployment.stripe._objects[deployment.prices[Plan.PLUS]]["active"] = False


@breaks(Code.PRICE)
def no_yearly_price(deployment: Deployment) -> None:
    deployment.change_settings(stripe_yearly_prices={Plan.PLUS: "price_gone"})


@breaks(Code.PRICE)
def yearly_price_by_the_month(deployment: Deployment) -> None:
    deployment.change_settings(stripe_yearly_prices={Plan.PLUS: deployment.prices[Plan.PLUS]})


@breaks(Code.PRICE)
def yearly_price_of_another(deployment: Deployment) -> None:
    other = deployment.stripe.add_product("Another", 9, currency="gbp", interval="year")
    deployment.change_settings(stripe_yearly_prices={Plan.PLUS: other["default_price"]})


@breaks(Code.PRICE)
def yearly_price_in_another_currency(deployment: Deployment) -> None:
    product = next(iter(deployment.settings.stripe_products))
    price = deployment.stripe.add_price(product, 9, currency="jpy", interval="year")["id"]
    deployment.change_settings(stripe_yearly_prices={Plan.PLUS: price})


@breaks(Code.PRICE)
def price_of_another(deployment: Deployment) -> None:
    deployment.change_settings(stripe_prices={Plan.PLUS: deployment.prices[Plan.PREMIUM]})


@breaks(Code.PRICE)
def paid_once(deployment: Deployment) -> None:
    deployment.stripe._objects[deployment.prices[Plan.PLUS]] |= {
        "recurring": None,
        "type": "one_time",
    }


@breaks(Code.PRICE)
def two_currencies(deployment: Deployment) -> None:
    deployment.stripe._objects[deployment.prices[Plan.PLUS]]["currency"] = "eur"


@breaks(Code.PORTAL)
def no_portal(deployment: Deployment) -> None:
    deployment.stripe.portal_configurations.clear()


@breaks(Code.PORTAL)
def portal_without_change(deployment: Deployment) -> None:
    deployment.portal["subscription_update"]["enabled"] = False


@breaks(Code.PORTAL)
def portal_with_another_change(deployment: Deployment) -> None:
    deployment.portal["subscription_update"]["default_allowed_updates"] = ["quantity"]


@breaks(Code.PORTAL)
def portal_without_end(deployment: Deployment) -> None:
    deployment.portal["subscription_cancel"]["enabled"] = False


@breaks(Code.PORTAL)
def portal_that_ends_at_once(deployment: Deployment) -> None:
    deployment.portal["subscription_cancel"]["mode"] = "immediately"


@breaks(Code.PORTAL)
def portal_without_a_plan(deployment: Deployment) -> None:
    plus = next(iter(deployment.settings.stripe_products))
    deployment.portal["subscription_update"]["products"] = [{"product": plus}]


def link(deployment: Deployment, **changed: Any) -> None:
    url = "https://buy.stripe.com/plus"
    kept = {"id": "plink_1", "object": "payment_link", "active": True, "url": url, "created": 1}
    deployment.links.append({**kept, "_price": deployment.prices[Plan.PLUS], **changed})
    deployment.change_settings(stripe_payment_links={Plan.PLUS: url})


@breaks(Code.PAYMENT_LINK)
def no_link(deployment: Deployment) -> None:
    link(deployment, url="https://buy.stripe.com/another")


@breaks(Code.PAYMENT_LINK)
def link_off(deployment: Deployment) -> None:
    link(deployment, active=False)


@breaks(Code.PAYMENT_LINK)
def link_of_another(deployment: Deployment) -> None:
    link(deployment, _price=deployment.prices[Plan.PREMIUM])


def test_a_link_that_sells_the_product_is_well(deployment: Deployment) -> None:
    link(deployment)
    assert deployment.run_doctor("--strict")[:2] == (0, [])


@breaks(Code.WEBHOOK_SECRET)
def no_webhook_secret(deployment: Deployment) -> None:
    deployment.change_settings(stripe_webhook_secrets=())


@breaks(Code.ENDPOINT)
def not_registered(deployment: Deployment) -> None:
    deployment.endpoint["url"] = f"{PUBLIC_URL}/stripe"


@breaks(Code.ENDPOINT)
def switched_off(deployment: Deployment) -> None:
    deployment.endpoint["status"] = "disabled"


@breaks(Code.ENDPOINT_EVENTS)
def too_few_events(deployment: Deployment) -> None:
    deployment.endpoint["enabled_events"].remove("invoice.paid")


@breaks(Code.ENDPOINT_UNKNOWN)
def no_address(deployment: Deployment) -> None:
    deployment.change_settings(public_url=None)


@breaks(Code.MAIL_UNREACHABLE)
def mail_away(deployment: Deployment) -> None:
    deployment.change_settings(
        smtp_url="smtp://us:s3cret-of-mail@127.0.0.1:1", mail_from="post@aira.example"
    )


BREAKS = [one for one in list(globals().values()) if isinstance(one, type(pytest.param()))]


@pytest.mark.parametrize(("break_it", "code"), BREAKS)
def test_it_finds_what_is_broken_and_nothing_else(
    deployment: Deployment, break_it: Break, code: Code
) -> None:
    break_it(deployment)
    exits, codes, output = deployment.run_doctor()
    assert set(codes) == {code}, output
    lines = output.splitlines()
    assert len(set(lines)) == len(lines)
    assert exits == (0 if code.is_advice else code)
    assert deployment.run_doctor("--strict")[0] == code


def test_every_event_may_be_asked_for_at_once(deployment: Deployment) -> None:
    deployment.endpoint["enabled_events"] = ["*"]
    assert deployment.run_doctor("--strict")[:2] == (0, [])


def test_a_refused_key_is_found(deployment: Deployment) -> None:
    deployment.change_settings(stripe_secret_key="sk_test_of_nobody_at_all")
    exits, codes, _ = deployment.run_doctor()
    assert (exits, codes) == (Code.STRIPE_KEY, [Code.STRIPE_KEY])


@pytest.mark.parametrize(
    ("setting", "bad", "code"),
    [
        ("appendonly", "no", Code.STORE_NOT_PERSISTENT),
        ("maxmemory-policy", "allkeys-lru", Code.STORE_EVICTS),
        ("hash-max-listpack-value", "64", Code.STORE_LISTPACK),
        ("maxmemory", "1", Code.STORE_REFUSES_WRITES),
        ("min-replicas-to-write", "1", Code.STORE_REFUSES_WRITES),
    ],
)
def test_it_finds_a_store_that_is_set_badly(
    deployment: Deployment, server: redis.Redis, setting: str, bad: str, code: Code
) -> None:
    good = server.config_get(setting)[setting]
    server.config_set(setting, bad)
    try:
        exits, codes, _ = deployment.run_doctor("--strict")
    finally:
        server.config_set(setting, good)
    assert (exits, codes) == (code, [code])


@pytest.mark.parametrize(
    ("lies", "code"),
    [
        ({"redis_version": "4.0.14"}, Code.STORE_OLD),
        ({"role": "slave"}, Code.STORE_REPLICA),
        ({"cluster_enabled": 1}, Code.STORE_IS_CLUSTER),
        ({"aof_enabled": None}, Code.STORE_PERSISTENCE_UNKNOWN),
    ],
)
def test_it_finds_a_store_that_will_not_do(
    deployment: Deployment, server: redis.Redis, lies: dict[str, Any], code: Code
) -> None:
    liar = FakeInfoRedis(connection_pool=server.connection_pool)
    liar.info_overrides, deployment.db = lies, liar
    exits, codes, _ = deployment.run_doctor("--strict")
    assert (exits, codes) == (code, [code])


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        (("+@all", "-@scripting"), Code.STORE_SCRIPTS),
        (("+@all", "-info"), Code.STORE_ACCESS_DENIED),
        (("+@all", "-config"), None),
    ],
)
def test_it_finds_a_user_who_may_too_little(
    deployment: Deployment, server: redis.Redis, rules: tuple[str, ...], code: Code | None
) -> None:
    server.execute_command("ACL SETUSER", "eve", "reset", "on", ">s3cret", "~*", *rules)
    path = server.connection_pool.connection_kwargs["path"]
    deployment.db = connect(f"unix://eve:s3cret@{path}")
    exits, codes, output = deployment.run_doctor("--strict")
    assert (exits, codes) == ((code, [code]) if code else (0, []))
    assert "s3cret" not in output
    deployment.db.close()


def test_it_finds_a_wrong_password(deployment: Deployment, server: redis.Redis) -> None:
    path = server.connection_pool.connection_kwargs["path"]
    deployment.db = connect(f"unix://eve:not-this-one@{path}")
    exits, codes, output = deployment.run_doctor("--strict")
    assert (exits, codes) == (Code.STORE_ACCESS_DENIED, [Code.STORE_ACCESS_DENIED])
    assert "not-this-one" not in output


@pytest.mark.parametrize("seconds", [-3, 3])
def test_it_finds_a_clock_that_is_off(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    ours = SimpleNamespace(time=lambda: time.time() + seconds, perf_counter=time.perf_counter)
    monkeypatch.setattr(check_store, "time", ours)
    assert deployment.run_doctor()[:2] == (Code.STORE_CLOCK, [Code.STORE_CLOCK])


def test_it_finds_a_store_that_is_far_away(deployment: Deployment, server: redis.Redis) -> None:
    class Far(redis.Redis):
        def ping(self, **kwargs: Any) -> Any:
            time.sleep(0.06)
            return super().ping(**kwargs)

    deployment.db = Far(connection_pool=server.connection_pool)
    assert deployment.run_doctor()[:2] == (Code.STORE_SLOW, [Code.STORE_SLOW])


@pytest.mark.parametrize(("status", "code"), [(503, Code.WEBHOOK_FAILS), (200, Code.WEBHOOK_OPEN)])
def test_it_tries_the_webhook_from_end_to_end(
    deployment: Deployment, status: int, code: Code
) -> None:
    app = deployment.app()
    app.view_functions["webhooks.stripe"] = lambda: ("", status)
    exits, codes, _ = run_doctor(app)
    assert exits == code
    assert code in codes


def test_a_secret_that_the_webhook_does_not_know_is_found(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = deployment.app()
    app.extensions["aira"].webhook_secrets = ("whsec_another",)
    assert run_doctor(app)[:2] == (Code.WEBHOOK_FAILS, [Code.WEBHOOK_FAILS])


def test_it_finds_a_mail_server_without_tls(
    deployment: Deployment, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "is_loopback", lambda host: False)
    deployment.change_settings(
        smtp_url=f"smtp://127.0.0.1:{mailbox.port}", mail_from="post@aira.example"
    )
    assert deployment.run_doctor()[:2] == (Code.MAIL_TLS, [Code.MAIL_TLS])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ssl.SSLCertVerificationError("certificate of mail.example"), Code.MAIL_TLS),
        (smtplib.SMTPAuthenticationError(535, b"no, s3cret"), Code.MAIL_LOGIN),
    ],
)
def test_it_finds_a_mail_server_that_turns_us_away(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, error: Exception, code: Code
) -> None:
    def refuse(url: str) -> None:
        raise error

    monkeypatch.setattr("stats.web.commands.doctor.check_mail.connect_smtp", refuse)
    deployment.change_settings(smtp_url="smtp://us:s3cret@127.0.0.1", mail_from="post@aira.example")
    assert deployment.run_doctor()[:2] == (code, [code])


def test_it_finds_a_mail_server_that_takes_no_log_in(
    deployment: Deployment, mailbox: Mailbox
) -> None:
    url = f"smtp://us:s3cret-of-mail@127.0.0.1:{mailbox.port}"
    deployment.change_settings(smtp_url=url, mail_from="post@aira.example")
    assert deployment.run_doctor()[:2] == (Code.MAIL_LOGIN, [Code.MAIL_LOGIN])
    assert mailbox.mails == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of an embedded instance that has run."""
    with own_server(tmp_path / "data"):
        for name in ("secret.key", "service.key"):
            path = tmp_path / "data" / name
            path.write_text(STRONG_SECRET)
            path.chmod(0o600)
    return tmp_path / "data"


def examine(folder: Path) -> tuple[int, list[int]]:
    return run_doctor(create_app(Settings(data_dir=folder)), "--strict")[:2]


def test_an_embedded_instance_is_well(folder: Path) -> None:
    assert examine(folder) == (0, [])


def test_a_new_embedded_instance_is_well(tmp_path: Path) -> None:
    assert examine(tmp_path / "new") == (0, [])


def test_it_finds_a_folder_that_is_open(folder: Path) -> None:
    folder.chmod(0o755)
    assert examine(folder) == (Code.FOLDER_OPEN, [Code.FOLDER_OPEN])


@pytest.mark.parametrize("name", ["secret.key", "service.key"])
def test_it_finds_a_key_that_others_can_read(folder: Path, name: str) -> None:
    (folder / name).chmod(0o640)
    assert examine(folder) == (Code.FILE_OPEN, [Code.FILE_OPEN])


def test_it_finds_a_key_that_is_empty(folder: Path) -> None:
    (folder / "service.key").write_text("\n")
    assert examine(folder) == (Code.FILE_EMPTY, [Code.FILE_EMPTY])


@pytest.mark.parametrize("name", ["file/data", "long" * 100], ids=["below a file", "too long"])
def test_it_finds_a_folder_that_cannot_be_used(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    exits, codes = examine(tmp_path / name)
    assert (exits, codes) == (Code.STORE_UNREACHABLE, [Code.STORE_UNREACHABLE])


def test_it_finds_a_key_that_cannot_be_read(folder: Path) -> None:
    (folder / "secret.key").unlink(missing_ok=True)
    (folder / "secret.key").mkdir(mode=0o700)
    assert examine(folder) == (Code.STORE_UNREACHABLE, [Code.STORE_UNREACHABLE])


def test_the_worst_finding_is_the_exit_code(deployment: Deployment) -> None:
    deployment.change_settings(
        secret_keys=("my secret password",), trusted_hosts=(), ratelimit_enabled=False
    )
    exits, codes, _ = deployment.run_doctor()
    assert set(codes) == {Code.SECRET_WEAK, Code.NO_LIMITS, Code.ANY_HOST}
    assert exits == Code.SECRET_WEAK


def test_the_table_in_the_documents_has_every_code() -> None:
    rows = [line.split("|") for line in DOCS.read_text().splitlines() if line.startswith("| ")]
    documented = {int(row[1]) for row in rows if row[1].strip().isdigit()}
    assert documented - {0, 1, 2} == set(Code)


def test_every_code_has_a_test() -> None:
    tested = (
        Path(__file__).read_text() + (Path(__file__).parent / "test_doctor_cluster.py").read_text()
    )
    assert [code.name for code in Code if f"Code.{code.name}" not in tested] == []
