"""Open the slot store that the settings name."""

from __future__ import annotations

from bulkobj.config.settings import Settings
from bulkobj.core.clock import Clock
from bulkobj.totango.rate_limit.redis.connection import RedisServer
from bulkobj.totango.rate_limit.redis.slots import RedisSlotStore
from bulkobj.totango.rate_limit.slots import SlotStore, slot_store_name
from bulkobj.totango.rate_limit.sqlite_slots import SqliteSlotStore, slot_store_path


def open_slot_store(settings: Settings, clock: Clock) -> SlotStore:
    """Return the slot store of the settings' token: the shared one that they name, or a file of this machine.

    Raises UsageError where there is no token, or the library for a shared one is missing.
    """
    path = slot_store_path(settings.state_dir, settings.require_token())
    return _shared(settings, clock) or SqliteSlotStore(path, clock)


async def check_slot_store(settings: Settings, clock: Clock) -> None:
    """Read and write the shared slot store, if the settings name one; raises UsageError and SharedSlotStoreError."""
    store = _shared(settings, clock)
    if store is None:
        return
    try:
        await store.check(settings.rate)
    finally:
        await store.close()


def _shared(settings: Settings, clock: Clock) -> RedisSlotStore | None:
    if settings.shared_slot_store is None:
        return None
    server = RedisServer(settings.shared_slot_store, clock)
    return RedisSlotStore(server, slot_store_name(settings.require_token()), clock)
