"""The set-up: logging in, the region of an account, and what is wrong with a configuration."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bulkobj.config.credentials import TokenPlace, checked_token, keyring_trouble
from bulkobj.config.profiles import remember_region
from bulkobj.config.settings import Settings, load_settings
from bulkobj.config.value_types import REGIONS
from bulkobj.core.errors import BulkobjError, UsageError, cause
from bulkobj.execution.journal.run_store import RunStore
from bulkobj.workflows.connection import check_slot_store, connected
from bulkobj.workflows.ui import Ui

if TYPE_CHECKING:
    from bulkobj.totango.client import Totango

_SERVICE_ID = re.compile(r"SP-[A-Za-z0-9-]{1,40}")
#: The site of services in the EU (API.md, "Known").
_EU_SITE = "t11"
#: Seconds by which the computer's time may be off: more confuses certificates and tokens.
_CLOCK = 120


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A token that the service accepts: the settings, the number of statuses, and the words for where it is kept."""

    settings: Settings
    statuses: int
    place: str


def log_in(token: str, settings: Settings, ui: Ui, *, region: str | None = None) -> LoggedIn:
    """Check the token with one call to the settings' target, and keep it for their profile.

    A ``region`` is saved in the profile. Raises UsageError for a text that is no token, AuthorizationError for a token
    that is refused, StorageError where it cannot be kept.
    """
    token = checked_token(token, "your input")
    if not token:
        raise UsageError("no token was entered. Enter it, or set BULKOBJ_TOKEN")
    if region is not None:
        settings = load_settings(replace(settings.options, region=region))
    tried = replace(settings, token=token, token_trouble="")
    with connected(tried, ui.waiting, ui.stoppable) as connection:
        statuses = connection.run(lambda totango, _: totango.statuses())
    place = token_place(settings).write(token)
    if region is not None:
        remember_region(settings.config_path, settings.profile, region)
    return LoggedIn(settings, len(statuses), place)


def token_place(settings: Settings) -> TokenPlace:
    """Return the place of the profile's token for its host."""
    return TokenPlace(settings.state_dir, settings.profile, settings.base_url)


def token_source(settings: Settings) -> str:
    """Return the words for where the token comes from, or for why there is none."""
    if settings.sandbox:
        return "the sandbox's own"
    if settings.token_trouble:
        return settings.token_trouble
    if settings.token:
        return f"set in {'BULKOBJ_TOKEN' if os.environ.get('BULKOBJ_TOKEN', '').strip() else 'BULKOBJ_TOKEN_FILE'}"
    try:
        stored = token_place(settings).read()
    except BulkobjError as error:
        return str(error)
    return "stored by `bulkobj login`" if stored else "none. Run `bulkobj login` or set BULKOBJ_TOKEN"


def region_of_service(service_id: str, timeout: float) -> str:
    """Return the region of a service, such as ``eu``. Raises UsageError where it cannot be found; no token is sent."""
    if not _SERVICE_ID.fullmatch(service_id.strip()):
        raise UsageError("this is no service ID. Enter it as in Totango, such as SP-1234-01")
    import httpx  # noqa: PLC0415 - slow to import

    try:
        address = f"{REGIONS['us']}/domains/"
        response = httpx.get(address, params={"service_id": service_id.strip()}, timeout=timeout)
        sites = list(_sites(response.json())) if response.is_success else []
    except Exception:  # trouble with a proxy or a certificate, no JSON, no response: all of them leave the region open
        sites = []
    if not sites:
        raise UsageError(f"cannot find the region of service {service_id.strip()}. Check the ID, or choose us or eu")
    return "eu" if sites[0].casefold() == _EU_SITE else "us"


def _sites(document: Any) -> Iterator[str]:
    """Return the texts under ``site``, at any depth."""
    parts = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in parts:
        if key == "site" and isinstance(value, str) and value:
            yield value
        else:
            yield from _sites(value)


def checks(settings: Settings, ui: Ui) -> Iterator[tuple[str, str]]:
    """Check the set-up. Returns each thing that was checked, with what is wrong with it and what to do, or ``""``."""
    yield f"config file {settings.config_path}", ""  # one with a mistake gives no settings
    state_trouble = _state_trouble(settings)
    yield f"state folder {settings.state_dir}", state_trouble
    if not state_trouble:
        store = RunStore(settings.state_dir)
        yield "journals", _trouble(lambda: _journal_trouble(store))
        yield "runs", _trouble(lambda: _run_trouble(store))
    yield "keyring", keyring_trouble()
    if not settings.sandbox:
        token_trouble = _trouble(lambda: _token_trouble(settings))
        yield f"token: {token_source(settings)}" if not token_trouble else "token", token_trouble
        if token_trouble:
            return
    if settings.shared_slot_store:
        yield f"slot store {settings.shared_slot_store}", _trouble(lambda: check_slot_store(settings))
    yield from _service_checks(settings, ui)


def _trouble(check: Callable[[], str | None]) -> str:
    """Return what is wrong: the text that the check returns, or its error."""
    try:
        return check() or ""
    except BulkobjError as error:
        return str(error)
    except OSError as error:
        return f"cannot be checked: {cause(error)}. Check its permissions"


def _token_trouble(settings: Settings) -> str:
    settings.require_token()
    return ""


def _journal_trouble(store: RunStore) -> str:
    unreadable = ", ".join(path.name for path in store.unreadable())
    return f"cannot be read: {unreadable}. Move them to another folder" if unreadable else ""


def _run_trouble(store: RunStore) -> str:
    unfinished = [info.header.run for info in store.all() if not info.header.finished]
    return f"not finished: {', '.join(unfinished)}. Run `bulkobj resume` to continue" if unfinished else ""


def _state_trouble(settings: Settings) -> str:
    folder = settings.state_dir
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = folder / f".bulkobj-{os.getpid()}.tmp"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return f"cannot be written: {cause(error)}. Set BULKOBJ_STATE_DIR to a folder that you can write to"
    return ""


def _service_checks(settings: Settings, ui: Ui) -> Iterator[tuple[str, str]]:
    async def skew_of(totango: Totango) -> float | None:
        await totango.statuses()
        return totango.skew

    try:
        with connected(settings, ui.waiting, ui.stoppable) as connection:
            skew = connection.run(lambda totango, _: skew_of(totango)) or 0.0
    except BulkobjError as error:
        yield f"service {settings.target}", str(error)
        return
    yield f"{settings.target} answers, and accepts the token", ""
    trouble = f"differs from the service's by {abs(skew):.0f} s. Set the computer's time"
    yield "clock", trouble if abs(skew) > _CLOCK else ""
