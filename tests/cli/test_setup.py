"""`login`, `logout`, `config`, `doctor`, profiles and what is logged."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend

from tests.cli.cli_kit import against, bulkobj, creates
from tests.service.server import SandboxServer


class MemoryKeyring(KeyringBackend):
    """A keyring that forgets at the end of a test."""

    priority = 5

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def ring() -> Iterator[MemoryKeyring]:
    before, ring = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


def test_a_token_is_checked_kept_used_and_removed(server: SandboxServer, ring: MemoryKeyring) -> None:
    """It is kept for this profile and host, and nowhere but in the keyring."""
    kept = against(server, "login", stdin=server.token.encode() + b"\n", BULKOBJ_TOKEN="")
    assert kept.code == 0, kept.err
    assert list(ring.kept.values()) == [server.token]
    assert server.token not in kept.err + kept.out
    assert against(server, "settings", BULKOBJ_TOKEN="").code == 0
    assert against(server, "logout", BULKOBJ_TOKEN="").code == 0
    assert ring.kept == {}
    assert against(server, "settings", BULKOBJ_TOKEN="").code == 2


def test_a_token_that_is_refused_is_not_kept(server: SandboxServer, ring: MemoryKeyring) -> None:
    assert against(server, "login", stdin=b"wrong\n", BULKOBJ_TOKEN="").code == 4
    assert ring.kept == {}
    assert against(server, "login", stdin=b"\n", BULKOBJ_TOKEN="").code == 2


def test_without_a_keyring_a_private_file_is_said_plainly(server: SandboxServer, tmp_path: Path) -> None:
    kept = against(server, "login", stdin=server.token.encode(), BULKOBJ_TOKEN="")
    assert "no usable keyring" in kept.err
    (file,) = (tmp_path / "state" / "tokens").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert against(server, "settings", BULKOBJ_TOKEN="").code == 0
    assert against(server, "logout", BULKOBJ_TOKEN="").code == 0
    assert not file.exists()


def test_a_token_is_not_sent_to_another_host(server: SandboxServer, ring: MemoryKeyring, tmp_path: Path) -> None:
    assert against(server, "login", stdin=server.token.encode(), BULKOBJ_TOKEN="").code == 0
    with SandboxServer(tmp_path / "other") as other:
        assert against(other, "settings", BULKOBJ_TOKEN="").code == 2
        assert not other.arrivals()


def test_config_and_doctor_never_show_the_token(server: SandboxServer) -> None:
    for command in ("config", "doctor"):
        ran = against(server, command)
        assert ran.code == 0, ran.out
        assert server.token not in ran.out + ran.err
    assert "set in BULKOBJ_TOKEN" in against(server, "config").out


def test_doctor_says_what_is_wrong(server: SandboxServer) -> None:
    denied = against(server, "doctor", BULKOBJ_TOKEN="wrong")
    assert denied.code == 2
    assert "WRONG" in denied.out
    assert "BULKOBJ_TOKEN" in denied.out


def test_a_profile_says_what_is_not_said_otherwise(server: SandboxServer, tmp_path: Path) -> None:
    """Column names, the order of dates and aliases among it."""
    (tmp_path / "config.toml").write_text(
        f'[profiles.work]\nbase_url = "{server.url}"\nrate = "50/3"\ndate_order = "DMY"\n'
        '[profiles.work.columns]\n"Ziel" = "Title"\n[profiles.work.aliases.status]\n"wip" = "In Progress"\n'
    )
    plan = b"Account ID,Ziel,Category,Status,Start Date,End Date\nBLUE-1010,T,Adoption,WIP,02/03/2027,04/05/2027\n"
    environ = {"BULKOBJ_TOKEN": server.token, "BULKOBJ_PROFILE": "work"}
    ran = bulkobj("import", "-", "--yes", "--json", "--report", tmp_path / "r.csv", stdin=plan, environ=environ)
    assert ran.code == 0, ran.err
    made = next(one for one in server.objectives() if one["title"] == "T")
    assert made["startDate"] == "2027-03-02T00:00:00.000Z"
    assert "50 per 3 s" in bulkobj("config", environ=environ).out


def test_the_log_has_every_call_and_never_the_token(server: SandboxServer, tmp_path: Path) -> None:
    ran = against(server, "import", "-", "--yes", "-vv", "--report", tmp_path / "r.csv", stdin=creates(2))
    log = tmp_path / "state" / "bulkobj.log"
    assert log.read_text().count("POST /api/v3/objectives/: status 201 (done)") == 2
    assert "POST /api/v3/objectives/" in ran.err
    assert server.token not in log.read_text() + ran.err
    assert log.stat().st_mode & 0o077 == 0


def test_old_journals_are_pruned(server: SandboxServer, tmp_path: Path) -> None:
    assert against(server, "import", "-", "--yes", "--report", tmp_path / "r.csv", stdin=creates(1)).code == 0
    assert "0 journals deleted" in bulkobj("runs", "--prune", "1d").err
    assert "1 journal deleted" in bulkobj("runs", "--prune", "0d").err
    assert bulkobj("runs", "--prune", "soon").code == 2


def test_no_file_of_a_run_holds_the_token(server: SandboxServer, tmp_path: Path) -> None:
    """Not the journal, the slot store, the report or the log."""
    reports = [tmp_path / f"r.{ending}" for ending in ("csv", "json", "xlsx")]
    args = [arg for path in reports for arg in ("--report", path)]
    assert against(server, "import", "-", "--yes", *args, stdin=creates(2), BULKOBJ_TOKEN=server.token).code == 0
    for path in [*tmp_path.rglob("*")]:
        if path.is_file() and "served" not in path.parts:
            assert server.token.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    "line",
    [
        "encoding = 5",
        "delimiter = true",
        "timezone = 1",
        'aliases = "x"',
        'columns = "x"',
        "columns = []",
        "aliases.status = 'x'",
        'rate = "many"',
        'base_url = ["x"]',
        "region = ['x']",
        "concurrency = 0.5",
    ],
)
def test_a_setting_of_another_kind_is_named_with_its_place(tmp_path: Path, line: str) -> None:
    """Exit 2 and one line, in every command that reads the profile."""
    (tmp_path / "config.toml").write_text(f"[profiles.default]\n{line}\n")
    (tmp_path / "p.csv").write_bytes(creates(1))
    for command in (["config"], ["validate", "p.csv", "--offline"]):
        ran = bulkobj(*command)
        assert ran.code == 2
        assert line.split(maxsplit=1)[0].split(".", maxsplit=1)[0] in ran.err
        assert "inside bulkobj" not in ran.err


def test_the_region_of_the_environment_goes_before_a_profile(tmp_path: Path) -> None:
    """What is said nearer to the user counts, whichever of the two ways of naming a host it is."""
    (tmp_path / "config.toml").write_text('[profiles.default]\nbase_url = "https://proxy.example"\n')
    assert "https://proxy.example" in bulkobj("config").out
    assert "https://api-eu1.totango.com" in bulkobj("config", environ={"BULKOBJ_REGION": "eu"}).out
    both = {"BULKOBJ_REGION": "eu", "BULKOBJ_BASE_URL": "https://other.example"}
    assert "https://other.example" in bulkobj("config", environ=both).out
    assert "https://api.totango.com" in bulkobj("config", "--region", "us", environ=both).out


def test_logging_out_of_the_sandbox_spares_the_real_token(server: SandboxServer, ring: MemoryKeyring) -> None:
    assert against(server, "login", stdin=server.token.encode(), BULKOBJ_TOKEN="").code == 0
    assert against(server, "logout", "--sandbox", BULKOBJ_TOKEN="").code == 0
    assert list(ring.kept.values()) == [server.token]


def test_a_proxy_is_used_and_sees_no_token(tmp_path: Path) -> None:
    """As other tools do it, HTTPS_PROXY is asked for a tunnel to the host, and the token goes through that alone."""
    asked: list[bytes] = []

    class Refusing(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            asked.append(self.request.recv(4000))
            self.request.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refusing) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        environ = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.server_address[1]}", "BULKOBJ_TOKEN": "secret-token"}
        ran = bulkobj("settings", "--rate", "99/0.1", environ=environ)
        proxy.shutdown()
    assert ran.code == 4
    assert asked[0].startswith(b"CONNECT api.totango.com:443 ")
    assert not any(b"secret-token" in one for one in asked)


def test_the_shell_completes_commands_and_run_ids(server: SandboxServer, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes(creates(1))
    run = against(server, "import", "p.csv", "--yes", "--json").report["run"]
    for words, position, expected in (("bulkobj va", "1", "plain,validate"), ("bulkobj undo ", "2", f"plain,{run}")):
        environ = {"_BULKOBJ_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": position}
        assert bulkobj(environ=environ).out.split() == [expected]
