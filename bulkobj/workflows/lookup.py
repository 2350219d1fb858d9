"""What must be read from the service to check and plan a file: names and live objectives, each once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from bulkobj.core.model import Named, Objective
from bulkobj.planning.plan import Live
from bulkobj.validation.names import Directory, Kind

if TYPE_CHECKING:
    from bulkobj.totango.client import Totango

T = TypeVar("T")

#: Told how many of how many are done.
Progress = Callable[[int, int], None]

#: More than any concurrency: the client bounds what is in flight.
_WORKERS = 64


async def read_directory(totango: Totango, kinds: Iterable[Kind]) -> Directory:
    """The names of these kinds, one call a kind (account search: one a page)."""
    read: dict[Kind, Callable[[], Awaitable[tuple[Named, ...]]]] = {
        Kind.STATUS: totango.statuses,
        Kind.CATEGORY: totango.categories,
        Kind.TEMPLATE: totango.templates,
        Kind.ACCOUNT: lambda: _accounts(totango),
    }
    things: dict[Kind, tuple[Named, ...]] = {}

    async def one(kind: Kind) -> None:
        things[kind] = await read[kind]()

    await each(sorted(kinds, key=list(Kind).index), one)
    return Directory(things)


async def _accounts(totango: Totango) -> tuple[Named, ...]:
    return (await totango.accounts())[0]


async def read_live(totango: Totango, accounts: Sequence[str], progress: Progress) -> Live:
    """The objectives of these accounts, one call each."""
    live: dict[str, tuple[Objective, ...] | None] = {}

    async def one(account: str) -> None:
        live[account] = await totango.objectives(account)
        progress(len(live), len(accounts))

    await each(accounts, one)
    return live


async def each(items: Iterable[T], work: Callable[[T], Awaitable[None]]) -> None:
    """Do the work for each item, several at once; raises the first error, when all that was begun is over."""
    todo, errors = iter(items), list[Exception]()

    async def worker() -> None:
        for item in todo:
            try:
                await work(item)
            except Exception as error:
                errors.append(error)
            if errors:
                return

    await asyncio.gather(*(worker() for _ in range(_WORKERS)))
    if errors:
        raise errors[0]
