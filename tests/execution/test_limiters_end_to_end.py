"""Whole runs against every way of counting calls and of telling of it, while somebody else spends the same token."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from bulkobj.core.errors import ServiceDownError
from bulkobj.core.model import Rate
from tests.execution.execution_kit import RunKit, create, settings_for
from tests.service.server import SandboxServer

#: Real processes or long searches: .ci/run runs them.
pytestmark = pytest.mark.proof

ACCOUNTS = ("BLUE-1010", "ACME-1001", "ACME-1002", "BRIG-1014", "JUNI-1081")
LIMITERS = ("log", "fixed", "counter", "gcra")
HEADERS = ("ratelimit", "x-ratelimit", "x-epoch", "none")
RETRY_AFTER = ("none", "seconds", "date")
ROWS, CALLS, SECONDS = 70, 30, 1.0


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[SandboxServer]:
    """A service with one call more than the rate that we keep."""
    with SandboxServer(tmp_path / "limited", rate=Rate(CALLS + 1, SECONDS)) as running:
        yield running


def carried_out(server: SandboxServer, folder: Path, rows: int = ROWS) -> list[int | None]:
    """Create rows on several accounts; the statuses that the service answered."""
    run = RunKit(
        settings_for(server, folder, rate=Rate(CALLS, SECONDS)),
        [create(f"New {n}", ACCOUNTS[n % len(ACCOUNTS)]) for n in range(rows)],
    )
    assert run.carry_out() is None
    assert run.results() == ["created"] * rows
    made = sorted(one["title"] for one in server.objectives() if one["title"].startswith("New "))
    assert made == sorted(f"New {n}" for n in range(rows))
    assert server.worst_window(SECONDS) <= CALLS
    return [one.status for one in server.arrivals()]


@pytest.mark.parametrize("limiter", ["log", "off"])
def test_alone_on_the_token_nothing_is_refused(limited: SandboxServer, tmp_path: Path, limiter: str) -> None:
    """A service that counts any S seconds, as ours are counted, never has to say 429."""
    limited.behave(limiter=limiter)
    assert set(carried_out(limited, tmp_path)) == {201}


@pytest.mark.parametrize(
    ("limiter", "headers", "after"),
    [
        ("log", "ratelimit", "none"),
        ("gcra", "x-ratelimit", "none"),
    ],
)
def test_others_spend_the_same_token(
    limited: SandboxServer, tmp_path: Path, limiter: str, headers: str, after: str
) -> None:
    """What others have spent costs a few refusals at most: those in flight when the first came back, and one look."""
    limited.behave(limiter=limiter, limit_headers=headers, retry_after=after, latency=0.02)
    limited.spend(CALLS - 10)
    statuses = carried_out(limited, tmp_path, 40)
    assert statuses.count(429) <= 20
    assert statuses.count(201) == 40


@pytest.mark.proof
@pytest.mark.parametrize(("limiter", "headers", "after"), list(itertools.product(LIMITERS, HEADERS, RETRY_AFTER)))
def test_every_limiter_with_every_word_of_it(
    limited: SandboxServer, tmp_path: Path, limiter: str, headers: str, after: str
) -> None:
    """All rows are done, and refusals stay few, with all calls spent by others in the beginning."""
    limited.behave(limiter=limiter, limit_headers=headers, retry_after=after, latency=0.02)
    limited.spend(CALLS + 1)
    statuses = carried_out(limited, tmp_path, 40)
    assert statuses.count(429) <= 30


@pytest.mark.parametrize("after", ["1200", "86000"])
def test_a_reset_too_far_away_stops_the_run(limited: SandboxServer, tmp_path: Path, after: str) -> None:
    """Nobody sits through more than 15 minutes: the run stops at once, resumable, and says until when."""
    limited.fault("status", method="POST", status=429, retry_after=after, skip=3)
    run = RunKit(settings_for(limited, tmp_path), [create(f"New {n}", ACCOUNTS[n % 5]) for n in range(12)])
    stopped = run.carry_out()
    assert isinstance(stopped, ServiceDownError)
    assert stopped.exit_code == 4
    assert "UTC" in str(stopped)
    assert len(limited.arrivals()) <= 3 + 8
    assert [run.results().count(result) for result in ("created", "not-attempted")] == [3, 9]
    limited.clear_faults()
    run.settings = settings_for(limited, tmp_path / "another-day")  # whose slot store knows nothing of the refusal
    assert run.carry_out() is None
    assert run.results() == ["created"] * 12
