"""Time, passed in: so that tests run hours in milliseconds, and no stage reads a clock of its own."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """The clock of the rate limiter, the executor and the journal.

    ``now`` is in seconds on a clock that all processes of the machine share and that nobody can set back; it goes on
    while the machine sleeps, where the system offers that. It starts anew when the machine does: ``boot`` names that
    start. ``wall`` is the time of day in UTC, for people and for comparing with what the service says.
    """

    @property
    def boot(self) -> str:
        """The boot id; empty where the operating system provides none."""

    def now(self) -> float:
        """Seconds on the shared clock."""

    def wall(self) -> datetime:
        """Return the time of day in UTC."""

    async def sleep(self, seconds: float) -> None:
        """Let others run for that long."""


class SystemClock:
    """The machine's own time."""

    @property
    def boot(self) -> str:
        """Linux tells the boot apart by an id; elsewhere the shared clock running backwards tells it."""
        try:
            return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        except OSError:
            return ""

    def now(self) -> float:
        """Seconds since the machine started, sleep included where the system counts it."""
        if sys.platform == "linux":
            return time.clock_gettime(time.CLOCK_BOOTTIME)
        return time.monotonic()

    def wall(self) -> datetime:
        """Return the time of day in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Let others run for that long."""
        import asyncio  # noqa: PLC0415 - slow to import, and a check offline waits for nothing

        await asyncio.sleep(seconds)
