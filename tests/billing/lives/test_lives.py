"""Plan and money never disagree, whatever order, loss and repetition the events arrive in."""

import os
import random
import secrets

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.billing.lives.ordinary_lives import ACTIONS, World, live

LIVES = int(os.environ.get("LIVES", "100"))


@pytest.mark.timeout(600 + LIVES // 10)
def test_it_ends_every_random_life_with_the_plan_that_is_paid_for(valkey: redis.Redis) -> None:
    """LIVES sets how many; LIVES_SEED plays a printed run again."""
    seed = os.environ.get("LIVES_SEED") or secrets.token_hex(4)
    print(f"\n{LIVES} random lives, LIVES_SEED={seed}")
    events = 0
    for number in range(LIVES):
        valkey.flushdb()
        shown, due, count = live(valkey, f"{seed}:{number}")
        assert shown == due, f"life {number} of LIVES_SEED={seed}"
        events += count
    print(f"{LIVES} lives, {events} events, no wrong final plan")


class Life(RuleBasedStateMachine):
    """One life as hypothesis makes it up."""

    db: redis.Redis

    def __init__(self) -> None:
        super().__init__()
        self.db.flushdb()
        self.world = World(self.db, random.Random(0))

    @rule(action=st.sampled_from(ACTIONS))
    def act(self, action: str) -> None:
        """Something happens at Stripe."""
        self.world.act(action)

    @rule(chance=st.integers(0, 1 << 16))
    def deliver(self, chance: int) -> None:
        """An event arrives, perhaps for the second time, perhaps in vain."""
        self.world.random.seed(chance)
        self.world.deliver_one()

    @rule()
    def rest(self) -> None:
        """Everything has arrived: what is shown is what is paid for."""
        self.world.come_to_rest()
        assert self.world.shown() == self.world.due()

    @invariant()
    def tickets_only_grow(self) -> None:
        """No answer is written over a newer one."""
        keys = [f"user:{{alice}}:billing{more}" for more in ("", ":ticket")]
        applied = int(self.db.hget(keys[0], "applied") or 0)
        assert applied <= int(self.db.get(keys[1]) or 0)

    def teardown(self) -> None:
        self.rest()


def test_it_holds_for_lives_that_hypothesis_makes_up(valkey: redis.Redis) -> None:
    Life.db = valkey
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    short = settings(
        max_examples=40, stateful_step_count=15, deadline=None, suppress_health_check=checks
    )
    run_state_machine_as_test(Life, settings=short)
