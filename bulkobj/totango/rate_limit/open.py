"""Which ledger the settings name."""

from __future__ import annotations

from bulkobj.config.settings import Settings
from bulkobj.core.clock import Clock
from bulkobj.totango.rate_limit.redis.connection import RedisServer
from bulkobj.totango.rate_limit.redis.slots import RedisLedger
from bulkobj.totango.rate_limit.slots import Ledger, ledger_name
from bulkobj.totango.rate_limit.sqlite_slots import SqliteLedger, ledger_path


def open_ledger(settings: Settings, clock: Clock) -> Ledger:
    """The ledger of the settings' token: the shared one that they name, or a file of this machine.

    Raises UsageError where there is no token, or the library for a shared one is missing.
    """
    return _shared(settings, clock) or SqliteLedger(ledger_path(settings.state_dir, settings.require_token()), clock)


async def check_ledger(settings: Settings, clock: Clock) -> None:
    """Read and write the shared ledger, if the settings name one; raises UsageError and SharedLedgerError."""
    ledger = _shared(settings, clock)
    if ledger is None:
        return
    try:
        await ledger.check(settings.rate)
    finally:
        await ledger.close()


def _shared(settings: Settings, clock: Clock) -> RedisLedger | None:
    if settings.shared_ledger is None:
        return None
    return RedisLedger(RedisServer(settings.shared_ledger, clock), ledger_name(settings.require_token()), clock)
