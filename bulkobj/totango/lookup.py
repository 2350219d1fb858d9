"""Reads what a plan needs from the service: names and the live objectives of accounts, each once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from bulkobj.core.clock import Clock
from bulkobj.core.errors import AuthorizationError, ReadRefusedError, StoppedError
from bulkobj.core.model import Named, Objective
from bulkobj.core.text import clean, numbered
from bulkobj.validation.names import Directory, Kind

if TYPE_CHECKING:
    from bulkobj.totango.client import Totango

T = TypeVar("T")

#: Progress callback, called as progress(completed, total).
Progress = Callable[[int, int], None]

#: More than any concurrency: the client bounds what is in flight.
_WORKERS = 64
#: A token that sees none of so many accounts is refused altogether.
_MOST_FORBIDDEN = 10


async def read_directory(totango: Totango, kinds: Iterable[Kind]) -> Directory:
    """Read the names of these kinds, one call a kind (account search: one a page)."""
    read: dict[Kind, Callable[[], Awaitable[tuple[Named, ...]]]] = {
        Kind.STATUS: totango.statuses,
        Kind.CATEGORY: totango.categories,
        Kind.TEMPLATE: totango.templates,
    }
    things: dict[Kind, tuple[Named, ...]] = {}
    every_account = False

    async def one(kind: Kind) -> None:
        nonlocal every_account
        if kind is Kind.ACCOUNT:
            things[kind], total = await totango.accounts()
            every_account = len(things[kind]) == total
        else:
            things[kind] = await read[kind]()

    await each(sorted(kinds, key=list(Kind).index), one)
    return Directory(things, every_account)


@dataclass(slots=True)
class Reading:
    """Accounts as they were read.

    ``live`` has None for an account that the service does not know or does not show. ``read_at`` is the time just
    before each account was read, on the clock's ``now``. ``forbidden`` holds the service's answer for accounts that
    the token may not see. ``calls`` were sent to read all this.
    """

    live: dict[str, tuple[Objective, ...] | None] = field(default_factory=dict)
    read_at: dict[str, float] = field(default_factory=dict)
    forbidden: dict[str, str] = field(default_factory=dict)
    calls: int = 0


async def read_live(
    totango: Totango, accounts: Mapping[str, Sequence[int]], directory: Directory, clock: Clock, progress: Progress
) -> Reading:
    """Read the objectives of these accounts, one call each; ``accounts`` maps each to the numbers of its rows.

    An account with an empty list is looked for by account search, unless the directory has all accounts. Raises
    StoppedError for an account that can't be read; 403 alone counts as unknown while others can be read.
    """
    reading = Reading()

    async def one(account: str) -> None:
        reading.read_at[account] = clock.now()
        try:
            reading.live[account] = await totango.objectives(account)
        except StoppedError as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise _naming(error, account, accounts[account]) from error
            reading.forbidden[account] = str(error)
            if len(reading.forbidden) >= _MOST_FORBIDDEN and not reading.live:
                raise
        progress(len(reading.live) + len(reading.forbidden), len(accounts))

    await each(accounts, one)
    if reading.forbidden and not reading.live:
        account, answer = next(iter(reading.forbidden.items()))
        raise _naming(AuthorizationError(answer, HTTPStatus.FORBIDDEN), account, accounts[account])
    empty = [account for account, objectives in reading.live.items() if objectives == ()]
    if empty:
        known = await _every_account(totango, directory)
        reading.live |= {account: None for account in empty if known is not None and account not in known}
    reading.live |= dict.fromkeys(reading.forbidden)
    reading.calls = totango.calls
    return reading


def _naming(error: StoppedError, account: str, rows: Sequence[int]) -> StoppedError:
    where = f"{'row' if len(rows) == 1 else 'rows'} {numbered(rows, 12)}" if rows else "no row"
    return type(error)(f'cannot read account "{clean(account, 80)}" ({where}): {error}', error.status)


async def _every_account(totango: Totango, directory: Directory) -> frozenset[str] | None:
    """Return the ids of all accounts; None if search is refused or incomplete."""
    known, complete = directory.things.get(Kind.ACCOUNT, ()), directory.every_account
    if Kind.ACCOUNT not in directory.things:
        try:
            known, total = await totango.accounts()
        except (ReadRefusedError, AuthorizationError):
            return None
        complete = len(known) == total
    return frozenset(account.id for account in known) if complete else None


async def each(items: Iterable[T], work: Callable[[T], Awaitable[None]]) -> None:
    """Do the work for each item, several at once; raise the first error when all that was begun is over."""
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
