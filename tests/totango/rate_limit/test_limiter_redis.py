"""What a Redis can do to a slot store: forget it, in whole or in part, go back in it, or change its clock."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bulkobj.core.errors import SharedSlotStoreError
from bulkobj.core.model import Rate
from bulkobj.totango.rate_limit.headers import Limits
from bulkobj.totango.rate_limit.limiter import RateLimiter
from bulkobj.totango.rate_limit.redis.slots import RedisSlotStore
from bulkobj.totango.rate_limit.slots import Wait, slot_store_name
from tests.cli.redis_kit import RedisDaemon
from tests.totango.rate_limit.limiter_crowd import TIMEOUT, Crowd, Network
from tests.totango.rate_limit.limiter_world import InWorldTime, Machine, RedisPlace, run_virtual, worst_window

#: Real processes or long searches: .ci/run runs them.
pytestmark = pytest.mark.proof

RATE = Rate(3, 10)
MANY = Rate(20, 10)
ALL_SLOTS_LAPSE = pytest.approx(TIMEOUT + RATE.seconds, abs=0.1)
DAYS_31 = 31 * 86_400

Story = Callable[[Machine], Awaitable[None]]


@pytest.fixture
def place(redis_daemon: RedisDaemon) -> RedisPlace:
    redis_daemon.client.flushall()
    return RedisPlace(redis_daemon.client, "name")


def virtually(place: RedisPlace, story: Story) -> None:
    async def main() -> None:
        async with Machine(place, RATE) as machine:
            await story(machine)

    run_virtual(main)


async def call(limiter: RateLimiter) -> None:
    await limiter.release(await limiter.take(), Limits())


async def seconds_until_taken(machine: Machine, limiter: RateLimiter) -> float:
    start = machine.clock.now()
    await limiter.take()
    return machine.clock.now() - start


def state(place: RedisPlace) -> str:
    return f"bulkobj:{{{place.name}}}:state"


def slots(place: RedisPlace) -> str:
    return f"bulkobj:{{{place.name}}}:slots"


def empty(place: RedisPlace) -> None:
    place.client.flushall()


def evict_the_state(place: RedisPlace) -> None:
    place.client.delete(state(place))


def evict_the_slots(place: RedisPlace) -> None:
    place.client.delete(slots(place))


def change_servers(place: RedisPlace) -> None:
    """What a restart and a failover look like: another server wrote it."""
    place.server += 1


def damage(place: RedisPlace) -> None:
    place.client.hset(state(place), "lost_at", "soon")


def drop_a_field(place: RedisPlace) -> None:
    place.client.hdel(state(place), "quota_left")


def set_back_a_little(place: RedisPlace) -> None:
    place.ahead -= 1.1


def set_back_by_years(place: RedisPlace) -> None:
    place.ahead -= 1e8


LOSSES = [
    empty,
    evict_the_state,
    evict_the_slots,
    change_servers,
    damage,
    drop_a_field,
    set_back_a_little,
    set_back_by_years,
]


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_means_waiting(place: RedisPlace, loss: Callable[[RedisPlace], None]) -> None:
    """It counts as if all slots had been taken just now, for whoever comes first; then all goes on."""

    async def story(machine: Machine) -> None:
        await call(machine.limiter())
        loss(place)
        newcomer, later = machine.limiter(), machine.limiter()
        assert await seconds_until_taken(machine, newcomer) == ALL_SLOTS_LAPSE
        assert await seconds_until_taken(machine, later) == 0

    virtually(place, story)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_while_we_run_means_waiting_once(place: RedisPlace, loss: Callable[[RedisPlace], None]) -> None:
    """All who run agree on when it was lost, and start nothing anew a second time, or once more if time went back."""

    async def story(machine: Machine) -> None:
        limiters = [machine.limiter() for _ in range(3)]
        for limiter in limiters:
            await call(limiter)
        await asyncio.sleep(20)
        await call(limiters[0])
        loss(place)
        start = machine.clock.now()
        await asyncio.gather(*(limiter.take() for limiter in limiters))
        assert machine.clock.now() - start == ALL_SLOTS_LAPSE

    virtually(place, story)


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss is not drop_a_field])  # a change writes it again
def test_a_loss_between_a_look_and_its_change_is_noticed(place: RedisPlace, loss: Callable[[RedisPlace], None]) -> None:
    """A change that was decided on before leaves no slot store behind that looks whole."""

    async def story(machine: Machine) -> None:
        await call(machine.limiter())
        ways = iter([lambda _: None, lambda _: None, loss])  # to the look and back, to the change

        def latency() -> float:
            next(ways, lambda _: None)(place)
            return 0.0

        place.latency = latency
        start = machine.clock.now()
        await machine.limiter().take()
        newcomer = machine.limiter()
        await newcomer.take()
        assert machine.clock.now() - start == ALL_SLOTS_LAPSE

    virtually(place, story)


def test_the_first_use_waits(place: RedisPlace) -> None:
    """A slot store that was never there can't be told from one that was emptied a moment ago."""

    async def main() -> None:
        machine = Machine(place, RATE)
        assert await seconds_until_taken(machine, machine.limiter()) == ALL_SLOTS_LAPSE
        assert await seconds_until_taken(machine, machine.limiter()) == 0

    run_virtual(main)


def test_a_replica_that_lags_behind_is_noticed(place: RedisPlace) -> None:
    """What was taken since is missing; who took it sees that, even on the same server."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        await call(limiter)
        before = copied(place)
        await call(limiter)
        put_back(place, before)
        assert await seconds_until_taken(machine, limiter) == ALL_SLOTS_LAPSE

    virtually(place, story)


def raw_keys(place: RedisPlace) -> list[str]:
    return [key for key in (state(place), slots(place)) if place.client.exists(key)]


def put_back(place: RedisPlace, copies: dict[str, Any]) -> None:
    place.client.delete(state(place), slots(place))
    for key, copy in copies.items():
        place.client.restore(key, 0, copy, replace=True)


@pytest.mark.parametrize("seconds", [0.2, 5.0, 3600.0])
def test_a_clock_set_forward_is_noticed_by_who_runs(place: RedisPlace, seconds: float) -> None:
    """Slots would come free that much too soon. An hour in which the clocks may drift apart blunts no eye."""

    async def story(machine: Machine) -> None:
        limiters = [machine.limiter() for _ in range(2)]
        for idle in (3600, 5):
            for limiter in limiters:
                await call(limiter)
            await asyncio.sleep(idle)
        place.ahead += seconds
        start = machine.clock.now()
        await asyncio.gather(*(limiter.take() for limiter in limiters))
        assert machine.clock.now() - start == ALL_SLOTS_LAPSE

    virtually(place, story)


@pytest.mark.parametrize("share", [0.0005, -0.0005])
def test_a_clock_that_is_corrected_gently_is_no_loss(place: RedisPlace, share: float) -> None:
    """An hour in which it gains or loses 500 in a million, as a time service corrects clocks; no window breaks."""
    arrivals = []

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        last = machine.clock.now()
        for _ in range(1000):
            slot = await limiter.take()
            now = machine.clock.now()
            arrivals.append(now)
            place.ahead += (now - last) * share
            last = now
            await limiter.release(slot, Limits())

    virtually(place, story)
    assert 3330 < arrivals[-1] - arrivals[0] < 3400
    assert worst_window(arrivals, RATE.seconds) <= RATE.calls


def test_a_machine_that_slept_is_no_loss(place: RedisPlace) -> None:
    """Both clocks went on."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        await call(limiter)
        machine.clock.shift += 3600
        assert await seconds_until_taken(machine, limiter) == 0

    virtually(place, story)


def test_a_slow_answer_is_no_loss(place: RedisPlace) -> None:
    """That a look took seconds says nothing about the clocks."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        for latency in (0.0, 3.0, 0.0, 0.5):
            place.latency = lambda latency=latency: latency  # type: ignore[misc]
            start = machine.clock.now()
            slot = await limiter.take()
            assert machine.clock.now() - start < 13
            await limiter.release(slot, Limits())
            await asyncio.sleep(60)

    virtually(place, story)


def test_a_call_that_is_late_is_no_trap_where_the_slot_store_is_far(place: RedisPlace) -> None:
    """A slot that outlives its time is held on, and others go on being taken, though each look takes long."""
    place.latency = lambda: 3.0

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        await limiter.take()
        machine.clock.shift += 3600
        assert await seconds_until_taken(machine, limiter) < 20

    virtually(place, story)


def test_answers_that_overtake_each_other_are_no_loss(place: RedisPlace) -> None:
    """What an answer that is out of date seems to say is never written."""
    random = Random(3)
    place.latency = lambda: random.uniform(0, 2)
    lost_at = set()

    async def story(machine: Machine) -> None:
        limiter = RateLimiter(machine.store(), MANY, TIMEOUT, machine.clock)

        async def work() -> None:
            for _ in range(5):
                slot = await limiter.take()
                await asyncio.sleep(5)
                await limiter.release(slot, Limits())
                lost_at.add(place.client.hget(state(place), "lost_at"))

        await asyncio.gather(*(work() for _ in range(20)))

    virtually(place, story)
    assert len(lost_at) == 1


def test_calls_in_flight_outlast_the_slot_store(place: RedisPlace) -> None:
    """A call whose answer comes after the slot store was lost is entered into the new one."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        taken = [await limiter.take() for _ in range(RATE.calls)]
        empty(place)
        waiting = asyncio.create_task(machine.limiter().take())
        await asyncio.sleep(35)
        for slot in taken:
            await limiter.release(slot, Limits())
        await asyncio.sleep(9)
        assert not waiting.done()
        await asyncio.sleep(1.1)
        assert waiting.done()

    virtually(place, story)


def test_the_services_word_outlives_a_restart(place: RedisPlace) -> None:
    """Who was told to wait until later than the loss would have us wait, waits until then."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        await limiter.release(await limiter.take(), Limits(None, 300.0, refused=True))
        change_servers(place)
        assert 300 <= await seconds_until_taken(machine, machine.limiter()) < 301

    virtually(place, story)


def test_a_slot_store_lost_again_and_again_is_an_error(place: RedisPlace) -> None:
    """Something that keeps emptying it must be found; waiting for ever is no answer."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        await call(limiter)
        for _ in range(3):
            empty(place)
            await call(limiter)
        empty(place)
        with pytest.raises(SharedSlotStoreError, match="keeps being lost") as caught:
            await limiter.take()
        assert caught.value.exit_code == 4

    virtually(place, story)


def test_everything_expires_and_nothing_grows(place: RedisPlace) -> None:
    """Two keys, both forgotten a month after their last use, with the slots of the last minutes alone."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        for _ in range(500):
            await call(limiter)
        keys = place.client.keys()
        assert sorted(keys) == [slots(place), state(place)]
        assert all(600 < place.client.ttl(key) < DAYS_31 for key in keys)
        assert place.client.zcard(slots(place)) <= 3 * 61

    virtually(place, story)


def test_each_token_has_a_slot_store_of_its_own(place: RedisPlace) -> None:
    """Under a name that doesn't show the token."""
    tokens = ("secret-token", "other-token")

    async def story(machine: Machine) -> None:
        for token in tokens:
            store = RedisSlotStore(InWorldTime(place, machine.clock), slot_store_name(token), machine.clock)
            wait = await store.take(RATE, TIMEOUT)
            assert isinstance(wait, Wait)
            assert wait.seconds == ALL_SLOTS_LAPSE

    virtually(place, story)
    keys = " ".join(place.client.keys())
    assert all(slot_store_name(token) in keys and token not in keys for token in tokens)


def copied(place: RedisPlace) -> dict[str, Any]:
    return {key: place.client.dump(key) for key in raw_keys(place)}


def fail_over(place: RedisPlace, copies: dict[str, Any]) -> None:
    """A replica that knows what it knew then takes the server's place."""
    put_back(place, copies)
    change_servers(place)


async def disasters(place: RedisPlace, random: Random) -> None:
    """As many as a run bears."""
    for _ in range(3):
        copies = copied(place)
        await asyncio.sleep(random.uniform(1, 60))
        if random.random() < 0.3:
            fail_over(place, copies)
        else:
            random.choice(LOSSES)(place)


def arrivals(redis_daemon: RedisDaemon, seed: int, workers: int, lives: float) -> list[float]:
    """When the service sees two hundred calls of three processes, while a Redis forgets their slot store."""
    redis_daemon.client.flushall()
    place, random = RedisPlace(redis_daemon.client, "name"), Random(seed)
    place.latency = lambda: random.uniform(0, 0.1)
    network = Network(random, slowest=8.0, lost=0.1)

    async def main() -> None:
        async with Machine(place, MANY) as machine:
            forgetting = asyncio.create_task(disasters(place, random))
            await Crowd(network, machine, 200, workers, lives)(3)
            forgetting.cancel()
            await asyncio.sleep(TIMEOUT)

    run_virtual(main)
    assert len(network.arrivals) >= 200
    return network.arrivals


def in_all_disasters(test: Callable[..., None]) -> Callable[..., None]:
    return given(seed=st.integers(0, 2**32), workers=st.integers(1, 20), lives=st.sampled_from([math.inf, 30.0]))(test)


@settings(max_examples=2, deadline=None, phases=[Phase.explicit, Phase.generate])
@in_all_disasters
def test_no_window_sees_too_many_whatever_a_redis_forgets(
    redis_daemon: RedisDaemon, seed: int, workers: int, lives: float
) -> None:
    """Killed processes, lost calls, and in the midst of it a Redis that loses the slot store in one way and another."""
    assert worst_window(arrivals(redis_daemon, seed, workers, lives), MANY.seconds) <= MANY.calls


@pytest.mark.proof
@settings(max_examples=60, deadline=None, phases=[Phase.explicit, Phase.generate])
@in_all_disasters
def test_no_window_sees_too_many_in_many_disasters(
    redis_daemon: RedisDaemon, seed: int, workers: int, lives: float
) -> None:
    """The same again and again."""
    assert worst_window(arrivals(redis_daemon, seed, workers, lives), MANY.seconds) <= MANY.calls
