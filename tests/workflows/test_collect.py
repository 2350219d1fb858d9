"""What an export reads."""

from __future__ import annotations

import asyncio
from typing import Any

from bulkobj.core.errors import ReadRefusedError
from bulkobj.core.model import Named, Objective
from bulkobj.workflows.export.accounts import AccountChoice
from bulkobj.workflows.export.collect import Collected, collect
from bulkobj.workflows.export.content import Filters


class FakeTotango:
    """A tenant of more accounts than search can reach; one of them can't be read."""

    total = 12_345

    async def statuses(self) -> tuple[Named, ...]:
        return (Named("s", "S"),)

    async def categories(self) -> tuple[Named, ...]:
        return (Named("c", "C"),)

    async def templates(self) -> tuple[Named, ...]:
        return ()

    async def accounts(self, _: Any = ()) -> tuple[tuple[Named, ...], int]:
        return tuple(Named(f"a{n}", f"Account {n}") for n in range(3)), self.total

    async def objectives(self, account_id: str) -> tuple[Objective, ...] | None:
        if account_id == "a1":
            raise ReadRefusedError("500")
        return None if account_id == "a2" else (Objective(f"o-{account_id}", account_id),)


def collected(totango: Any, *args: Any) -> Collected:
    """What is collected, on a loop of its own."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(collect(totango, *args))


def _progress(_: int, __: int) -> None:
    """Nobody looks."""


def test_accounts_beyond_the_reach_of_search_are_counted() -> None:
    totango: Any = FakeTotango()
    found = collected(totango, AccountChoice(everything=True), Filters(), _progress)
    assert found.out_of_reach == 12_342
    assert [account.about.id for account in found.accounts] == ["a0", "a2"]
    assert found.failed == {"a1": "500"}


def test_an_account_asked_for_that_nobody_knows_is_told_of() -> None:
    totango: Any = FakeTotango()
    found = collected(totango, AccountChoice(("a0", "a2", "a0")), Filters(), _progress)
    assert found.out_of_reach == 0
    assert [account.about.name for account in found.accounts] == ["Account 0"]
    assert list(found.failed) == ["a2"]
