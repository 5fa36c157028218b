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
    PUBLIC,
    STRONG,
    Clinic,
    Lying,
    look,
    own_server,
    simulate_more,
)
from tests.stripe_sim.model import Stripe
from tests.stripe_sim.server import StripeServer
from tests.support.mailbox import Mailbox, run_mail_server
from tests.support.store_checks import contents

DOCS = Path(__file__).parents[2] / "docs" / "commands.md"
Break = Callable[[Clinic], None]


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_python.HTTPClient, "INITIAL_DELAY", 0.01)
    monkeypatch.setattr(stripe_python.HTTPClient, "MAX_DELAY", 0.02)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    with own_server(tmp_path_factory.mktemp("doctor")) as client:
        yield client


@pytest.fixture
def clinic(server: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clinic]:
    endpoints, links = simulate_more(monkeypatch)
    stripe = Stripe()
    with StripeServer(stripe) as at:
        yield Clinic(server, stripe, at, endpoints, links)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with run_mail_server() as opened:
        yield opened


def test_all_is_well(clinic: Clinic, mailbox: Mailbox) -> None:
    clinic.set(smtp_url=f"smtp://127.0.0.1:{mailbox.port}", mail_from="post@aira.example")
    before = contents(clinic.db)
    code, found, output = clinic.look("--strict")
    assert (code, found) == (0, []), output
    assert "SMTP_URL, STRIPE_API_BASE, STRIPE_PRODUCT_…, STRIPE_SECRET_KEY" in output
    assert contents(clinic.db) == before
    assert {request.method for request in clinic.server.requests} == {"GET"}
    assert mailbox.mails == []


def test_it_is_well_with_live_keys_and_without_stripe(clinic: Clinic) -> None:
    clinic.set(stripe_secret_key=None, stripe_webhook_secrets=(), stripe_products={})
    assert clinic.look("--strict")[:2] == (0, [])
    assert clinic.server.requests == []


def breaks(code: Code) -> Callable[[Break], Any]:
    """Name the finding that a way of breaking things must lead to, and no other."""
    return lambda act: pytest.param(act, code, id=f"{code:d}-{act.__name__.strip('_')}")


@breaks(Code.SECRET_WEAK)
def weak(clinic: Clinic) -> None:
    clinic.set(secret_keys=(STRONG, "changemechangemechangeme" * 3))


@breaks(Code.SECRET_WEAK)
def words(clinic: Clinic) -> None:
    clinic.set(secret_keys=("my secret password",))


@breaks(Code.SERVICE_KEY_WEAK)
def weak_key(clinic: Clinic) -> None:
    clinic.set(api_keys=("service-key",))


@breaks(Code.HOST_NOT_SERVED)
def other_host(clinic: Clinic) -> None:
    clinic.set(trusted_hosts=(".aira.test", "localhost"))


@breaks(Code.PLAIN_HTTP)
def plain_http(clinic: Clinic) -> None:
    clinic.set(public_url="http://aira.example")
    clinic.endpoint["url"] = "http://aira.example/api/webhooks/stripe"


@breaks(Code.NO_PROXY)
def no_proxy(clinic: Clinic) -> None:
    clinic.set(trusted_proxies=0)


@breaks(Code.NO_LIMITS)
def no_limits(clinic: Clinic) -> None:
    clinic.set(ratelimit_enabled=False)


@breaks(Code.STRIPE_HALF_SET)
def half_stripe(clinic: Clinic) -> None:
    clinic.set(stripe_secret_key=None)


@breaks(Code.MAIL_HALF_SET)
def half_mail(clinic: Clinic) -> None:
    clinic.set(mail_from="post@aira.example")


@breaks(Code.ANY_HOST)
def any_host(clinic: Clinic) -> None:
    clinic.set(trusted_hosts=())


@breaks(Code.STORE_AWAY)
def away(clinic: Clinic) -> None:
    clinic.db = connect("redis://:s3cret-of-redis@127.0.0.1:1")
    clinic.set(redis_url="redis://:s3cret-of-redis@127.0.0.1:1")


@breaks(Code.STRIPE_AWAY)
def stripe_away(clinic: Clinic) -> None:
    clinic.set(stripe_api_base="http://127.0.0.1:1")


@breaks(Code.STRIPE_MODE)
def live_key(clinic: Clinic) -> None:
    clinic.server.key = "made_up_live_key"
    clinic.set(stripe_secret_key="made_up_live_key")


@breaks(Code.STRIPE_MODE)
def live_endpoint(clinic: Clinic) -> None:
    clinic.endpoint["livemode"] = True


@breaks(Code.PRODUCT)
def no_product(clinic: Clinic) -> None:
    premium = next(name for name, plan in clinic.settings.stripe_products.items() if plan != "Plus")
    clinic.set(stripe_products={"prod_gone": Plan.PLUS, premium: Plan.PREMIUM})


@breaks(Code.PRODUCT)
def archived_product(clinic: Clinic) -> None:
    product = next(iter(clinic.settings.stripe_products))
    clinic.stripe._objects[product]["active"] = False


@breaks(Code.PRICE)
def no_price(clinic: Clinic) -> None:
    clinic.set(stripe_prices={Plan.PLUS: "price_gone"})


@breaks(Code.PRICE)
def no_default_price(clinic: Clinic) -> None:
    product = next(iter(clinic.settings.stripe_products))
    clinic.stripe._objects[product]["default_price"] = None


@breaks(Code.PRICE)
def archived_price(clinic: Clinic) -> None:
    clinic.stripe._objects[clinic.prices[Plan.PLUS]]["active"] = False


@breaks(Code.PRICE)
def price_of_another(clinic: Clinic) -> None:
    clinic.set(stripe_prices={Plan.PLUS: clinic.prices[Plan.PREMIUM]})


@breaks(Code.PRICE)
def paid_once(clinic: Clinic) -> None:
    clinic.stripe._objects[clinic.prices[Plan.PLUS]] |= {"recurring": None, "type": "one_time"}


def link(clinic: Clinic, **changed: Any) -> None:
    url = "https://buy.stripe.com/plus"
    kept = {"id": "plink_1", "object": "payment_link", "active": True, "url": url, "created": 1}
    clinic.links.append({**kept, "_price": clinic.prices[Plan.PLUS], **changed})
    clinic.set(stripe_payment_links={Plan.PLUS: url})


@breaks(Code.PAYMENT_LINK)
def no_link(clinic: Clinic) -> None:
    link(clinic, url="https://buy.stripe.com/another")


@breaks(Code.PAYMENT_LINK)
def link_off(clinic: Clinic) -> None:
    link(clinic, active=False)


@breaks(Code.PAYMENT_LINK)
def link_of_another(clinic: Clinic) -> None:
    link(clinic, _price=clinic.prices[Plan.PREMIUM])


def test_a_link_that_sells_the_product_is_well(clinic: Clinic) -> None:
    link(clinic)
    assert clinic.look("--strict")[:2] == (0, [])


@breaks(Code.WEBHOOK_SECRET)
def no_webhook_secret(clinic: Clinic) -> None:
    clinic.set(stripe_webhook_secrets=())


@breaks(Code.ENDPOINT)
def not_registered(clinic: Clinic) -> None:
    clinic.endpoint["url"] = f"{PUBLIC}/stripe"


@breaks(Code.ENDPOINT)
def switched_off(clinic: Clinic) -> None:
    clinic.endpoint["status"] = "disabled"


@breaks(Code.ENDPOINT_EVENTS)
def too_few_events(clinic: Clinic) -> None:
    clinic.endpoint["enabled_events"].remove("invoice.paid")


@breaks(Code.ENDPOINT_UNSEEN)
def no_address(clinic: Clinic) -> None:
    clinic.set(public_url=None)


@breaks(Code.MAIL_AWAY)
def mail_away(clinic: Clinic) -> None:
    clinic.set(smtp_url="smtp://us:s3cret-of-mail@127.0.0.1:1", mail_from="post@aira.example")


BREAKS = [one for one in list(globals().values()) if isinstance(one, type(pytest.param()))]


@pytest.mark.parametrize(("break_it", "code"), BREAKS)
def test_it_finds_what_is_broken_and_nothing_else(
    clinic: Clinic, break_it: Break, code: Code
) -> None:
    break_it(clinic)
    exits, found, output = clinic.look()
    assert set(found) == {code}, output
    lines = output.splitlines()
    assert len(set(lines)) == len(lines)
    assert exits == (0 if code.is_advice else code)
    assert clinic.look("--strict")[0] == code


def test_every_event_may_be_asked_for_at_once(clinic: Clinic) -> None:
    clinic.endpoint["enabled_events"] = ["*"]
    assert clinic.look("--strict")[:2] == (0, [])


def test_a_refused_key_is_found(clinic: Clinic) -> None:
    clinic.set(stripe_secret_key="sk_test_of_nobody_at_all")
    exits, found, _ = clinic.look()
    assert (exits, found) == (Code.STRIPE_KEY, [Code.STRIPE_KEY])


@pytest.mark.parametrize(
    ("setting", "bad", "code"),
    [
        ("appendonly", "no", Code.STORE_FORGETS),
        ("maxmemory-policy", "allkeys-lru", Code.STORE_EVICTS),
        ("hash-max-listpack-value", "64", Code.STORE_HASHES),
    ],
)
def test_it_finds_a_store_that_is_set_badly(
    clinic: Clinic, server: redis.Redis, setting: str, bad: str, code: Code
) -> None:
    good = server.config_get(setting)[setting]
    server.config_set(setting, bad)
    try:
        exits, found, _ = clinic.look("--strict")
    finally:
        server.config_set(setting, good)
    assert (exits, found) == (code, [code])


@pytest.mark.parametrize(
    ("lies", "code"),
    [
        ({"redis_version": "4.0.14"}, Code.STORE_OLD),
        ({"role": "slave"}, Code.STORE_REPLICA),
        ({"cluster_enabled": 1}, Code.STORE_IS_CLUSTER),
        ({"aof_enabled": None}, Code.STORE_UNSEEN),
    ],
)
def test_it_finds_a_store_that_will_not_do(
    clinic: Clinic, server: redis.Redis, lies: dict[str, Any], code: Code
) -> None:
    liar = Lying(connection_pool=server.connection_pool)
    liar.lies, clinic.db = lies, liar
    exits, found, _ = clinic.look("--strict")
    assert (exits, found) == (code, [code])


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        (("+@all", "-@scripting"), Code.STORE_SCRIPTS),
        (("+@all", "-info"), Code.STORE_REFUSES),
        (("+@all", "-config"), None),
    ],
)
def test_it_finds_a_user_who_may_too_little(
    clinic: Clinic, server: redis.Redis, rules: tuple[str, ...], code: Code | None
) -> None:
    server.execute_command("ACL SETUSER", "eve", "reset", "on", ">s3cret", "~*", *rules)
    path = server.connection_pool.connection_kwargs["path"]
    clinic.db = connect(f"unix://eve:s3cret@{path}")
    exits, found, output = clinic.look("--strict")
    assert (exits, found) == ((code, [code]) if code else (0, []))
    assert "s3cret" not in output
    clinic.db.close()


def test_it_finds_a_wrong_password(clinic: Clinic, server: redis.Redis) -> None:
    path = server.connection_pool.connection_kwargs["path"]
    clinic.db = connect(f"unix://eve:not-this-one@{path}")
    exits, found, output = clinic.look("--strict")
    assert (exits, found) == (Code.STORE_REFUSES, [Code.STORE_REFUSES])
    assert "not-this-one" not in output


@pytest.mark.parametrize("seconds", [-3, 3])
def test_it_finds_a_clock_that_is_off(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    ours = SimpleNamespace(time=lambda: time.time() + seconds, perf_counter=time.perf_counter)
    monkeypatch.setattr(check_store, "time", ours)
    assert clinic.look()[:2] == (Code.STORE_CLOCK, [Code.STORE_CLOCK])


def test_it_finds_a_store_that_is_far_away(clinic: Clinic, server: redis.Redis) -> None:
    class Far(redis.Redis):
        def ping(self, **kwargs: Any) -> Any:
            time.sleep(0.06)
            return super().ping(**kwargs)

    clinic.db = Far(connection_pool=server.connection_pool)
    assert clinic.look()[:2] == (Code.STORE_SLOW, [Code.STORE_SLOW])


@pytest.mark.parametrize(("status", "code"), [(503, Code.WEBHOOK_FAILS), (200, Code.WEBHOOK_OPEN)])
def test_it_tries_the_webhook_from_end_to_end(clinic: Clinic, status: int, code: Code) -> None:
    app = clinic.app()
    app.view_functions["webhooks.stripe"] = lambda: ("", status)
    exits, found, _ = look(app)
    assert exits == code
    assert code in found


def test_a_secret_that_the_webhook_does_not_know_is_found(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = clinic.app()
    app.extensions["aira"].webhook_secrets = ("whsec_another",)
    assert look(app)[:2] == (Code.WEBHOOK_FAILS, [Code.WEBHOOK_FAILS])


def test_it_finds_a_mail_server_without_tls(
    clinic: Clinic, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "is_loopback", lambda host: False)
    clinic.set(smtp_url=f"smtp://127.0.0.1:{mailbox.port}", mail_from="post@aira.example")
    assert clinic.look()[:2] == (Code.MAIL_TLS, [Code.MAIL_TLS])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ssl.SSLCertVerificationError("certificate of mail.example"), Code.MAIL_TLS),
        (smtplib.SMTPAuthenticationError(535, b"no, s3cret"), Code.MAIL_LOGIN),
    ],
)
def test_it_finds_a_mail_server_that_turns_us_away(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, error: Exception, code: Code
) -> None:
    def refuse(url: str) -> None:
        raise error

    monkeypatch.setattr("stats.web.commands.doctor.check_mail.connect_smtp", refuse)
    clinic.set(smtp_url="smtp://us:s3cret@127.0.0.1", mail_from="post@aira.example")
    assert clinic.look()[:2] == (code, [code])


def test_it_finds_a_mail_server_that_takes_no_log_in(clinic: Clinic, mailbox: Mailbox) -> None:
    url = f"smtp://us:s3cret-of-mail@127.0.0.1:{mailbox.port}"
    clinic.set(smtp_url=url, mail_from="post@aira.example")
    assert clinic.look()[:2] == (Code.MAIL_LOGIN, [Code.MAIL_LOGIN])
    assert mailbox.mails == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of an embedded instance that has run."""
    with own_server(tmp_path / "data"):
        for name in ("secret.key", "service.key"):
            path = tmp_path / "data" / name
            path.write_text(STRONG)
            path.chmod(0o600)
    return tmp_path / "data"


def examine(folder: Path) -> tuple[int, list[int]]:
    return look(create_app(Settings(data_dir=folder)), "--strict")[:2]


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


def test_it_finds_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    exits, found = examine(tmp_path / "file" / "data")
    assert (exits, found) == (Code.STORE_AWAY, [Code.STORE_AWAY])


def test_the_worst_finding_is_the_exit_code(clinic: Clinic) -> None:
    clinic.set(secret_keys=("my secret password",), trusted_hosts=(), ratelimit_enabled=False)
    exits, found, _ = clinic.look()
    assert set(found) == {Code.SECRET_WEAK, Code.NO_LIMITS, Code.ANY_HOST}
    assert exits == Code.SECRET_WEAK


def test_the_table_in_the_documents_has_every_code() -> None:
    rows = [line.split("|") for line in DOCS.read_text().splitlines() if line.startswith("| ")]
    told = {int(row[1]) for row in rows if row[1].strip().isdigit()}
    assert told - {0, 1, 2} == set(Code)


def test_every_code_has_a_test() -> None:
    tested = (
        Path(__file__).read_text() + (Path(__file__).parent / "test_doctor_cluster.py").read_text()
    )
    assert [code.name for code in Code if f"Code.{code.name}" not in tested] == []
