"""The first promise with real processes on the machine's own clock, some of them killed or stopped at any moment."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import pytest

from tests.cli.redis_kit import RedisDaemon
from tests.totango.rate_limit.limiter_hammer import RATE, TIMEOUT
from tests.totango.rate_limit.limiter_world import worst_window

PROCESSES = 5


class Hammers:
    """Processes of :mod:`limiter_hammer` on one slot store, each replaced when it is killed."""

    def __init__(self, store: str, log: Path) -> None:
        self.store, self.log = store, log
        self.started = 0
        self.running = [self._start() for _ in range(PROCESSES)]

    def _start(self) -> subprocess.Popen[bytes]:
        self.started += 1

        arguments: list[str | Path] = [
            sys.executable,
            "-m",
            "tests.totango.rate_limit.limiter_hammer",
            self.store,
            self.log,
            str(self.started),
        ]
        return subprocess.Popen(arguments, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})

    def kill(self, number: int) -> None:
        self.running[number].kill()
        self.running[number].wait()
        self.running[number] = self._start()

    def stop_for(self, number: int, seconds: float) -> None:
        self.running[number].send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.running[number].send_signal(signal.SIGCONT)

    def end(self) -> None:
        for process in self.running:
            process.kill()
            process.wait()

    def arrivals(self) -> list[float]:
        return [float(line) for line in self.log.read_text().splitlines()]


@contextmanager
def hammering(folder: Path, store: str = "") -> Iterator[Hammers]:
    """Processes on the slot store of that URL, or on a file."""
    hammers = Hammers(store or str(folder / "calls.sqlite"), folder / "log")
    try:
        yield hammers
    finally:
        hammers.end()


@pytest.mark.proof
@pytest.mark.skipif(os.name != "posix", reason="kills and stops processes the POSIX way")
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", ["file", "redis"])
def test_killed_and_stopped_processes_break_no_window(
    tmp_path: Path, seed: int, kind: str, request: pytest.FixtureRequest
) -> None:
    """For 20 seconds, one process after another is killed or stopped for a moment."""
    random = Random(seed)
    store = request.getfixturevalue("own_redis").url if kind == "redis" else ""
    with hammering(tmp_path, store) as hammers:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            time.sleep(random.uniform(0.2, 1.0))
            victim = random.randrange(PROCESSES)
            if random.random() < 0.5:
                hammers.kill(victim)
            else:
                hammers.stop_for(victim, random.uniform(0, TIMEOUT))
    arrivals = hammers.arrivals()
    assert len(arrivals) > 150
    assert worst_window(arrivals, RATE.seconds) <= RATE.calls


@pytest.mark.proof
@pytest.mark.parametrize("seed", [3, 4])
def test_a_slot_store_removed_in_the_midst_breaks_no_window(tmp_path: Path, seed: int) -> None:
    """Processes whose slot store is removed or damaged wait, agree on a new one, and go on."""
    random = Random(seed)
    with hammering(tmp_path) as hammers:
        for _ in range(2):
            time.sleep(random.uniform(3, 5))
            with suppress(FileNotFoundError):
                Path(hammers.store).unlink()
        time.sleep(4)
        survivors = [process for process in hammers.running if process.poll() is None]
    arrivals = hammers.arrivals()
    assert len(survivors) == PROCESSES
    assert len(arrivals) > 80
    assert worst_window(arrivals, RATE.seconds) <= RATE.calls


def flush(daemon: RedisDaemon) -> None:
    daemon.client.flushall()


def restart(daemon: RedisDaemon) -> None:
    daemon.kill()
    daemon.start()


def stand_still(daemon: RedisDaemon) -> None:
    daemon.process.send_signal(signal.SIGSTOP)
    time.sleep(1)
    daemon.process.send_signal(signal.SIGCONT)


@pytest.mark.proof
@pytest.mark.skipif(os.name != "posix", reason="stops a server the POSIX way")
@pytest.mark.parametrize("trouble", [flush, restart, stand_still])
def test_a_redis_in_trouble_breaks_no_window(
    tmp_path: Path, own_redis: RedisDaemon, trouble: Callable[[RedisDaemon], None]
) -> None:
    """Processes whose Redis is emptied, restarted or slow wait, agree on a new slot store, and go on."""
    random = Random(5)
    with hammering(tmp_path, own_redis.url) as hammers:
        for _ in range(3):
            time.sleep(random.uniform(3, 5))
            trouble(own_redis)
        time.sleep(4)
        survivors = [process for process in hammers.running if process.poll() is None]
    arrivals = hammers.arrivals()
    assert len(survivors) == PROCESSES
    assert len(arrivals) > 80
    assert worst_window(arrivals, RATE.seconds) <= RATE.calls
