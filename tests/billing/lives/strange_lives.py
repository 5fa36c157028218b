"""What else happens in random lives: other applications, another mode, a press for a plan."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from stats.billing.checkout import start_checkout
from stats.billing.ownership import SELLER
from stats.billing.sync import bind_customer
from stats.plans.subscription import LIVE

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
    event = world.random.choice(world.stripe.events)
    world.handle({**event, "id": f"{event['id']}_elsewhere", **changes})


def mode_changes(world: "World") -> None:
    """The user has a customer from the time of the other key."""
    bind_customer(world.db, world.user_id, OLD_CUSTOMER)


def buys_twice(world: "World") -> None:
    """Two tabs with a session each, and both are paid."""
    world.checkout(pay=True)
    world.checkout(pay=True)


def presses(world: "World") -> None:
    """The user presses a plan's button, and pays where Checkout is what it leads to.

    Checkout binds the customer before anything is sold; this world's is bound by an event.
    """
    bind_customer(world.db, world.user_id, world.customer)
    sold = world.stripe.all("subscription", customer=world.customer)
    pays = [sub for sub in sold if sub["status"] in LIVE and world.plan_of(sub)]
    plan = world.random.choice(list(world.prices))
    # Nothing happens meanwhile: else Stripe's answer is an older one.
    world.nested, nested = 3, world.nested
    try:
        session = start_checkout(
            world.db,
            Desk(world),  # type: ignore[arg-type]
            world.user_id,
            "a@example.org",
            plan,
            keys=("a key",),
            back="https://aira.example",
            grace=0,
        )
    finally:
        world.nested = nested
    if session != PORTAL:
        world.sold_twice += bool(pays)
        world.stripe.pay(session)


PORTAL = "the portal"
STRANGE: dict[str, Callable[["World"], None]] = {
    act.__name__: act
    for act in (
        *(stranger_buys, buys_another_product, another_account_speaks, another_mode_speaks),
        *(mode_changes, buys_twice, presses),
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

    def open_session(self, customer: str, plan: str, interval: str) -> None:
        return None

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
