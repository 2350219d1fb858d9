"""The service that settings name, real or embedded, what a plan reads from it, and how a command is interrupted."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from random import Random
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from bulkobj.config.settings import Settings
from bulkobj.core.clock import Clock, SystemClock
from bulkobj.core.errors import AuthorizationError, InterruptedRunError, ReadRefusedError, StoppedError
from bulkobj.core.model import Field, Named, Objective
from bulkobj.core.shutdown import StopRequestedError, StopSignal
from bulkobj.core.text import clean, folded, numbered
from bulkobj.validation.names import Directory, Kind

if TYPE_CHECKING:
    from bulkobj.totango.client import Totango

T = TypeVar("T")

#: Takes a function that stops the work from any thread, as Ctrl-C does; None once the work is over.
Stoppable = Callable[[Callable[[], None] | None], None]


@dataclass(frozen=True, slots=True)
class Connection:
    """A service that can be talked to. ``key`` tells it from every other, a sandbox that was emptied included."""

    settings: Settings
    key: str
    clock: Clock
    random: Random
    on_wait: Callable[[float], None]
    stoppable: Stoppable | None = None

    @property
    def tenant(self) -> str:
        """The host and port, or the sandbox: the same from one command to the next."""
        return self.key.partition("#")[0]

    def run(self, work: Callable[[Totango, StopSignal], Coroutine[Any, Any, T]]) -> T:
        """Do some work with the service on an event loop of its own, until it is done or the user interrupts.

        An interrupt ends every wait and lets what is in flight finish; a second one ends at once. Raises what the
        work raises, and the error that a stop was asked with.
        """
        # A loop of its own, that is nobody's default: a script that calls the pipeline may have one already.
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            return runner.run(self._run(work))

    async def _run(self, work: Callable[[Totango, StopSignal], Coroutine[Any, Any, T]]) -> T:
        from bulkobj.totango.client import open_totango  # noqa: PLC0415 - HTTP is slow to import, and a check offline needs none

        stop = StopSignal()
        with _interrupts(asyncio.get_running_loop(), stop, self.stoppable):
            try:
                async with open_totango(self.settings, self.clock, self.random, stop, self.on_wait) as totango:
                    done = await work(totango, stop)
            except StopRequestedError:
                raise stop.reason or InterruptedRunError("interrupted") from None
        if stop.reason is not None:  # nothing had to wait: what follows must hear of it all the same
            raise stop.reason
        return done

    def names(self, kinds: Iterable[Kind], maybe_ids: Collection[str] = ()) -> tuple[Directory, int]:
        """Return the names of these kinds (:func:`read_directory`), and the calls that it took to read them."""
        return self.run(lambda totango, _: _counted(totango, read_directory(totango, kinds, maybe_ids)))

    def live(
        self,
        accounts: Mapping[str, Sequence[int]],
        directory: Directory,
        progress: Progress,
        *,
        with_users: bool = False,
    ) -> Reading:
        """Read the objectives of these accounts (:func:`read_live`), and the tenant's users if they are wanted."""

        async def read(totango: Totango, _: StopSignal) -> Reading:
            reading = await read_live(totango, accounts, directory, self.clock, progress)
            reading.users = await totango.users() if with_users else None
            reading.slot_waits, reading.calls = await totango.slot_waits(), totango.calls
            return reading

        return self.run(read)


async def _counted(totango: Totango, read: Coroutine[Any, Any, T]) -> tuple[T, int]:
    return await read, totango.calls


def check_slot_store(settings: Settings) -> None:
    """Read and write the slot store that several machines share, if the settings name one.

    Raises UsageError where the library for it is missing, SharedSlotStoreError where it can't be used.
    """
    from bulkobj.totango.rate_limit import open as stores  # noqa: PLC0415 - as HTTP above

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(stores.check_slot_store(settings, SystemClock()))


@contextmanager
def connected(
    settings: Settings, on_wait: Callable[[float], None], stoppable: Stoppable | None = None
) -> Iterator[Connection]:
    """Yield a connection to what the settings name; the sandbox runs for as long as it is open."""
    with _sandboxed(settings) as (reached, key):
        yield Connection(reached, key, SystemClock(), Random(), on_wait, stoppable)  # noqa: S311 - jitter and names, no secrets


@contextmanager
def _sandboxed(settings: Settings) -> Iterator[tuple[Settings, str]]:
    if not settings.sandbox:
        yield settings, target_key(settings.base_url)
        return
    from bulkobj.sandbox.embedded import embedded  # noqa: PLC0415 - a web server that only the sandbox needs

    with embedded(settings.state_dir / "sandbox", seconds=settings.rate.seconds) as server:
        yield replace(settings, base_url=server.url, token=server.token), f"sandbox#{server.incarnation}"


def target_key(base_url: str) -> str:
    """Return a tenant's host and port."""
    parts = urlsplit(base_url)
    return f"{parts.hostname}:{parts.port or {'https': 443}.get(parts.scheme, 80)}"


@contextmanager
def _interrupts(loop: asyncio.AbstractEventLoop, stop: StopSignal, stoppable: Stoppable | None) -> Iterator[None]:
    """Turn the first Ctrl-C or SIGTERM into a wish to stop; the second does what it always does.

    Signals reach the main thread only. Elsewhere ``stoppable`` is given a function that does the same.
    """
    names = (signal.SIGINT, signal.SIGTERM)
    before: dict[signal.Signals, Any] = {}

    def ask() -> None:
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(stop.ask, InterruptedRunError("interrupted"))

    def on_signal(number: int, _: FrameType | None) -> None:
        signal.signal(number, before.get(signal.Signals(number), signal.SIG_DFL))
        ask()

    if stoppable is not None:
        stoppable(ask)
    try:
        for name in names:
            before[name] = signal.signal(name, on_signal)
    except ValueError:
        pass  # not the main thread: whoever started it has the signals
    try:
        yield
    finally:
        if stoppable is not None:
            stoppable(None)
        for name, handler in before.items():
            signal.signal(name, handler)


#: Progress callback, called as progress(completed, total).
Progress = Callable[[int, int], None]

#: More than any concurrency: the client bounds what is in flight.
_WORKERS = 64
#: Objectives that tell a hidden field from one that is blank by chance.
_ENOUGH = 3
#: A token that sees none of so many accounts is refused altogether.
_MOST_FORBIDDEN = 10


async def read_directory(totango: Totango, kinds: Iterable[Kind], maybe_ids: Collection[str] = ()) -> Directory:
    """Read the names of these kinds, one call a kind (account search: one a page).

    ``maybe_ids`` are ids or names of accounts. Those that an incomplete search does not find count as ids, as do all
    of them if the search is refused; reading the accounts decides.
    """
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
            things[kind], every_account = await _accounts(totango, maybe_ids)
        else:
            things[kind] = await read[kind]()

    await each(sorted(kinds, key=list(Kind).index), one)
    return Directory(things, every_account)


async def _accounts(totango: Totango, maybe_ids: Collection[str]) -> tuple[tuple[Named, ...], bool]:
    """Return the accounts, and whether they are all of the tenant's."""
    try:
        found, total = await totango.accounts()
    except (ReadRefusedError, AuthorizationError) as error:
        if not maybe_ids or error.status == HTTPStatus.UNAUTHORIZED:
            raise
        return tuple(Named(one, one) for one in dict.fromkeys(maybe_ids)), False
    if len(found) == total:
        return found, True
    known = {folded(text) for account in found for text in (account.id, account.name)}
    more = (one for one in dict.fromkeys(maybe_ids) if folded(one) not in known)
    return (*found, *(Named(one, one) for one in more)), False


@dataclass(slots=True)
class Reading:
    """Accounts as they were read.

    ``live`` has None for an account that the service does not know or does not show. ``read_at`` is the time just
    before each account was read, on the clock's ``now``. ``forbidden`` holds the service's answer for accounts that
    the token may not see. ``users`` are the tenant's own, None where they are not known. ``slot_waits`` are the seconds
    until each slot of the rate was free after the last account was read. ``calls`` were sent to read all this.
    """

    live: dict[str, tuple[Objective, ...] | None] = field(default_factory=dict)
    read_at: dict[str, float] = field(default_factory=dict)
    forbidden: dict[str, str] = field(default_factory=dict)
    users: tuple[Named, ...] | None = None
    slot_waits: tuple[float, ...] = ()
    calls: int = 0

    def owners(self) -> frozenset[str] | None:
        """Return the tenant's users, by address and name, and the owners of objectives; None without the users."""
        if self.users is None:
            return None
        live = {str(one.get(Field.OWNER)) for objectives in self.live.values() for one in objectives or ()}
        return frozenset(live.union(*({user.id, user.name} for user in self.users)) - {""})


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
    reading.live = _with_hidden_fields(reading.live)
    return reading


def _with_hidden_fields(
    live: Mapping[str, tuple[Objective, ...] | None],
) -> dict[str, tuple[Objective, ...] | None]:
    """Return the accounts with the fields that the service never shows as the only unshown ones.

    A service may leave out fields that are blank. A field counts as hidden if no objective shows it, and if blank
    fields are shown otherwise, or enough objectives were read to tell.
    """
    every = [one for objectives in live.values() for one in objectives or ()]
    hidden = frozenset(Field).intersection(*(one.unshown for one in every)) if every else frozenset()
    shows_blanks = any(name not in one.fields and name not in one.unshown for one in every for name in Field)
    if not shows_blanks and len(every) < _ENOUGH:
        hidden = frozenset()
    return {
        account: objectives and tuple(replace(one, unshown=hidden) for one in objectives)
        for account, objectives in live.items()
    }


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
