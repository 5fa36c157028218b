"""What else happens in random lives: other applications, another mode, a press for a plan."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from stats.billing.checkout import start_checkout
from stats.billing.customers import bind_customer
from stats.billing.ownership import SELLER
from stats.billing.unheard_sales import LOOK_BACK, sync_session
from stats.errors import BillingUnavailable
from stats.plans.plan import Plan
from stats.plans.subscription import INCOMPLETE, LIVE
from stats.store.keys import customer_key
from tests.billing.lives.oracle import DAY, GRACE

if TYPE_CHECKING:
    from tests.billing.lives.ordinary_lives import World

OLD_CUSTOMER = "cus_of_the_test_key"


def stranger_buys(world: "World") -> None:
    """Another application sells its product to its user of the same number."""
    named = {"user_id": world.user_id}
    stranger = world.stripe.create_customer(metadata=named)["id"]
    world.strangers.append(stranger)
    world.stripe.create_subscription(stranger, [world.other_price], metadata=named)


def buys_another_product(world: "World") -> None:
    """Our customer buys another application's product."""
    named = {"user_id": world.user_id}
    world.stripe.create_subscription(world.customer, [world.other_price], metadata=named)


def another_account_speaks(world: "World") -> None:
    """An event comes from a connected account, whose metadata names our user."""
    _repeat_event(world, account="acct_of_somebody")


def another_mode_speaks(world: "World") -> None:
    """An event comes from test mode while the key is of live mode, or the other way round."""
    _repeat_event(world, livemode=not world.livemode)


def _repeat_event(world: "World", **changes: object) -> None:
    event = world.stripe.get("event", world.random.choice(world.stripe.event_ids()))
    world.handle({**event, "id": f"{event['id']}_elsewhere", **changes})


def mode_changes(world: "World") -> None:
    """The user has a customer from the time of the other key."""
    bind_customer(world.db, world.user_id, OLD_CUSTOMER)


def buys_twice(world: "World") -> None:
    """Two tabs with a session each, and both are paid."""
    world.checkout(pay=True)
    world.checkout(pay=True)


def declines_again_and_again(world: "World") -> None:
    """A year is paid for, an upgrade declined, taken back or paid late, and declined once more."""
    plus, premium = world.all_prices[-2], world.prices[Plan.PREMIUM]
    session = world.stripe.open_session(
        [plus], customer=world.customer, subscription_data=world.metadata
    )
    name = world.stripe.pay(session["id"])["subscription"]
    for is_last in (False, True):
        world.deliver_one()
        if status_of(world, name) != "active":
            return
        world.stripe.decline_upgrade(name, premium)
        world.deliver_one()
        world.stripe.advance(world.random.randrange(16 * DAY))
        # Other things happen meanwhile, too.
        if is_last or status_of(world, name) != "past_due":
            return
        if world.random.random() < 0.3:
            world.stripe.recover_payment(name)
            world.stripe.change_plan(name, plus)
        else:
            world.stripe.go_back(name, plus)
        world.stripe.advance(world.random.randrange(5 * DAY))


def status_of(world: "World", name: str) -> str:
    """Return the status of a subscription."""
    return str(world.stripe.get("subscription", name)["status"])


def operator_sells(world: "World") -> None:
    """The operator subscribes a customer of the user's by hand, and the user presses a button."""
    named = {"user_id": world.user_id}
    customer = world.stripe.create_customer(metadata=named)["id"]
    world.customers.append(customer)
    world.stripe.create_subscription(customer, [world.all_prices[0]], metadata=named)
    event = world.random.choice(world.stripe.undelivered())
    world.deliver(event)
    presses(world)


def presses(world: "World") -> None:
    """The user presses a plan's button, and pays where it leads, unless that is the portal.

    Checkout binds the customer before anything is sold; this world's is bound by an event.
    """
    bind_customer(world.db, world.user_id, world.customer)
    plan, link = world.random.choice(list(world.prices)), world.random.choice((LINK, None))
    # Nothing happens meanwhile: else Stripe's answer is an older one.
    world.nested, nested = 3, world.nested
    try:
        with world.watched():
            target = start_checkout(
                world.db,
                Desk(world),  # type: ignore[arg-type]
                world.user_id,
                "a@example.org",
                plan,
                keys=KEYS,
                back="https://aira.example",
                grace=0,
                link=link,
            )
    except BillingUnavailable:
        # A bank's payment is on its way.
        return
    finally:
        world.nested = nested
    if target != PORTAL:
        world.sold_twice += has_bought(world)
        pay(world, plan, target)


def has_bought(world: "World") -> bool:
    """Whether something of ours is live or on its way, and could be known."""
    since = world.stripe.now - LOOK_BACK
    sessions = world.stripe.all("checkout.session")
    recent = {one["customer"] for one in sessions if one["created"] >= since}
    return any(
        sub["customer"] == world.customer
        or sub["customer"] in recent
        or world.db.exists(customer_key(sub["customer"]))
        for sub in world.stripe.all("subscription")
        if sub["customer"] in world.customers
        and sub["status"] in (*LIVE, INCOMPLETE)
        and world.oracle.plan_of(sub)
    )


def pay(world: "World", plan: Plan, target: str) -> None:
    """Pay at Checkout, or at a Payment Link, where Stripe makes another customer."""
    by_link = target.startswith(LINK)
    if by_link:
        token = target.partition("client_reference_id=")[2]
        target = world.stripe.open_payment_link(world.prices[plan], token)["id"]
    asynchronous = world.random.random() < 0.3
    session = world.stripe.pay(target, asynchronous=asynchronous)
    if by_link:
        world.customers.append(session["customer"])
    if asynchronous:
        world.sessions.append(session["id"])


def comes_back(world: "World") -> None:
    """The browser comes back from a session that was paid, before its event or after it."""
    paid = world.stripe.all("checkout.session", status="complete")
    if not paid:
        return
    session = world.random.choice(paid)
    with world.watched(), suppress(BillingUnavailable):
        sync_session(
            world.db,
            Desk(world),  # type: ignore[arg-type]
            world.user_id,
            session["id"],
            keys=KEYS,
            grace=GRACE,
        )
    holder = world.db.get(customer_key(session["customer"]))
    if session["payment_link"]:
        world.unheard += holder != world.user_id


KEYS = ("a key",)
LINK = "https://buy.stripe.example/plan"
PORTAL = "the portal"
STRANGE: dict[str, Callable[["World"], None]] = {
    act.__name__: act
    for act in (
        *(stranger_buys, buys_another_product, another_account_speaks, another_mode_speaks),
        *(mode_changes, buys_twice, presses, comes_back),
        *(operator_sells, declines_again_and_again),
    )
}


class Desk:
    """The gateway as whoever presses a button needs it."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.products, self.subscriptions = world.products, world.subscriptions
        self.livemode = world.livemode
        self.invoices = world.invoices

    def create_customer(self, user_id: str, email: str, replaced: Sequence[str]) -> str:
        return self.world.customer

    def is_deleted(self, customer: str) -> bool:
        return False

    def session(self, session_id: str) -> dict[str, Any]:
        return self.world.stripe.get("checkout.session", session_id)

    def completed_sessions(self, since: int) -> list[dict[str, Any]]:
        listed = self.world.stripe.all("checkout.session", status="complete")
        return [session for session in listed if session["created"] >= since]

    def is_of_session(self, subscription: str) -> bool:
        return bool(self.world.stripe.all("checkout.session", subscription=subscription))

    def keep_one_session(self, customer: str, plan: str, interval: str, user_id: str) -> None:
        return None

    def open_sessions(self, since: int) -> list[dict[str, Any]]:
        return []

    def expire_sessions(self, customer: str, user_id: str) -> None:
        """No session stays open here."""

    def checkout(
        self, customer: str, plan: str, reference: str, user_id: str, back: str, interval: str
    ) -> str:
        metadata = {"metadata": {"user_id": user_id, "plan": plan, "seller": SELLER}}
        return str(
            self.world.stripe.open_session(
                [self.world.prices[plan]], customer=customer, subscription_data=metadata
            )["id"]
        )

    def portal(self, customer: str, subscription: str | None, back: str) -> str:
        return PORTAL
