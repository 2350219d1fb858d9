"""The folder of runs: finding one by what a person types, and what the runs of a tenant have done."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bulkobj.core.clock import SystemClock
from bulkobj.core.errors import UsageError
from bulkobj.core.model import Action, Field, Result
from bulkobj.execution.journal.journal import Journal
from bulkobj.execution.journal.records import Moment, Outcome, Tenant
from bulkobj.execution.journal.run_store import RunStore, row_key
from bulkobj.planning.plan import Line, Step
from tests.execution.journal.test_journal import HEADER

NOW = Moment.of(SystemClock())
KEY = HEADER.target_key


def begun(store: RunStore, run: str, *steps: Step, **changes: object) -> Journal:
    """Return a new run's journal."""
    lines = [
        Line(n, None, step.action, Result.NOT_ATTEMPTED, step, step.account_id, step.objective_id, title(step))
        for n, step in enumerate(steps, start=2)
    ]
    options = {**HEADER.options, "undoes": changes.pop("undoes", None)}
    header = replace(HEADER, run=run, options=options, **changes)  # type: ignore[arg-type]  # one dict for many types
    return Journal.create(store.folder, header, b"", lines, {})


def title(step: Step) -> str:
    return str(step.body.get(Field.TITLE, ""))


def done(store: RunStore, run: str, *steps: Step, **changes: object) -> None:
    """Make a finished run."""
    with closing(begun(store, run, *steps, **changes)) as journal:
        for position in range(len(steps)):
            journal.sending(position, NOW)
            journal.settled(position, Outcome(Result.CREATED), NOW)
        journal.finish(finished=True)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path)


@pytest.mark.parametrize("name", ["20260102-000000-efgh", "20260102", "efgh", "EFGH", "last"])
def test_a_run_is_named_by_id_beginning_or_last_four_characters(store: RunStore, name: str) -> None:
    done(store, "20260101-000000-abcd")
    done(store, "20260102-000000-efgh")
    assert store.find(name).stem == "20260102-000000-efgh"


@pytest.mark.parametrize("name", ["", "2026", "fgh", "../x", "nope", "*"])
def test_a_name_that_means_no_run_or_several_is_refused(store: RunStore, name: str) -> None:
    done(store, "20260101-000000-abcd")
    done(store, "20260102-000000-efgh")
    with pytest.raises(UsageError):
        store.find(name)


def test_states(store: RunStore) -> None:
    begun(store, "20260101-000000-aaaa").close()
    done(store, "20260102-000000-bbbb")
    done(store, "20260103-000000-cccc", undoes="20260102-000000-bbbb")
    done(store, "20260104-000000-dddd", undone=True)
    assert [info.state for info in store.all()] == ["unfinished", "finished", "undo of bbbb", "undone"]


def test_a_run_that_is_at_work_is_shown_and_kept(store: RunStore) -> None:
    done(store, "20260101-000000-aaaa")
    with store.working("20260101-000000-aaaa"):
        assert [info.at_work for info in store.all()] == [True]
        assert store.prune(SystemClock().wall()) == []
        with pytest.raises(UsageError, match="20260101-000000-aaaa"), store.working("20260101-000000-aaaa"):
            pass
    assert [info.at_work for info in store.all()] == [False]


def test_only_finished_runs_are_pruned_with_all_their_files(store: RunStore, tmp_path: Path) -> None:
    begun(store, "20260101-000000-aaaa").close()
    done(store, "20260102-000000-bbbb")
    assert store.prune(SystemClock().wall()) == ["20260102-000000-bbbb"]
    assert [path.name for path in store.folder.iterdir()] == ["20260101-000000-aaaa.sqlite"]
    assert [path.name for path in (tmp_path / "marks").iterdir()] == ["20260101-000000-aaaa"]


def test_the_newest_unfinished_run_of_the_profile_goes_first(store: RunStore) -> None:
    begun(store, "20260101-000000-aaaa", profile="mine").close()
    begun(store, "20260102-000000-bbbb", profile="other").close()
    assert store.to_resume("mine") == "20260101-000000-aaaa"
    assert store.to_resume("third") == store.to_resume() == "20260102-000000-bbbb"


TEMPLATE = Step(Action.RUN_TEMPLATE, "A", template_id="t1")


def test_template_runs_are_counted_unless_undone_or_refused_for_certain(store: RunStore) -> None:
    done(store, "20260101-000000-aaaa", TEMPLATE, TEMPLATE)
    done(store, "20260102-000000-bbbb", TEMPLATE, undone=True)
    done(store, "20260103-000000-cccc", TEMPLATE, tenant=Tenant(("elsewhere",), ()))
    with closing(begun(store, "20260104-000000-dddd", TEMPLATE, TEMPLATE, TEMPLATE)) as journal:
        journal.sending(0, NOW)
        journal.settled(0, Outcome(Result.UNKNOWN), NOW)
        journal.sending(1, NOW)
        journal.settled(1, Outcome(Result.FAILED), NOW)
    ran = store.template_runs(KEY, Tenant(("s2", "new"), ("c1",)))
    assert ran == {("A", "t1"): ["20260101-000000-aaaa"] * 2 + ["20260104-000000-dddd"]}
    assert store.template_runs("elsewhere", HEADER.tenant) == {}


def test_rows_of_unfinished_runs_are_known_by_all_their_names(store: RunStore) -> None:
    made = Step(Action.CREATE, "A", body={Field.TITLE: "New  Title"})
    changed = Step(Action.UPDATE, "A", "o2", body={Field.TITLE: "Renamed"})
    done(store, "20260101-000000-aaaa", Step(Action.CREATE, "A", body={Field.TITLE: "Other"}))
    with closing(begun(store, "20260102-000000-bbbb", made, changed, TEMPLATE)) as journal:
        journal.settled(0, Outcome(Result.CREATED, objective_id="o1"), NOW)
    ((info, rows),) = store.unfinished_rows(KEY, Tenant())
    assert info.header.run == "20260102-000000-bbbb"
    for names in (("", "new title", ""), ("o1", "x", ""), ("o2", "", ""), ("", "renamed", ""), ("", "", "t1")):
        assert row_key("A", *names) in rows
    assert not {row_key("A", "", "Other", ""), row_key("B", "", "New Title", ""), row_key("A", "o3", "", "")} & rows


def test_tenants_differ_where_no_status_or_no_category_is_in_both() -> None:
    mine = Tenant(("s1", "s2"), ("c1",))
    assert mine.may_be(Tenant(("s2", "s3"), ("c1", "c2")))
    assert mine.may_be(Tenant())
    assert not mine.may_be(Tenant(("s2",), ("c9",)))
    assert not mine.may_be(Tenant(("s9",), ("c1",)))
