"""The limiters: what they let in, what they say of it, and that all servers of a folder share it."""

from __future__ import annotations

import math
import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkobj.core.model import Rate
from bulkobj.sandbox.limiter import Spent, Verdict
from tests.service.behaviour import Behaviour
from tests.service.limiters import LIMITERS
from tests.service.server import SandboxServer
from tests.service.service_kit import STATUSES, ManualClock, client_of, running

RATES = st.builds(Rate, st.integers(1, 6), st.sampled_from([0.5, 1.0, 3.0, 7.0]))
#: Gaps that hit the edges of windows as often as the space between.
GAPS = st.one_of(st.floats(0, 4), st.sampled_from([0.0, 0.25, 0.5, 1.0, 3.0, 7.0]))
TIMES = st.builds(
    lambda start, gaps: list(accumulate(gaps, initial=start)), st.floats(1, 50), st.lists(GAPS, max_size=40)
)
TINY = 1e-5
#: Few examples of many steps each, on a machine that may be busy.
QUICK = settings(max_examples=60, deadline=None)


def run(kind: str, rate: Rate, times: list[float]) -> list[tuple[float, Verdict]]:
    """What a limiter says of calls at these times."""
    spent: Spent = []
    verdicts = []
    for now in times:
        spent, verdict = LIMITERS[kind](rate, spent, now)
        verdicts.append((now, verdict))
    return verdicts


def admitted(verdicts: list[tuple[float, Verdict]]) -> list[float]:
    return [at for at, verdict in verdicts if verdict.admitted]


@QUICK
@given(RATES, TIMES)
def test_the_log_is_exact(rate: Rate, times: list[float]) -> None:
    """A call is let in exactly when fewer than N were in the S seconds before it."""
    let_in: list[float] = []
    for now, verdict in run("log", rate, times):
        held = [at for at in let_in if now - at < rate.seconds]
        assert verdict.admitted == (len(held) < rate.calls)
        let_in += [now] * verdict.admitted
        assert verdict.remaining == rate.calls - len(held) - verdict.admitted


@QUICK
@given(RATES, TIMES)
def test_fixed_windows_are_exact(rate: Rate, times: list[float]) -> None:
    """A call is let in exactly when fewer than N were in its window."""
    let_in: list[float] = []
    for now, verdict in run("fixed", rate, times):
        count = sum(math.floor(at / rate.seconds) == math.floor(now / rate.seconds) for at in let_in)
        assert verdict.admitted == (count < rate.calls)
        let_in += [now] * verdict.admitted


@QUICK
@given(RATES, TIMES)
def test_the_counter_follows_its_estimate(rate: Rate, times: list[float]) -> None:
    """A call is let in exactly when the weighted count of two windows leaves room for it."""
    let_in: list[float] = []
    for now, verdict in run("counter", rate, times):
        windows = [math.floor(now / rate.seconds) - math.floor(at / rate.seconds) for at in let_in]
        share = 1 - (now / rate.seconds) % 1
        estimate = windows.count(0) + windows.count(1) * share
        if abs(estimate + 1 - rate.calls) > TINY:
            assert verdict.admitted == (estimate + 1 < rate.calls)
        let_in += [now] * verdict.admitted


@QUICK
@given(RATES, TIMES)
def test_gcra_is_a_bucket(rate: Rate, times: list[float]) -> None:
    """A call is let in exactly when a bucket of N that refills by N in S seconds holds one."""
    level, before = float(rate.calls), times[0]
    for now, verdict in run("gcra", rate, times):
        level, before = min(rate.calls, level + (now - before) * rate.calls / rate.seconds), now
        if abs(level - 1) > TINY:
            assert verdict.admitted == (level > 1)
        level -= verdict.admitted


@pytest.mark.parametrize(("kind", "windows"), [("log", 1), ("fixed", 2), ("counter", 2), ("gcra", 2)])
@QUICK
@given(rate=RATES, times=TIMES)
def test_no_window_sees_more_than_a_limiter_allows(kind: str, windows: int, rate: Rate, times: list[float]) -> None:
    """In no S seconds come in more than N calls by the log, or twice as many by the coarser ones."""
    let_in = admitted(run(kind, rate, times))
    for start in let_in:
        assert sum(start <= at and at - start < rate.seconds for at in let_in) <= windows * rate.calls


@pytest.mark.parametrize("kind", ["log", "fixed", "gcra"])
@QUICK
@given(rate=RATES, times=TIMES)
def test_a_client_that_keeps_the_documented_limit_is_always_let_in(kind: str, rate: Rate, times: list[float]) -> None:
    """Calls of which at most N lie in any S seconds pass all limiters but the counter, which only estimates."""
    careful = [at for position, at in enumerate(times) if position < rate.calls]
    for at in times[rate.calls :]:
        if at - careful[-rate.calls] >= rate.seconds + TINY:
            careful.append(at)
    assert admitted(run(kind, rate, careful)) == careful


@pytest.mark.parametrize("kind", ["log", "fixed", "counter", "gcra"])
@QUICK
@given(rate=RATES, times=TIMES)
def test_waiting_as_told_is_enough(kind: str, rate: Rate, times: list[float]) -> None:
    """When nothing remains, a call that comes after the reset is let in, and remaining calls may come at once."""
    spent: Spent = []
    for now in times:
        spent, verdict = LIMITERS[kind](rate, spent, now)
        wait = verdict.reset + TINY if verdict.remaining == 0 else 0
        assert LIMITERS[kind](rate, spent, now + wait)[1].admitted
        assert verdict.reset >= 0


@pytest.mark.parametrize("kind", ["log", "fixed", "counter", "gcra"])
def test_a_burst_gets_exactly_the_documented_number(tmp_path: Path, kind: str) -> None:
    """Over HTTP, the 101st call of a minute is a 429, and it is logged as an arrival too."""
    with running(tmp_path, clock=ManualClock(1200), behaviour=Behaviour().changed(limiter=kind)) as bench:
        statuses = [bench.client.get(STATUSES).status_code for _ in range(103)]
        assert statuses == [200] * 100 + [429] * 3
        assert [each.status for each in bench.server.arrivals()] == statuses
        assert bench.server.worst_window(60) == 103


def test_the_limit_ends_when_its_window_has_passed(tmp_path: Path) -> None:
    """By the log, calls are let in again as the old ones grow older than the window."""
    clock = ManualClock(1000)
    with running(tmp_path, clock=clock, rate="2/3") as bench:
        statuses = []
        for at in (1000, 1001, 1002.9, 1003, 1003.5, 1004):
            clock.at = at
            statuses.append(bench.client.get(STATUSES).status_code)
        assert statuses == [200, 200, 429, 200, 429, 200]
        assert [bench.server.worst_window(seconds) for seconds in (10, 3, 1, 0.5)] == [6, 4, 3, 2]


@pytest.mark.parametrize("spelling", ["ratelimit", "x-ratelimit", "x-epoch"])
def test_every_answer_says_what_is_left(tmp_path: Path, spelling: str) -> None:
    """Limit, remaining calls and reset come with each answer, mistakes and refusals included."""
    clock = ManualClock(1000.5)
    prefix = "RateLimit" if spelling == "ratelimit" else "X-RateLimit"
    with running(tmp_path, clock=clock, rate="3/60", behaviour=Behaviour().changed(limit_headers=spelling)) as bench:
        answers = [bench.client.get(STATUSES), bench.of("nope"), bench.create(), bench.client.get(STATUSES)]
        lone = bench.client.get(STATUSES, headers={"app-token": "wrong"})
    shown = [
        tuple(int(each.headers[f"{prefix}-{name}"]) for name in ("Limit", "Remaining", "Reset")) for each in answers
    ]
    reset = math.ceil(clock.wall().timestamp() + 60) if spelling == "x-epoch" else 60
    assert shown == [(3, 2, reset), (3, 1, reset), (3, 0, reset), (3, 0, reset)]
    assert [each.status_code for each in answers] == [200, 404, 201, 429]
    assert (lone.status_code, lone.headers[f"{prefix}-Remaining"]) == (401, "2")


def test_refusals_say_when_to_come_back(tmp_path: Path) -> None:
    """Retry-After is left out, or given in seconds or as a date, never earlier than the limit allows."""
    clock = ManualClock(1000.25)
    with running(tmp_path, clock=clock, rate="1/60") as bench:
        refusals = {}
        bench.client.get(STATUSES)
        for style in ("none", "seconds", "date"):
            bench.server.behave(retry_after=style)
            refusals[style] = bench.client.get(STATUSES)
    assert {each.text for each in refusals.values()} == {"Too many requests"}
    assert "retry-after" not in refusals["none"].headers
    assert refusals["seconds"].headers["retry-after"] == "60"
    said = parsedate_to_datetime(refusals["date"].headers["retry-after"])
    assert said == datetime.fromtimestamp(1_700_000_000 + 1061, UTC)


def test_a_refused_write_does_nothing(tmp_path: Path) -> None:
    """A create over the limit leaves no objective."""
    with running(tmp_path, rate="1/60") as bench:
        bench.server.spend(1)
        assert bench.create().status_code == 429
        assert len(bench.server.objectives()) == 30


def test_others_spend_the_same_token(tmp_path: Path) -> None:
    """Foreign calls count for the token that is set and for no other, and are no arrivals."""
    with running(tmp_path, rate="10/60") as bench:
        bench.server.spend(7)
        remaining = int(bench.client.get(STATUSES).headers["RateLimit-Remaining"])
        assert (remaining, len(bench.server.arrivals())) == (2, 1)
        bench.server.spend(50)
        assert bench.client.get(STATUSES).status_code == 429
        bench.server.set_token("fresh")
        assert bench.client.get(STATUSES, headers={"app-token": "fresh"}).status_code == 200


def test_servers_of_one_folder_share_limit_and_data(tmp_path: Path) -> None:
    """Two servers under fire let in exactly N calls together, and each sees what the other was told."""
    with running(tmp_path, rate="20/600") as one, running(tmp_path, rate="20/600") as two:
        statuses: list[int] = []

        def fire(server: SandboxServer) -> None:
            with client_of(server) as client:
                statuses.extend(client.get(STATUSES).status_code for _ in range(15))

        threads = [threading.Thread(target=fire, args=(each.server,)) for each in (one, two) * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [200] * 20 + [429] * 40
        identity = one.new(title="Made by one")
        assert (two.held(identity) or {})["title"] == "Made by one"
        times = [each.at for each in two.server.arrivals()]
        assert len(times) == one.server.worst_window(600) == 60
        assert all(before <= after for before, after in pairwise(times))


def test_spending_outlasts_the_server(tmp_path: Path) -> None:
    """A server started later on the folder goes on with the count of the one before."""
    with running(tmp_path, rate="2/600") as bench:
        assert [bench.client.get(STATUSES).status_code for _ in range(2)] == [200, 200]
    with running(tmp_path, rate="2/600") as bench:
        assert bench.client.get(STATUSES).status_code == 429
