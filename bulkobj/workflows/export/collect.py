"""Reads what an export needs: names, accounts, and the objectives of each, one call an account."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bulkobj.core.errors import ReadRefusedError
from bulkobj.core.model import Named, Objective
from bulkobj.validation.names import Directory, Kind
from bulkobj.workflows.export.content import Account, Filters
from bulkobj.workflows.lookup import each, read_directory

if TYPE_CHECKING:
    from bulkobj.totango.client import Totango


@dataclass(frozen=True, slots=True)
class Collected:
    """What was read: accounts with the objectives that are wanted, why others could not be, how many search hides."""

    accounts: tuple[Account, ...]
    directory: Directory
    failed: Mapping[str, str]
    out_of_reach: int


async def collect(
    totango: Totango, asked: Sequence[str], filters: Filters, progress: Callable[[int, int], None]
) -> Collected:
    """Read the accounts asked for, all where none is named; an account that can't be read is told of, and left out.

    Raises UsageError for a filter's unknown name, ServiceDownError and AuthorizationError as any read does.
    """
    directory = await read_directory(totango, (Kind.STATUS, Kind.CATEGORY))
    filters = filters.resolved(directory)
    known, total = await _search(totango, needed=not asked)
    names = {account.id: account for account in known}
    wanted = [names.get(id_, Named(id_, "")) for id_ in dict.fromkeys(asked)] if asked else list(known)
    found: dict[str, Account] = {}
    failed: dict[str, str] = {}

    async def read(account: Named) -> None:
        try:
            objectives = await totango.objectives(account.id)
        except ReadRefusedError as error:
            failed[account.id] = str(error)
        else:
            if objectives is None and asked:
                failed[account.id] = "the service does not know this account"
            found[account.id] = _account(account, objectives or (), filters)
        progress(len(found), len(wanted))

    await each(wanted, read)
    accounts = tuple(found[account.id] for account in wanted if account.id not in failed)
    return Collected(accounts, directory, failed, 0 if asked else total - len(known))


async def _search(totango: Totango, *, needed: bool) -> tuple[tuple[Named, ...], int]:
    """All accounts that search can reach; where only their names are wanted, search may fail."""
    try:
        return await totango.accounts()
    except ReadRefusedError:
        if needed:
            raise
        return (), 0


def _account(account: Named, objectives: tuple[Objective, ...], filters: Filters) -> Account:
    return Account(account, tuple(one for one in objectives if filters.wants(one)))
