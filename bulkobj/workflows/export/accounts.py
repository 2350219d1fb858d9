"""The accounts that a command is about: named by id or name, found by account search, or all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bulkobj.core.errors import ReadRefusedError, UsageError
from bulkobj.core.model import Named
from bulkobj.core.suggestion import closest
from bulkobj.core.text import counted, folded
from bulkobj.totango.client import Totango

_SHOWN_IDS = 5


@dataclass(frozen=True, slots=True)
class AccountChoice:
    """The accounts to work on.

    ``named`` are ids or names. ``where`` maps an attribute of account search to the values that are wanted; an account
    must fit every attribute.
    """

    named: tuple[str, ...] = ()
    everything: bool = False
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def check(self) -> None:
        """Raise UsageError where nothing was chosen."""
        if not self.named and not self.everything and not self.where:
            raise UsageError("no accounts are chosen. Add --account ID, --accounts-file PATH, --where or --all")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The accounts that were chosen, each once.

    ``out_of_reach`` counts those that search knows of and cannot list. ``unknown`` are named accounts that a complete
    search does not have; they are among the accounts, taken for ids.
    """

    accounts: tuple[Named, ...]
    out_of_reach: int = 0
    unknown: tuple[str, ...] = ()

    def refuse_unknown(self) -> None:
        """Raise UsageError where a named account is unknown."""
        for text in self.unknown:
            raise UsageError(text)


async def choose_accounts(totango: Totango, choice: AccountChoice) -> Chosen:
    """Find the accounts.

    A named account is an id if search knows it, else a name, else an id that search does not show.

    Raises:
        UsageError: a name that several accounts have, or a filter that no account fits.
        ReadRefusedError: search is refused, and `--all` or `--where` needs it.
    """
    found: dict[str, Named] = {}
    unknown: list[str] = []
    listed, total = await _searched(totango) if choice.named else ((), 0)
    for text in choice.named:
        account = _named(text, listed)
        if account is None and listed and len(listed) >= total:
            unknown.append(_unknown(text, listed))
        found[account.id if account else text] = account or Named(text, "")
    if not choice.everything and not choice.where:
        return Chosen(tuple(found.values()), unknown=tuple(unknown))
    listed, total = await totango.accounts(() if choice.everything else _terms(choice.where))
    found |= {account.id: account for account in listed}
    if not found and choice.where:
        raise UsageError("no account fits --where. Check the attribute and the value: both are spelled as in Totango")
    return Chosen(tuple(found.values()), max(total - len(listed), 0), tuple(unknown))


async def _searched(totango: Totango) -> tuple[tuple[Named, ...], int]:
    """Search all accounts; a refusal gives none, since only names are looked up."""
    try:
        return await totango.accounts()
    except ReadRefusedError:
        return (), 0


def _terms(where: Mapping[str, Sequence[str]]) -> list[dict[str, object]]:
    """Return the filter in the words of account search (API.md, "Account search")."""
    return [
        {"type": "string_attribute", "attribute": attribute, "in_list": list(values)}
        for attribute, values in where.items()
    ]


def _named(text: str, known: Sequence[Named]) -> Named | None:
    """Return the account with that id, or the only one with that name."""
    by_id = next((account for account in known if account.id == text), None)
    if by_id is not None:
        return by_id
    named = [account for account in known if folded(account.name) == folded(text)]
    if len(named) > 1:
        ids = ", ".join(account.id for account in named[:_SHOWN_IDS])
        raise UsageError(f'"{text}" is the name of {len(named)} accounts. Use an id instead: {ids}')
    return named[0] if named else None


def _unknown(text: str, known: Sequence[Named]) -> str:
    """Return the message for an account that search does not know."""
    close = closest(text, (account.name for account in known))
    return f'unknown account "{text}"' + (f'. Did you mean "{close}"?' if close else "")


def beyond_search(number: int) -> str:
    """Return the note on accounts that search cannot list."""
    there = counted(number, "account is", "accounts are")
    return f"{there} beyond the reach of account search. Use --accounts-file to name them"
