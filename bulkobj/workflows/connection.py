"""From settings to a service to talk to: the real one, or the embedded sandbox; and how a command is interrupted."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from random import Random
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from bulkobj.config.settings import Settings
from bulkobj.core.clock import Clock, SystemClock
from bulkobj.core.errors import InterruptedRunError
from bulkobj.core.shutdown import StopRequestedError, StopSignal
from bulkobj.totango.lookup import Progress, Reading, read_directory, read_live
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

    def names(self, kinds: Iterable[Kind]) -> tuple[Directory, int]:
        """The names of these kinds, and the calls that it took to read them."""
        return self.run(lambda totango, _: _counted(totango, read_directory(totango, kinds)))

    def live(self, accounts: Mapping[str, Sequence[int]], directory: Directory, progress: Progress) -> Reading:
        """Read the objectives of these accounts (:func:`bulkobj.totango.lookup.read_live`)."""
        return self.run(lambda totango, _: read_live(totango, accounts, directory, self.clock, progress))


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
    """A connection to what the settings name; the sandbox runs for as long as it is open."""
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
    """A tenant's host and port (contract, "The round trip")."""
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
