"""Taking slots and giving them back, in virtual time on a real slot file and on a real Redis."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bulkobj.core.errors import ServiceDownError
from bulkobj.core.model import Rate
from bulkobj.totango.rate_limit.headers import Limits
from bulkobj.totango.rate_limit.limiter import RateLimiter, Slot
from bulkobj.totango.rate_limit.slots import Wait
from bulkobj.totango.rate_limit.sqlite_slots import slot_store_path
from tests.totango.rate_limit.limiter_world import (
    KINDS,
    RATE,
    TIMEOUT,
    FilePlace,
    Machine,
    Place,
    Places,
    all_places,
    run_virtual,
)

SMALL = Rate(3, 10)
NOTHING_SAID = Limits()


@pytest.fixture(params=KINDS, scope="module")
def places(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Places:
    return all_places(request, tmp_path_factory)


@pytest.fixture
def place(places: Places) -> Place:
    return places()


def virtually(place: Place, story: Callable[[Machine], Awaitable[None]], rate: Rate = SMALL) -> Machine:
    """Live through the story on a machine of its own."""
    machine = Machine(place, rate)

    async def main() -> None:
        async with machine:
            await story(machine)

    run_virtual(main)
    return machine


async def take_all(limiter: RateLimiter, rate: Rate = SMALL) -> list[Slot]:
    return [await limiter.take() for _ in range(rate.calls)]


async def seconds_until_taken(machine: Machine, limiter: RateLimiter) -> float:
    start = machine.clock.now()
    await limiter.take()
    return machine.clock.now() - start


def test_all_slots_can_be_taken_at_once(place: Place) -> None:
    """The first calls burst; the slot store's very first use waits for nothing."""

    async def story(machine: Machine) -> None:
        start = machine.clock.now()
        await take_all(machine.limiter())
        assert machine.clock.now() == start

    virtually(place, story)


def test_a_slot_is_held_until_s_after_the_answer(place: Place) -> None:
    """A slot given back after 4 seconds is free 10 seconds later and not a moment sooner."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        for slot in await take_all(limiter):
            await asyncio.sleep(4)
            await limiter.release(slot, NOTHING_SAID)
        assert 2 < await seconds_until_taken(machine, limiter) < 2.1  # the first of them came back 8 seconds ago

    assert virtually(place, story).waits == pytest.approx([2.04, 1.04], abs=0.03)


def test_a_slot_in_flight_is_held(place: Place) -> None:
    """A call that takes long keeps its slot for S beyond its answer, whoever asks."""

    async def story(machine: Machine) -> None:
        limiter, other = machine.limiter(), machine.limiter()
        slots = await take_all(limiter)
        taken = asyncio.create_task(other.take())
        await asyncio.sleep(25)
        await limiter.release(slots[0], NOTHING_SAID)
        await asyncio.sleep(10)
        assert not taken.done()
        await asyncio.sleep(0.1)
        assert taken.done()

    virtually(place, story)


def test_the_slot_of_a_dead_process_lapses(place: Place) -> None:
    """A slot never given back is free S after the time-out of its call."""

    async def story(machine: Machine) -> None:
        store = machine.store()
        await take_all(RateLimiter(store, SMALL, TIMEOUT, machine.clock))
        await store.close()
        assert 40 < await seconds_until_taken(machine, machine.limiter()) < 40.1

    virtually(place, story)


def test_a_call_without_an_answer_may_still_travel(place: Place) -> None:
    """A call that was cut off at once is counted until its time-out and S."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        for slot in await take_all(limiter):
            await limiter.release(slot, None)
        assert 40 < await seconds_until_taken(machine, limiter) < 40.1

    virtually(place, story)


def test_a_call_that_outlives_its_timeout_is_still_in_flight(place: Place) -> None:
    """A machine that slept for an hour goes on with calls that the service may see only now."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        slots = await take_all(limiter)
        machine.clock.shift += 3600
        taken = asyncio.create_task(limiter.take())
        await asyncio.sleep(20)
        assert not taken.done()
        await limiter.release(slots[0], NOTHING_SAID)
        await asyncio.sleep(10.1)
        assert taken.done()

    virtually(place, story)


def test_each_process_counts_with_its_own_rate(place: Place) -> None:
    """A stricter process waits for calls that a laxer one has made."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        for slot in await take_all(limiter):
            await limiter.release(slot, NOTHING_SAID)
        strict = RateLimiter(machine.store(), Rate(1, 60), TIMEOUT, machine.clock)
        assert 60 < await seconds_until_taken(machine, strict) < 60.2

    virtually(place, story)


def test_a_process_with_a_short_s_forgets_nothing_of_a_long_one(place: Place) -> None:
    """Rows that are over for one rate may still count for another, up to ten minutes."""

    async def story(machine: Machine) -> None:
        slow = RateLimiter(machine.store(), Rate(2, 500), TIMEOUT, machine.clock)
        await slow.release(await slow.take(), NOTHING_SAID)
        await asyncio.sleep(400)
        await machine.limiter().take()
        await asyncio.sleep(50)
        assert 50 < await seconds_until_taken(machine, slow) < 51

    virtually(place, story)


def test_first_come_first_served(place: Place) -> None:
    """Tasks that wait get their slots in the order of asking."""
    served: list[int] = []

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()

        async def call(number: int) -> None:
            slot = await limiter.take()
            served.append(number)
            await limiter.release(slot, NOTHING_SAID)

        async with asyncio.TaskGroup() as group:
            for number in range(12):
                group.create_task(call(number))

    virtually(place, story)
    assert served == list(range(12))


def test_a_cancelled_wait_lets_the_next_go_on(place: Place) -> None:
    """Whoever gives up waiting takes no slot and blocks nobody."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        slots = await take_all(limiter)
        first, second = asyncio.create_task(limiter.take()), asyncio.create_task(limiter.take())
        await asyncio.sleep(1)
        first.cancel()
        await limiter.release(slots[0], NOTHING_SAID)
        await asyncio.sleep(10.1)
        assert second.done()

    virtually(place, story)


def test_the_deadline_is_the_timeout_from_the_taking(place: Place) -> None:
    """The time that was spent waiting isn't part of it."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        for slot in await take_all(limiter):
            await limiter.release(slot, NOTHING_SAID)
        late = await limiter.take()
        assert late.deadline == pytest.approx(machine.clock.now() + TIMEOUT)

    virtually(place, story)


def test_a_refusal_keeps_all_processes_waiting(place: Place) -> None:
    """After a 429 nobody sends until the latest reset that was said; then one goes to look, then the rest."""

    async def story(machine: Machine) -> None:
        limiter, other = machine.limiter(), machine.limiter()
        refused, late = await limiter.take(), await other.take()
        await limiter.release(refused, Limits(None, 120.0, refused=True))
        await other.release(late, Limits(None, 5.0, refused=True))
        start = machine.clock.now()
        looks, waits = [asyncio.create_task(each.take()) for each in (limiter, other)]
        await asyncio.sleep(119)
        assert not looks.done()
        await asyncio.sleep(5)
        assert [looks.done(), waits.done()] == [True, False]
        await limiter.release(looks.result(), NOTHING_SAID)
        await waits
        assert 120 <= machine.clock.now() - start < 125

    virtually(place, story)


def test_no_more_than_the_service_says_are_left(place: Place) -> None:
    """With one call left, the second waits until an answer says more, or for the reset."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        await limiter.release(await limiter.take(), Limits(1, 50.0))
        only = await limiter.take()
        waiting = asyncio.create_task(limiter.take())
        await asyncio.sleep(20)
        assert not waiting.done()
        await limiter.release(only, Limits(30, 50.0))
        await asyncio.sleep(0.2)
        assert waiting.done()

    virtually(place, story, RATE)


def test_a_reset_too_far_away_stops_the_command(place: Place) -> None:
    """Nobody sits through an hour: the error says until when, in every process."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        await limiter.release(await limiter.take(), Limits(None, 3600.0, refused=True))
        for each in (limiter, machine.limiter()):
            with pytest.raises(ServiceDownError, match=r"until 2024-02-08 21:26 UTC"):
                await each.take()

    virtually(place, story)


def test_a_far_reset_alone_stops_nothing(place: Place) -> None:
    """With calls left, and with an answer still to come, a reset in an hour is no reason to stop."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        await limiter.release(await limiter.take(), Limits(1, 3600.0))
        last = await limiter.take()
        waiting = asyncio.create_task(limiter.take())
        await asyncio.sleep(1)
        assert not waiting.done()
        await limiter.release(last, NOTHING_SAID)
        with pytest.raises(ServiceDownError):
            await waiting

    virtually(place, story, RATE)


def test_a_slow_rate_is_not_a_service_that_is_down(place: Place) -> None:
    """A rate's own S may be longer than a quarter of an hour."""
    hourly = Rate(2, 3600)

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        await limiter.release(await limiter.take(), Limits(refused=True))
        assert 3600 <= await seconds_until_taken(machine, limiter) < 3601

    virtually(place, story, hourly)


def test_absurd_numbers_do_no_harm(place: Place) -> None:
    """A rate of one call in the age of the universe is a long wait, and no crash."""
    never = Rate(1, 1e300)

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        await limiter.release(await limiter.take(), Limits(refused=True))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(limiter.take(), 1e6)
        usual = RateLimiter(machine.store(), SMALL, TIMEOUT, machine.clock)
        with pytest.raises(ServiceDownError, match="until 2055"):
            await usual.take()

    virtually(place, story, never)


def test_a_wait_is_counted_down(place: Place) -> None:
    """The callback gets the seconds left once a second, however often a quota is looked at."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        await limiter.release(await limiter.take(), Limits(None, 30.0, refused=True))
        look = await limiter.take()
        waiting = asyncio.create_task(limiter.take())
        await asyncio.sleep(3)
        await limiter.release(look, NOTHING_SAID)
        await waiting

    assert virtually(place, story).waits == pytest.approx(list(range(30, 0, -1)), abs=0.5)


def test_slots_that_become_free_are_foretold(place: Place) -> None:
    """For each slot the seconds until it is free; a request in flight counts as ended now, and nothing is taken."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        assert await limiter.waits() == (0, 0, 0)
        first = await limiter.take()
        await limiter.release(first, NOTHING_SAID)
        await asyncio.sleep(4)
        flying = await limiter.take()
        assert await machine.limiter().waits() == pytest.approx((0, 6, 10), abs=0.2)
        await limiter.release(flying, Limits(None, 20.0, refused=True))
        assert await limiter.waits() == pytest.approx((20, 20, 20), abs=0.2)

    virtually(place, story)


def test_the_slot_store_says_how_long_to_wait(place: Place) -> None:
    """A wait of the rate's own isn't the service's word."""

    async def story(machine: Machine) -> None:
        store = machine.store()
        for _ in range(3):
            assert isinstance(await store.take(SMALL, TIMEOUT), int)
        wait = await store.take(SMALL, TIMEOUT)
        assert isinstance(wait, Wait)
        assert wait.seconds == pytest.approx(10.04, abs=0.03)
        assert wait.told == 0

    virtually(place, story)


def test_old_rows_are_pruned(tmp_path: Path) -> None:
    """The file doesn't grow with the number of calls ever made."""

    async def story(machine: Machine) -> None:
        limiter = machine.limiter()
        for _ in range(500):
            await limiter.release(await limiter.take(), NOTHING_SAID)
        assert path.stat().st_size < 40_000

    path = tmp_path / "calls.sqlite"
    virtually(FilePlace(path), story)


def test_the_path_hides_the_token(tmp_path: Path) -> None:
    """Each token has a slot store of its own, and the token can't be read from its name."""
    path = slot_store_path(tmp_path, "secret-token")
    assert path == slot_store_path(tmp_path, "secret-token") != slot_store_path(tmp_path, "other")
    assert "secret" not in str(path.relative_to(tmp_path))


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_nobody_else_can_read_the_slot_store(tmp_path: Path) -> None:
    """The folder is the user's alone, and so is each file in it."""

    async def story(machine: Machine) -> None:
        await machine.limiter().take()
        folder = path.parent
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()} == dict.fromkeys(
            ["calls.sqlite", "calls.sqlite-wal", "calls.sqlite-shm", "calls.lock", "calls.used"], 0o600
        )

    path = tmp_path / "ledgers" / "calls.sqlite"
    old = os.umask(0)
    try:
        virtually(FilePlace(path), story)
    finally:
        os.umask(old)
