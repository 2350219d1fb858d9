"""Creates the objectives of a CSV file with eight workers, which aiolimiter holds to 100 calls a minute.

    TOTANGO_TOKEN=… python aiolimiter_script.py plan.csv

The rest is as in plain_script.py. The tries after a failure go through the limiter, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from aiolimiter import AsyncLimiter
from tenacity import AsyncRetrying

from tests.bench.alternatives.plain_script import (
    CALLS,
    OBJECTIVES,
    SETTINGS,
    WINDOW,
    Names,
    arguments,
    connection,
    ids,
    objectives,
    patience,
)

WORKERS = 8


async def listed(client: httpx.AsyncClient, limiter: AsyncLimiter, kind: str) -> list[dict[str, str]]:
    """The statuses or categories of the tenant."""
    async with limiter:
        response = await client.get(SETTINGS + kind)
    response.raise_for_status()
    found: list[dict[str, str]] = response.json()
    return found


async def create(client: httpx.AsyncClient, limiter: AsyncLimiter, body: dict[str, Any]) -> None:
    """Create one objective."""
    async with limiter:
        response = await client.post(OBJECTIVES, json=body)
    response.raise_for_status()


async def import_plan(client: httpx.AsyncClient, plan: Path, window: float = WINDOW, start: int = 2) -> None:
    """Create the objectives of the file, and print what became of each row."""
    limiter = AsyncLimiter(CALLS, window)
    found: dict[str, list[dict[str, str]]] = {}
    for kind in ("status", "category"):
        found[kind] = await AsyncRetrying(**patience(window))(listed, client, limiter, kind)
    rows = objectives(plan, Names(ids(found["status"]), ids(found["category"])), start)

    async def work(rows: Iterator[tuple[int, dict[str, Any]]]) -> None:
        for number, body in rows:
            try:
                await AsyncRetrying(**patience(window))(create, client, limiter, body)
                print(f"row {number}: created")
            except httpx.HTTPError as error:
                print(f"row {number}: failed: {error}")

    async with asyncio.TaskGroup() as group:
        for _ in range(WORKERS):
            group.create_task(work(rows))


async def main() -> None:
    """Import the file that the command line names."""
    given = arguments()
    async with httpx.AsyncClient(**connection(given.window)) as client:
        await import_plan(client, given.plan, given.window, given.start)


if __name__ == "__main__":
    asyncio.run(main())
