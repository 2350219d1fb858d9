"""Retrying, undoing and resuming a run; results of unattended runs; limits on deletions."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.cli.cli_kit import SIX, Ran, against, bulkobj, creates, writes
from tests.service.server import SandboxServer


def failing(server: SandboxServer, path: Path, rows: int = 3) -> Ran:
    """An import whose second row fails."""
    path.write_bytes(creates(rows))
    server.fault("status", method="POST", path="/objectives", status=400, skip=1, count=1)
    return against(server, "import", path, "--yes", "--json", "--concurrency", 1)


def test_retry_imports_what_was_not_done(server: SandboxServer, tmp_path: Path) -> None:
    """From the file as the run stored it, once."""
    ran = failing(server, tmp_path / "p.csv")
    assert (ran.code, ran.report["counts"]) == (1, {"created": 2, "failed": 1})
    assert f"bulkobj retry {ran.report['run']}" in ran.err
    (tmp_path / "p.csv").unlink()
    without = against(server, "retry", ran.report["run"])
    assert without.code == 2
    assert f"Retry run {ran.report['run']} (p.csv) into 127.0.0.1" in without.err
    dry = against(server, "retry", ran.report["run"], "--dry-run", "--json")
    assert [(row["row"], row["result"]) for row in dry.report["rows"]] == [(3, "would-create")]
    retried = against(server, "retry", ran.report["run"][-4:], "--yes", "--json")
    assert (retried.code, retried.report["counts"]) == (0, {"created": 1})
    assert len(writes(server)) == 4
    again = against(server, "retry", ran.report["run"], "--yes", "--json")
    assert again.report["counts"] == {"unchanged": 1}
    nothing = against(server, "retry", retried.report["run"], "--yes", "--json")
    assert (nothing.code, nothing.report) == (0, {"error": None, "exit_code": 0})


def test_retry_does_not_count_what_the_run_made_for_other_rows(server: SandboxServer, tmp_path: Path) -> None:
    """Of two equal rows one is there: it is the other one's."""
    row = creates(1).split(b"\n")[1]
    (tmp_path / "p.csv").write_bytes(b"\n".join([SIX.encode(), row, row]))
    server.fault("status", method="POST", path="/objectives", status=400, skip=1, count=1)
    run = against(server, "import", tmp_path / "p.csv", "--yes", "--json").report["run"]
    assert against(server, "retry", run, "--yes", "--json").report["counts"] == {"created": 1}


def test_retry_refuses_an_unfinished_run(server: SandboxServer, tmp_path: Path) -> None:
    server.expire_token(after=5, successor="next")
    (tmp_path / "p.csv").write_bytes(creates(3))
    run = against(server, "import", tmp_path / "p.csv", "--yes", "--json", "--concurrency", 1).report["run"]
    refused = against(server, "retry", run, "--yes", BULKOBJ_TOKEN="next")
    assert refused.code == 2
    assert f"bulkobj resume {run}" in refused.err


def test_failures_of_a_run_are_written_later(server: SandboxServer, tmp_path: Path) -> None:
    run = failing(server, tmp_path / "p.csv").report["run"]
    failures, report = tmp_path / "f.csv", tmp_path / "r.csv"
    assert bulkobj("report", run, "--failures", failures).code == 0
    assert [row["Title"] for row in csv.DictReader(io.StringIO(failures.read_text("utf-8-sig")))] == ["Planned 1"]
    assert bulkobj("report", run, "-o", report, "--failures", failures).code == 0
    assert len(report.read_text("utf-8-sig").splitlines()) == 4
    assert bulkobj("report", run).code == 2


def test_the_last_run_is_undone_and_shown_so(server: SandboxServer, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes(creates(2))
    run = against(server, "import", tmp_path / "p.csv", "--yes", "--json").report["run"]
    assert against(server, "undo", "last", "--yes").code == 0
    first, second = bulkobj("runs").out.splitlines()[1:]
    assert run in first
    assert "undone" in first[:80]
    assert f"undo of {run[-4:]}" in second[:80]


def profiles(tmp_path: Path, text: str) -> dict[str, str]:
    """The environment with a config file of this text."""
    path = tmp_path / "profiles.toml"
    path.write_text(text)
    return {"BULKOBJ_CONFIG": str(path)}


def test_a_run_goes_back_to_its_own_tenant(tmp_path: Path) -> None:
    """Its profile is used; another tenant behind the same address gets no write, and a profile that is gone is said."""
    settings = {kind: [{"id": f"x-{n}", "displayName": name}] for n, (kind, name) in enumerate(_OTHERS.items())}
    with SandboxServer(tmp_path / "service", rate="1000/1") as server:
        environ = profiles(tmp_path, f'[profiles.a]\nbase_url = "{server.url}"\n[profiles.b]\nrate = "50/3"\n')
        (tmp_path / "p.csv").write_bytes(creates(3))
        server.expire_token(after=5, successor="next")
        token = {"BULKOBJ_TOKEN": server.token} | environ
        stopped = bulkobj(
            "import", tmp_path / "p.csv", "--profile", "a", "--yes", "--json", "--concurrency", 1, environ=token
        )
        assert stopped.code == 4
        before = writes(server)
        for kind, documents in settings.items():
            server.put(kind, documents, replace=True)
        environ |= {"BULKOBJ_TOKEN": "next"}
        for command in ("resume", "undo"):
            ran = bulkobj(command, stopped.report["run"], *(["--yes"] if command == "undo" else []), environ=environ)
            assert ran.code == 2
            assert "tenant" in ran.err
        assert writes(server) == before
        gone = profiles(tmp_path, '[profiles.b]\nrate = "50/3"\n') | {"BULKOBJ_TOKEN": "next"}
        assert bulkobj("resume", environ=gone).code == 2


_OTHERS = {"statuses": "Open", "categories": "Growth"}


def test_a_run_that_changed_nothing_writes_no_results(server: SandboxServer, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes(creates(1))
    folder = tmp_path / "results" / "here"
    for _ in range(2):
        assert against(server, "import", tmp_path / "p.csv", "--yes", "--report-dir", folder).code == 0
    (only,) = folder.iterdir()
    assert only.name.startswith("p-results-")
    assert not list(tmp_path.glob("p-results-*"))


def test_a_file_that_is_not_there_may_be_no_error(server: SandboxServer, tmp_path: Path) -> None:
    ran = against(server, "import", tmp_path / "none.csv", "--yes", "--if-exists", "--json")
    assert (ran.code, ran.report) == (0, {"error": None, "exit_code": 0})
    assert against(server, "import", tmp_path / "none.csv", "--yes").code == 2


def deletions(server: SandboxServer, number: int) -> bytes:
    """A plan that deletes so many objectives, of one account alone."""
    server.put("objectives", [_objective(n) for n in range(number)])
    ids = [one["id"] for one in server.objectives() if one["title"].startswith("Old ")]
    return "\n".join(["Action,Account ID,Objective ID", *(f"delete,BLUE-1010,{id_}" for id_ in ids)]).encode()


def _objective(number: int) -> dict[str, str]:
    return {"id": f"old-{number}", "accountId": "BLUE-1010", "title": f"Old {number}"}


def test_many_deletions_need_a_word_more(server: SandboxServer, tmp_path: Path) -> None:
    plan = deletions(server, 11)
    refused = against(server, "import", "-", "--yes", "--json", stdin=plan)
    assert (refused.code, refused.report["counts"]) == (3, {"not-attempted": 11})
    assert [problem["code"] for problem in refused.report["problems"]] == ["too-many-deletes"]
    assert against(server, "import", "-", "--yes", "--allow-deletes", 10, stdin=plan).code == 3
    environ = profiles(tmp_path, "[profiles.default]\nmax_deletes = 10\n")
    assert against(server, "import", "-", "--yes", "--allow-deletes", 11, stdin=plan, **environ).code == 3
    assert not writes(server)
    assert against(server, "import", "-", "--yes", "--allow-deletes", 11, stdin=plan).code == 0


@pytest.mark.parametrize(("answer", "code"), [(b"3\n", 0), (b"y\n", 130), (b"\n", 130), (b"2\n", 130)])
def test_the_number_of_deletions_is_typed(
    server: SandboxServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: bytes, code: int
) -> None:
    monkeypatch.setattr("bulkobj.cli.console.at_a_terminal", lambda: True)
    (tmp_path / "p.csv").write_bytes(deletions(server, 3))
    ran = against(server, "import", tmp_path / "p.csv", stdin=answer)
    assert ran.code == code
    assert f"Import p.csv into {server.url.removeprefix('http://')} (profile default): delete 3?" in ran.err
    assert len(writes(server)) == (3 if code == 0 else 0)


def test_owners_are_compared_with_the_tenants_users(server: SandboxServer) -> None:
    """A warning with a suggestion; one who owns something already is known, and a refusal means no check."""
    users = [{"id": "jane@acme.com", "name": "Jane Doe"}]
    server.put("users", users, replace=True)
    plan = f"{SIX},Owner\nBLUE-1010,T,Adoption,In Progress,,,jane@acme.con\nBLUE-1010,U,Adoption,In Progress,,,Jane Doe"
    ran = against(server, "import", "-", "--dry-run", "--json", stdin=plan.encode())
    found = [problem for row in ran.report["rows"] for problem in row["problems"] if problem["code"] == "unknown-owner"]
    assert [problem["severity"] for problem in found] == ["warning"]
    assert 'Did you mean "jane@acme.com"?' in found[0]["message"]
    server.behave(users="refused")
    ran = against(server, "import", "-", "--dry-run", "--json", stdin=plan.encode())
    assert "unknown-owner" not in ran.out


def test_what_was_taken_out_of_an_export_is_warned_of(server: SandboxServer, tmp_path: Path) -> None:
    """A cell that was emptied, a row that was removed: nothing happens."""
    from openpyxl import load_workbook  # noqa: PLC0415 - heavy, and only this test needs it

    path = tmp_path / "export.xlsx"
    assert against(server, "export", "--account", "ACME-1001", "-o", path).code == 0
    book = load_workbook(path)
    sheet = book.worksheets[0]
    place = [cell.value for cell in sheet[1]].index("Owner") + 1
    sheet.cell(2, place).value = None
    sheet.delete_rows(3)
    book.save(path)
    ran = against(server, "import", path, "--yes", "--json")
    codes = {problem["code"] for row in ran.report["rows"] for problem in row["problems"]}
    assert ran.code == 0
    assert codes == {"emptied-cell"}
    assert [problem["code"] for problem in ran.report["problems"]] == ["missing-row"]
    assert not writes(server)
