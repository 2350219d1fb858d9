"""Rules that end a run early."""

from __future__ import annotations

import asyncio

from bulkobj.core.errors import AuthorizationError
from bulkobj.core.model import Result
from bulkobj.core.shutdown import StopSignal
from bulkobj.execution.journal.records import Outcome
from bulkobj.execution.stop_rules import StopRules

FORBIDDEN = Outcome(Result.FAILED, "not allowed", http_status=403)
CREATED = Outcome(Result.CREATED, http_status=201)


def reason_after(*seen: tuple[str, Outcome]) -> BaseException | None:
    async def run() -> BaseException | None:
        stop = StopSignal()
        rules = StopRules(stop, None)
        for account, outcome in seen:
            rules.saw(account, outcome)
        return stop.reason

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(run())


def test_five_accounts_in_a_row_that_answer_403_stop_the_run() -> None:
    assert isinstance(reason_after(*((f"A{n}", FORBIDDEN) for n in range(5))), AuthorizationError)


def test_one_account_or_others_in_between_do_not() -> None:
    assert reason_after(*[("A", FORBIDDEN)] * 9) is None
    some = [(f"A{n}", FORBIDDEN) for n in range(8)]
    assert reason_after(*some[:4], ("B", CREATED), *some[4:]) is None


def test_rows_that_are_not_sent_neither_count_nor_break_the_row() -> None:
    unchanged = ("B", Outcome(Result.UNCHANGED))
    some = [(f"A{n}", FORBIDDEN) for n in range(5)]
    assert isinstance(reason_after(*some[:3], unchanged, *some[3:]), AuthorizationError)
