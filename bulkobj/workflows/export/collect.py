"""Reads what an export needs: names, accounts, and the objectives of each, one call an account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bulkobj.core.errors import ReadRefusedError
from bulkobj.core.model import Named, Objective
from bulkobj.validation.names import Directory, Kind
from bulkobj.workflows.connection import each, read_directory
from bulkobj.workflows.export.accounts import AccountChoice, choose_accounts
from bulkobj.workflows.export.content import Account, Filters

if TYPE_CHECKING:
    from bulkobj.totango.client import Totango


@dataclass(frozen=True, slots=True)
class Collected:
    """Accounts with their objectives, messages for those that could not be read, and the number that search hides."""

    accounts: tuple[Account, ...]
    directory: Directory
    failed: Mapping[str, str]
    out_of_reach: int


async def collect(
    totango: Totango, choice: AccountChoice, filters: Filters, progress: Callable[[int, int], None]
) -> Collected:
    """Read the accounts that were chosen; one that can't be read is left out, with the reason.

    Raises:
        UsageError: an unknown name in a filter or of an account.
        ServiceDownError, AuthorizationError: as any read.
    """
    directory = await read_directory(totango, (Kind.STATUS, Kind.CATEGORY))
    filters = filters.resolved(directory)
    chosen = await choose_accounts(totango, choice)
    wanted = chosen.accounts
    found: dict[str, Account] = {}
    failed: dict[str, str] = {}

    async def read(account: Named) -> None:
        try:
            objectives = await totango.objectives(account.id)
        except ReadRefusedError as error:
            failed[account.id] = str(error)
        else:
            if objectives is None and choice.named:
                failed[account.id] = "the service does not know this account"
            found[account.id] = _account(account, objectives or (), filters)
        progress(len(found), len(wanted))

    await each(wanted, read)
    accounts = tuple(found[account.id] for account in wanted if account.id not in failed)
    return Collected(accounts, directory, failed, chosen.out_of_reach)


def _account(account: Named, objectives: tuple[Objective, ...], filters: Filters) -> Account:
    return Account(account, tuple(one for one in objectives if filters.wants(one)))
