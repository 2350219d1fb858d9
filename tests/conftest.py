"""What every test has: no home of its own to spoil, no environment to lean on, a sandbox when it asks for one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.cli.redis_kit import MISSING, PROGRAM, RedisDaemon
from tests.service.server import SandboxServer

# A slow machine is no failure: no example is timed.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees a real home, token or setting."""
    for name in list(os.environ):
        if name.startswith("BULKOBJ_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BULKOBJ_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("BULKOBJ_CONFIG", str(tmp_path / "config.toml"))


@pytest.fixture(autouse=True)
def _unsynchronised(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """No journal of this process is forced to the disk, which takes longer than most tests; `durable` ones are."""
    if "durable" not in request.keywords:
        monkeypatch.setattr("bulkobj.execution.journal.journal.SYNCHRONOUS", "OFF")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SandboxServer]:
    """A sandbox with its seeds, at twenty times the real rate."""
    with SandboxServer(tmp_path / "served", rate="100/3") as running:
        yield running


@pytest.fixture(scope="session")
def redis_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisDaemon]:
    """A Redis for all tests that do it no harm."""
    if PROGRAM is None:
        pytest.skip(MISSING)
    with RedisDaemon(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisDaemon]:
    """A Redis for a test that empties, stops or kills it."""
    if PROGRAM is None:
        pytest.skip(MISSING)
    with RedisDaemon(tmp_path / "redis") as running:
        yield running
