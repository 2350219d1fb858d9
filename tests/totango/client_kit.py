"""Opens the client on a mocked host, for tests of single responses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from random import Random
from typing import Any

from bulkobj.config.settings import Settings
from bulkobj.core.clock import SystemClock
from bulkobj.core.model import Rate
from bulkobj.core.shutdown import StopSignal
from bulkobj.totango.client import Totango, open_totango

HOST = "https://api.totango.com"


def settings_in(folder: Path) -> Settings:
    """Settings for the real host, with nothing to wait for."""
    return Settings(HOST, "the-token", Rate(99, 0.2), 5.0, 1.0, 8, folder, folder / "c.toml", "default")


def using(settings: Settings, work: Callable[[Totango], Coroutine[Any, Any, Any]]) -> Any:
    """The result of some work with the service, on a loop of its own."""

    async def main() -> Any:
        async with open_totango(settings, SystemClock(), Random(1), StopSignal(), lambda _: None) as totango:
            return await work(totango)

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(main())
