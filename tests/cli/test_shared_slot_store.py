"""A slot store in a Redis, as a profile names it: messages, refusals, and two machines that share it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bulkobj.config.redis_url import RedisUrl, parse_redis_url
from bulkobj.config.settings import Options, load_settings
from bulkobj.core.errors import UsageError
from tests.cli.cli_kit import against, bulkobj, creates
from tests.cli.process_kit import Machine, each_once, made, plan, until, writes
from tests.cli.redis_kit import RedisDaemon
from tests.service.server import SandboxServer

PASSWORD = "s3cret-word"


def profile(folder: Path, store: object) -> None:
    """The config file of a test, with this slot store in it."""
    value = f'"{store}"' if isinstance(store, str) else store
    (folder / "config.toml").write_text(f"[profiles.default]\nslot_store = {value}\n")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://host", "redis://host"),
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("rediss://me:s3cret-word@host:1/2?ssl_ca_certs=/ca.pem", "rediss://host:1/2"),
        ("redis://:s3cret-word@[::1]:6379", "redis://[::1]:6379"),
        ("redis://me@host?db=3", "redis://host"),
        ("unix:///run/redis.sock?db=3", "unix:///run/redis.sock?db=3"),
        ("unix://me:s3cret-word@/run/redis.sock", "unix:///run/redis.sock"),
    ],
)
def test_a_url_is_shown_without_what_is_secret(url: str, shown: str) -> None:
    store = parse_redis_url(url, "the place")
    assert store.full == url
    assert str(store) == shown
    assert PASSWORD not in repr(store)


def test_a_text_that_holds_the_password_is_shown_without_it() -> None:
    """As it stands in the URL, and as the library reads it."""
    store = RedisUrl("redis://me:s3cret%2Fword@host/0")
    assert store.without_secrets("s3cret/word and s3cret%2Fword of redis://me:s3cret%2Fword@host/0") == "… and … of …"


@pytest.mark.parametrize(
    "url",
    ["", "s3cret-word", "http://s3cret-word@host", "redis://", "redis:///0", "redis://s3cret-word@", "redis://host:0",
     "redis://host:s3cret-word", "redis://host/s3cret-word", "redis://host/0/1", "redis://host?db=s3cret-word",
     "redis://host?socket_timeout=900&x=s3cret-word", "redis://host?ssl_ca_certs=s3cret-word", "redis://host#s3cret-word",
     "unix://", "unix:///", "unix://host/s3cret-word", "redis://[s3cret-word", "redis://:s3cret-word/@host:1"],
)  # fmt: skip
def test_what_is_no_url_is_refused_unseen(tmp_path: Path, url: str) -> None:
    """The message names the key of the profile, and shows nothing of what might be a password."""
    profile(tmp_path, url)
    ran = bulkobj("config")
    assert ran.code == 2
    assert '"slot_store" in [profiles.default]' in ran.err
    assert PASSWORD not in ran.err


def test_a_slot_store_that_is_no_text_is_refused(tmp_path: Path) -> None:
    profile(tmp_path, 6379)
    with pytest.raises(UsageError, match="slot_store"):
        load_settings(Options())


def test_config_and_doctor_show_it_without_its_password(
    server: SandboxServer, own_redis: RedisDaemon, tmp_path: Path
) -> None:
    """A slot store that can be used is `ok`."""
    own_redis.client.config_set("requirepass", PASSWORD)
    profile(tmp_path, own_redis.url.replace("//", f"//:{PASSWORD}@"))
    for command in ("config", "doctor"):
        environ = {"BULKOBJ_TOKEN": server.token, "BULKOBJ_BASE_URL": server.url}
        ran = bulkobj(command, "--timeout", "0.5", "--rate", "99/0.5", environ=environ)
        assert ran.code == 0, ran.out
        assert own_redis.url in ran.out
        assert PASSWORD not in ran.out + ran.err
    assert f"ok     slot store {own_redis.url}" in ran.out


def test_doctor_says_what_is_wrong_with_it(server: SandboxServer, own_redis: RedisDaemon, tmp_path: Path) -> None:
    """A wrong password, and a server that isn't there."""
    own_redis.client.config_set("requirepass", "another")
    profile(tmp_path, own_redis.url.replace("//", f"//:{PASSWORD}@"))
    denied = against(server, "doctor")
    own_redis.client.config_set("requirepass", "")
    own_redis.kill()
    away = against(server, "doctor")
    for ran in (denied, away):
        assert ran.code == 2
        assert f"WRONG  slot store {own_redis.url}" in ran.out
        assert "Check that this Redis runs" in ran.out
        assert PASSWORD not in ran.out + ran.err
    assert not server.arrivals()


def test_without_the_library_it_is_said_how_to_get_it(
    server: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is sent."""
    profile(tmp_path, "redis://host")
    monkeypatch.setitem(sys.modules, "redis", None)
    ran = against(server, "import", "-", "--yes", stdin=creates(1))
    assert ran.code == 2
    assert "pip install 'bulkobj[redis]'" in ran.err
    assert "pip install 'bulkobj[redis]'" in against(server, "doctor").out
    assert not server.arrivals()


def test_the_embedded_sandbox_needs_no_redis(tmp_path: Path) -> None:
    """Its slot store is a file, whatever the profile says."""
    profile(tmp_path, "redis://127.0.0.1:1")
    assert "in the state folder" in bulkobj("config", "--sandbox").out
    assert bulkobj("doctor", "--sandbox").code == 0


def test_a_check_offline_needs_no_redis(server: SandboxServer, tmp_path: Path) -> None:
    profile(tmp_path, "redis://127.0.0.1:1")
    assert against(server, "validate", "-", "--offline", stdin=creates(1)).code == 0


def test_a_redis_that_is_away_stops_before_anything_is_sent(server: SandboxServer, tmp_path: Path) -> None:
    profile(tmp_path, f"redis://:{PASSWORD}@127.0.0.1:1")
    ran = against(server, "import", "-", "--yes", stdin=creates(1))
    assert ran.code == 4
    assert "cannot use the slot store redis://127.0.0.1:1" in ran.err
    assert PASSWORD not in ran.err
    assert not server.arrivals()


def machines(server: SandboxServer, daemon: RedisDaemon, folder: Path, **changes: str) -> list[Machine]:
    """Two of them: each has a state folder of its own."""
    found = []
    for name in ("one", "other"):
        state = folder / name
        state.mkdir()
        profile(state, daemon.url)
        found.append(Machine(server, state, {"BULKOBJ_TIMEOUT": "2", **changes}))
    return found


@pytest.mark.proof
def test_two_machines_share_a_budget(server: SandboxServer, own_redis: RedisDaemon, tmp_path: Path) -> None:
    """The service, which allows one call more, sees no window with too many, and refuses none."""
    one, other = machines(server, own_redis, tmp_path)
    plans = [plan(tmp_path / f"{name}.csv", 100, name) for name in ("Here", "There")]
    with one.start("import", plans[0], "--yes") as here, other.start("import", plans[1], "--yes") as there:
        assert [here.end().code, there.end().code] == [0, 0]
    assert made(server, "Here") == each_once(100, "Here")
    assert made(server, "There") == each_once(100, "There")
    assert server.worst_window(3) <= 99
    assert {arrival.status for arrival in server.arrivals()} <= {200, 201}


@pytest.mark.proof
def test_a_redis_that_dies_in_mid_run_stops_it_resumable(
    server: SandboxServer, own_redis: RedisDaemon, tmp_path: Path
) -> None:
    """With exit code 4, every row known; resumed on a Redis that knows nothing, each row is there once."""
    one, _ = machines(server, own_redis, tmp_path)
    with one.start("import", plan(tmp_path / "plan.csv", 150), "--yes") as process:
        until(lambda: len(writes(server)) > 30)
        own_redis.kill()
        ended = process.end()
    assert ended.code == 4, ended.err
    assert "cannot use the slot store" in ended.err
    assert "bulkobj resume" in ended.err
    assert 30 < len(made(server)) < 150
    own_redis.start()
    assert one.run("resume").code == 0
    assert made(server) == each_once(150)
    assert server.worst_window(3) <= 99
