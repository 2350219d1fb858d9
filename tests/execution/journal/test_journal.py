"""The journal: complete after each commit, known when it is older than its run, readable in old versions."""

from __future__ import annotations

import math
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bulkobj.core.clock import SystemClock
from bulkobj.core.model import Action, Field, Objective, Problem, Result, Severity
from bulkobj.execution.journal.journal import Journal
from bulkobj.execution.journal.records import KnownAccount, Moment, Outcome, RunHeader, State, Tenant
from bulkobj.planning.plan import Line, Step

GOLDEN = Path(__file__).with_name("version-1.sqlite")
NOW = Moment.of(SystemClock())
HEADER = RunHeader(
    "20260101-000000-abcd",
    "import",
    "2026-01-01T00:00:00+00:00",
    "f.csv",
    "h",
    "api.totango.com",
    "api.totango.com:443",
    "https://api.totango.com",
    options={"key": "k", "undoes": None, "said": {"path": None}},
    problems=(Problem("unknown-column", "not known", severity=Severity.WARNING),),
    profile="acme",
    tenant=Tenant(("s1", "s2"), ("c1",)),
    existing="duplicate",
)
BEFORE = Objective("o1", "A", {Field.TITLE: "Ünder\n", Field.SUCCESS_PLAYS: ("p1", "p2")}, "2026-01-01T00:00:00.000Z")
LINES = [
    Line(
        2,
        None,
        Action.UPDATE,
        Result.NOT_ATTEMPTED,
        Step(Action.UPDATE, "A", "o1", body={Field.TITLE: "T", Field.SUCCESS_PLAYS: ()}, before=BEFORE),
        "A",
        "o1",
        "T",
        "",
        {Field.TITLE: ("Ünder\n", "T"), Field.SUCCESS_PLAYS: (("p1", "p2"), None)},
        (Problem("hidden-row", "row 2 is hidden", 2, "Title", Severity.WARNING, "Sheet"),),
        account_name="Acme",
    ),
    Line(3, "Sheet", None, Result.INVALID),
]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal.create(tmp_path / "runs", HEADER, b"content", LINES, {"A": ["o1"]}, {"A": NOW})


def path_of(journal: Journal, tmp_path: Path) -> Path:
    return tmp_path / "runs" / f"{journal.header.run}.sqlite"


def test_all_that_is_written_is_read_again(journal: Journal, tmp_path: Path) -> None:
    with closing(Journal.open(path_of(journal, tmp_path), read_only=True)) as again:
        assert again.header == HEADER
        assert [entry.line for entry in again.entries()] == LINES
        assert again.content() == b"content"
        ids = frozenset({"o1"})
        assert again.accounts(NOW.boot) == {"A": KnownAccount(ids, ids, NOW.seconds)}
        assert again.accounts("another start of the machine")["A"].read_at == -math.inf


def test_the_file_alone_is_complete_after_each_commit(journal: Journal, tmp_path: Path) -> None:
    """A copy of it made in mid-run knows all that the run knows, without any file beside it."""
    journal.sending(0, NOW)
    journal.settled(0, Outcome(Result.UPDATED, objective_id="o1", doubtful=("o1",)), NOW)
    copy = tmp_path / "elsewhere" / "runs" / "copy.sqlite"
    copy.parent.mkdir(parents=True)
    shutil.copy(path_of(journal, tmp_path), copy)
    with closing(Journal.open(copy, read_only=True)) as again:
        entry = next(again.entries())
    assert (entry.state, entry.line.result, entry.doubtful) == (State.DONE, Result.UPDATED, ("o1",))


@pytest.mark.durable
def test_commits_are_forced_to_the_disk(journal: Journal) -> None:
    """A rollback journal with synchronous EXTRA: WAL keeps the truth in a second file until the process ends."""
    db = journal._db
    assert db.execute("PRAGMA journal_mode").fetchone() == ("truncate",)
    assert db.execute("PRAGMA synchronous").fetchone() == (3,)


def test_a_journal_older_than_its_last_send_is_recognised(journal: Journal, tmp_path: Path) -> None:
    """Restored from a copy, it takes every step that may have been sent since for sent."""
    path, copy = path_of(journal, tmp_path), tmp_path / "copy"
    shutil.copy(path, copy)
    journal.sending(0, NOW)
    assert not journal.is_older_than_its_run
    journal.close()
    shutil.copy(copy, path)
    with closing(Journal.open(path)) as restored:
        assert restored.is_older_than_its_run
        restored.distrust()
        assert next(restored.entries()).in_doubt
        assert not restored.is_older_than_its_run


def test_a_journal_without_its_mark_may_be_older(journal: Journal, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "marks")
    assert journal.is_older_than_its_run


def test_a_reader_does_not_keep_the_run_waiting(journal: Journal, tmp_path: Path) -> None:
    """Entries are read at once, however slowly they are used."""
    with closing(Journal.open(path_of(journal, tmp_path), read_only=True)) as reader:
        entries = reader.entries()
        next(entries)
        journal._db.execute("PRAGMA busy_timeout = 0")
        journal.sending(0, NOW)


@pytest.mark.parametrize("read_only", [True, False])
def test_a_journal_of_version_1_is_read(tmp_path: Path, *, read_only: bool) -> None:
    """A journal of November 2026, begun with the samples' names, in the middle of its run."""
    path = tmp_path / "runs" / "20261125-135804-yzz5.sqlite"
    path.parent.mkdir()
    shutil.copy(GOLDEN, path)
    with closing(Journal.open(path, read_only=read_only)) as journal:
        entries = list(journal.entries())
        assert [str(entry.state) for entry in entries] == ["done", "sent", "done", "done", "done", "done", "planned"]
        assert entries[0].line.step is not None
        assert entries[0].line.step.body[Field.SUCCESS_PLAYS] == ("play-1", "play-2")
        assert entries[2].line.changes == {Field.TITLE: ("Drive more promoters on G2", "Renamed")}
        assert (journal.header.profile, journal.header.existing) == ("", "refuse")
        assert set(journal.accounts("")) == {"ACME-1001", "BRIG-1014"}
        assert b"90-day onboarding" in journal.content()
        assert not journal.is_older_than_its_run or read_only
    if not read_only:
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA user_version").fetchone() == (2,)


@pytest.mark.durable
def test_the_name_of_a_new_journal_is_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is synchronised once the draft has its name."""
    synced: list[bool] = []
    original = os.fsync

    def fsync(handle: int) -> None:
        synced.append(
            (tmp_path / "runs" / f"{HEADER.run}.sqlite").exists() and Path(f"/proc/self/fd/{handle}").is_dir()
        )
        original(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    Journal.create(tmp_path / "runs", HEADER, b"", LINES, {}).close()
    assert True in synced


def test_a_journal_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    def lines() -> Iterator[Line]:
        yield LINES[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Journal.create(tmp_path / "runs", HEADER, b"", lines(), {})
    assert list((tmp_path / "runs").iterdir()) == []
