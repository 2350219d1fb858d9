"""Runs that stop early, and go on: exit codes, what was and wasn't sent, and nothing twice."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.cli_kit import QUICK, Ran, against, bulkobj, creates
from tests.cli.process_kit import ACCOUNTS, Ended, Machine, each_once, made, plan, writes
from tests.service.server import SandboxServer


def resume(server: SandboxServer, *args: object, **environ: str) -> Ran:
    return against(server, "resume", *args, "--json", stdin=b"", **environ)


def fails(path: Path, bad: int, good: int) -> Path:
    """A plan of some runs of a template that the service refuses, then some creates that can be done."""
    rows = [f"{('ACME-1001', 'BRIG-1014')[n % 2]},,,,,,Advocacy starter" for n in range(bad)]
    rows += [f"BLUE-1010,Planned {n},Adoption,In Progress,,," for n in range(good)]
    path.write_text("\n".join(["Account ID,Title,Category,Status,Start Date,End Date,Template", *rows]))
    return path


def test_so_many_errors_and_no_more(server: SandboxServer, tmp_path: Path) -> None:
    """--max-errors stops after the row that was too much, exit 4; resuming does the rest, exit 1 for the failures."""
    file = fails(tmp_path / "p.csv", 3, 4)
    ran = against(server, "import", file, "--yes", "--json", "--max-errors", 3, "--concurrency", 1)
    assert ran.code == 4
    assert ran.report["counts"] == {"failed": 3, "not-attempted": 4}
    assert "--max-errors" in ran.err
    assert f"bulkobj resume {ran.report['run']}" in ran.err
    assert len(writes(server)) == 3
    resumed = resume(server)
    assert (resumed.code, resumed.report["counts"]) == (1, {"created": 4, "failed": 3})
    assert made(server) == each_once(4)


def test_the_first_ten_failing_of_one_cause_stop_the_run(server: SandboxServer, tmp_path: Path) -> None:
    """A tenant that refuses everything is asked ten times, and not a thousand times."""
    server.fault("status", method="POST", status=400, style="message")
    ran = against(server, "import", plan(tmp_path / "p.csv", 40), "--yes", "--json")
    assert ran.code == 4
    assert ran.report["counts"] == {"failed": 10, "not-attempted": 30}
    assert "one cause" in ran.err
    server.clear_faults()
    resumed = resume(server)
    assert (resumed.code, resumed.report["counts"]) == (1, {"created": 30, "failed": 10})


def test_a_token_that_expires_in_mid_run(server: SandboxServer, tmp_path: Path) -> None:
    """Exit 4 with the service's own words; a new token does the rest, each row once; neither is ever shown."""
    old = server.token
    server.expire_token(after=18, successor="the-next-token")
    file = plan(tmp_path / "p.csv", 30, accounts=ACCOUNTS)
    ran = against(server, "import", file, "--yes", "--json", BULKOBJ_TOKEN=old)
    assert ran.code == 4
    assert ran.report["counts"] == {"created": 10, "not-attempted": 20}
    assert "token" in ran.err
    assert "expired" in ran.err
    again = resume(server, BULKOBJ_TOKEN=old)
    assert (again.code, made(server).total()) == (4, 10)
    resumed = resume(server, BULKOBJ_TOKEN="the-next-token")
    assert (resumed.code, resumed.report["counts"]) == (0, {"created": 30})
    assert made(server) == each_once(30)
    said = "".join(one.out + one.err for one in (ran, again, resumed))
    assert old not in said
    assert "the-next-token" not in said


def test_a_service_that_goes_away_in_mid_run(tmp_path: Path) -> None:
    """Exit 4; when it is there again, `resume` does each row exactly once."""
    folder, file = tmp_path / "served", plan(tmp_path / "p.csv", 20, accounts=ACCOUNTS)

    def going(method: str, path: str, body: bytes) -> None:
        seen.append(path)
        if len(seen) == 8:
            server.fault("reset", when="after")

    seen: list[str] = []
    with SandboxServer(folder, rate="1000/1", on_write=going) as server:
        port, token = server.port, server.token
        ran = against(server, "import", file, "--yes", "--json", "--rate", "99/0.5")
    assert ran.code == 4, ran.err
    assert ran.report["counts"]["created"] < 20
    assert "bulkobj resume" in ran.err
    environ = {"BULKOBJ_TOKEN": token, "BULKOBJ_BASE_URL": f"http://127.0.0.1:{port}"}
    gone = bulkobj("resume", *QUICK, "--rate", "99/0.5", environ=environ)
    assert gone.code == 4
    assert "can't be reached" in gone.err
    with SandboxServer(folder, rate="1000/1", port=port) as server:
        resumed = resume(server)
        assert (resumed.code, resumed.report["counts"]) == (0, {"created": 20}), resumed.err
        assert made(server) == each_once(20)


def test_a_service_that_was_never_there(tmp_path: Path) -> None:
    """A few tries, exit 4, and nothing begun that would have to be resumed."""
    environ = {"BULKOBJ_TOKEN": "t", "BULKOBJ_BASE_URL": "http://127.0.0.1:9"}
    ran = bulkobj("import", "-", "--yes", *QUICK, stdin=creates(3), environ=environ)
    assert (ran.code, "can't be reached" in ran.err) == (4, True), ran.err
    assert not list(tmp_path.glob("state/runs/*"))


def test_the_first_rows_are_shown_and_the_rest_is_agreed_to(server: SandboxServer, tmp_path: Path) -> None:
    """Without a terminal --first needs --yes; with it the first rows are read back and shown, then all is done."""
    file = plan(tmp_path / "p.csv", 9)
    refused = against(server, "import", file, "--first", 2)
    assert (refused.code, writes(server)) == (2, [])
    ran = against(server, "import", file, "--first", 2, "--yes", "--json")
    assert (ran.code, ran.report["counts"]) == (0, {"created": 9})
    assert 'Title: "Planned 0"' in ran.err
    assert 'Title: "Planned 8"' not in ran.err
    assert made(server) == each_once(9)
    shown = [n for n, one in enumerate(server.arrivals()) if "accountId=" in one.path][-1]
    assert len([one for one in server.arrivals()[:shown] if one in writes(server)]) == 2


def test_resuming_what_is_finished_sends_nothing(server: SandboxServer, tmp_path: Path) -> None:
    ran = against(server, "import", plan(tmp_path / "p.csv", 3), "--yes", "--json")
    before = server.arrivals()
    named = resume(server, ran.report["run"])
    assert (named.code, named.report["counts"], named.report["calls"]) == (0, {"created": 3}, ran.report["calls"])
    assert (resume(server).code, against(server, "resume").err) == (0, "there is nothing to resume\n")
    assert server.arrivals() == before


def test_a_failure_is_not_tried_again_by_resuming(server: SandboxServer, tmp_path: Path) -> None:
    """What the service refused was answered: resuming the run leaves it, and exits 1 again."""
    ran = against(server, "import", fails(tmp_path / "p.csv", 2, 2), "--yes", "--json")
    sent = writes(server)
    resumed = resume(server, ran.report["run"])
    assert (ran.code, resumed.code, resumed.report["counts"]) == (1, 1, {"created": 2, "failed": 2})
    assert writes(server) == sent


def test_an_unfinished_file_is_not_begun_anew(server: SandboxServer, tmp_path: Path) -> None:
    """Exit 2 that names the run, with --again as well; another file goes its way meanwhile."""
    file = fails(tmp_path / "p.csv", 2, 2)
    ran = against(server, "import", file, "--yes", "--json", "--max-errors", 1)
    assert ran.code == 4
    sent = writes(server)
    for again in ([], ["--again"]):
        refused = against(server, "import", file, "--yes", *again)
        assert refused.code == 2
        assert f"bulkobj resume {ran.report['run']}" in refused.err
    assert writes(server) == sent
    assert against(server, "import", plan(tmp_path / "other.csv", 1, "Other"), "--yes").code == 0


def test_a_report_in_the_midst_says_what_is_known(tmp_path: Path) -> None:
    """While a run is under way (here: while its second write is received), its report calls itself unfinished."""
    said: list[Ended] = []

    def look(method: str, path: str, body: bytes) -> None:
        if len(writes(watched)) == 1 and not said:
            (journal,) = (tmp_path / "state" / "runs").glob("*.sqlite")
            said.append(Machine(watched, tmp_path / "state").run("report", journal.stem, "-o", tmp_path / "r.json"))

    with SandboxServer(tmp_path / "watched", rate="1000/1", on_write=look) as watched:
        ran = against(watched, "import", plan(tmp_path / "p.csv", 3), "--yes", "--json")
    assert (ran.code, said[0].code) == (0, 0), said
    report = json.loads((tmp_path / "r.json").read_bytes())
    assert [row["result"] for row in report["rows"]] == ["created", "unknown", "not-attempted"]
    assert report["finished"] is False


@pytest.mark.parametrize("state", ["sent", "lost"])
def test_the_report_of_a_run_that_died(server: SandboxServer, tmp_path: Path, state: str) -> None:
    """A row in the air is unknown in the report, with a word on what to do, and the run is unfinished."""
    file = plan(tmp_path / "p.csv", 2)
    run = against(server, "import", file, "--yes", "--json").report["run"]
    with closing(sqlite3.connect(tmp_path / "state" / "runs" / f"{run}.sqlite")) as db, db:
        db.execute(
            "UPDATE line SET state = ?, result = 'not-attempted', finished_at = NULL, objective_id = '' "
            "WHERE position = 1",
            (state,),
        )
        db.execute("UPDATE run SET value = 'false' WHERE name = 'finished'")
    out = tmp_path / "r.json"
    assert bulkobj("report", run, "-o", out).code == 0
    text = out.read_text()
    assert '"finished": false' in text
    assert '"unknown": 1' in text
    resumed = resume(server)
    assert (resumed.code, resumed.report["counts"]) == (0, {"created": 2})
    assert made(server) == each_once(2)


def test_a_rest_that_was_not_wanted_is_sent_only_by_name(
    server: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who said no after the first rows is not overruled by a `bulkobj resume` that cron runs at night."""
    monkeypatch.setattr("bulkobj.cli.console.at_a_terminal", lambda: True)
    file = plan(tmp_path / "p.csv", 4)
    ran = against(server, "import", file, "--first", 2, "--json", stdin=b"y\nn\n")
    assert (ran.code, ran.report["counts"]) == (130, {"created": 2, "not-attempted": 2})
    nightly = against(server, "resume")
    assert nightly.code == 0
    assert f"Run `bulkobj resume {ran.report['run']}` to send the rest" in nightly.err
    assert len(writes(server)) == 2
    server.expire_token(after=4, successor="next")  # two settings, one account, one write
    named = resume(server, ran.report["run"], "--concurrency", 1)
    assert (named.code, named.report["counts"]) == (4, {"created": 3, "not-attempted": 1})
    rest = resume(server, BULKOBJ_TOKEN="next")  # what was asked for by name is agreed to
    assert (rest.code, rest.report["counts"]) == (0, {"created": 4})


def test_an_interrupt_at_the_question_after_the_first_rows(
    server: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 130 with the report of what was done, and a word on how to go on."""
    monkeypatch.setattr("bulkobj.cli.console.at_a_terminal", lambda: True)
    ran = against(server, "import", plan(tmp_path / "p.csv", 4), "--first", 2, "--json", stdin=b"y\n")
    assert (ran.code, ran.report["counts"]) == (130, {"created": 2, "not-attempted": 2})
    assert f"bulkobj resume {ran.report['run']}" in ran.err
