"""Live values decide when something is written: conflicts, what is kept, resumed runs, two runs at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulkobj.core.model import Field
from bulkobj.execution.account_locks import AccountLocks
from bulkobj.planning.plan import Step
from tests.execution.virtual_service import ACCOUNT, VirtualRun, VirtualService, create, delete, update


def outcomes(run: VirtualRun) -> list[tuple[str, int]]:
    return [(entry.line.result.value, entry.attempts) for entry in run.entries()]


def test_values_that_are_fresh_are_not_read_again(service: VirtualService, tmp_path: Path) -> None:
    one = service.add("One")
    run = VirtualRun(tmp_path, service, [update(one, status="s2"), create("Two")])
    service.clock.at += 59
    assert run.carry_out() is None
    assert (run.results(), service.reads) == (["updated", "created"], 0)


def test_values_that_are_older_are_read_before_an_update_and_a_delete(service: VirtualService, tmp_path: Path) -> None:
    """Once for all writes of the next ``fresh`` seconds; a create needs none."""
    one, two = service.add("One"), service.add("Two")
    run = VirtualRun(tmp_path, service, [create("New"), update(one, status="s2"), delete(two)])
    service.clock.at += 61
    assert run.carry_out() is None
    assert (run.results(), service.reads) == (["created", "updated", "deleted"], 1)


def test_fresh_0_reads_before_each(service: VirtualService, tmp_path: Path) -> None:
    one, two = service.add("One"), service.add("Two")
    run = VirtualRun(tmp_path, service, [update(one, status="s2"), delete(two)], fresh=0)
    assert run.carry_out() is None
    assert service.reads == 2


@pytest.mark.parametrize("resumed", [False, True], ids=["fresh run", "resumed run"])
class TestMeanwhile:
    """A colleague writes between the plan and our write, which comes later than ``--fresh``, or in a resumed run."""

    def ran(self, service: VirtualService, folder: Path, step: Step, *, resumed: bool, **changes: str) -> VirtualRun:
        run = VirtualRun(folder, service, [step])
        if changes:
            service.change(step.objective_id, **changes)
        if resumed:
            assert run.resume() is None
        else:
            service.clock.at += 61
            assert run.carry_out() is None
        return run

    def test_other_fields_are_kept(self, service: VirtualService, tmp_path: Path, *, resumed: bool) -> None:
        one = service.add("One", owner="me")
        run = self.ran(service, tmp_path, update(one, status="s2"), resumed=resumed, owner="theirs", title="Theirs")
        assert outcomes(run) == [("updated", 1)]
        assert service.held[one.id].fields == {Field.TITLE: "Theirs", Field.OWNER: "theirs", Field.STATUS: "s2"}

    def test_the_same_field_is_a_conflict(self, service: VirtualService, tmp_path: Path, *, resumed: bool) -> None:
        one = service.add("One", status="s1", owner="me")
        run = self.ran(service, tmp_path, update(one, status="s2", title="Two"), resumed=resumed, status="s3")
        assert outcomes(run) == [("conflict", 0)]
        assert "Status" in run.entries()[0].line.message
        assert service.held[one.id].fields[Field.STATUS] == "s3"

    def test_the_rows_own_value_is_no_conflict(self, service: VirtualService, tmp_path: Path, *, resumed: bool) -> None:
        one = service.add("One", status="s1")
        run = self.ran(service, tmp_path, update(one, status="s2", title="Two"), resumed=resumed, status="s2")
        assert outcomes(run) == [("updated", 1)]

    def test_the_same_change_is_unchanged(self, service: VirtualService, tmp_path: Path, *, resumed: bool) -> None:
        one = service.add("One", status="s1")
        run = self.ran(service, tmp_path, update(one, status="s2"), resumed=resumed, status="s2")
        assert outcomes(run) == [("unchanged", 0)]

    def test_a_changed_one_is_not_deleted(self, service: VirtualService, tmp_path: Path, *, resumed: bool) -> None:
        one = service.add("One", status="s1")
        run = self.ran(service, tmp_path, delete(one), resumed=resumed, description="new")
        assert outcomes(run) == [("conflict", 0)]

    @pytest.mark.parametrize(("make", "result"), [(update, "conflict"), (delete, "unchanged")])
    def test_one_that_is_gone(
        self, service: VirtualService, tmp_path: Path, make: object, result: str, *, resumed: bool
    ) -> None:
        one = service.add("One")
        step = update(one, status="s2") if make is update else delete(one)
        del service.held[one.id]
        assert outcomes(self.ran(service, tmp_path, step, resumed=resumed)) == [(result, 0)]


@pytest.mark.parametrize(("make", "result"), [(update, "conflict"), (delete, "unchanged")])
def test_404_to_the_write_says_the_same(service: VirtualService, tmp_path: Path, make: object, result: str) -> None:
    one = service.add("One")
    run = VirtualRun(tmp_path, service, [update(one, status="s2") if make is update else delete(one)])
    service.before_write = lambda _: service.held.clear()
    assert run.carry_out() is None
    assert outcomes(run) == [(result, 1)]


def test_a_lost_delete_is_deleted_when_it_is_gone(service: VirtualService, tmp_path: Path) -> None:
    one = service.add("One")
    service.fates = ["after"]
    run = VirtualRun(tmp_path, service, [delete(one)])
    assert run.carry_out() is None
    assert run.results() == ["deleted"]


def test_a_second_try_of_a_lost_update_takes_nothing_back(service: VirtualService, tmp_path: Path) -> None:
    """What a colleague changed meanwhile stays, and SuccessPlays are left out."""
    one = service.add("One", success_plays=("p1",))
    run = VirtualRun(tmp_path, service, [update(one, status="s2")])
    service.fates = ["before"]

    def colleague() -> None:
        service.change(one.id, owner="theirs", success_plays=("p2",))

    service.before_read = colleague
    assert run.carry_out() is None
    assert run.results() == ["updated"]
    held = service.held[one.id].fields
    assert (held[Field.OWNER], held[Field.STATUS], held[Field.SUCCESS_PLAYS]) == ("theirs", "s2", ("p2",))
    assert all(Field.SUCCESS_PLAYS not in step.body for step in service.writes)


def test_a_second_try_is_a_conflict_where_the_field_was_changed(service: VirtualService, tmp_path: Path) -> None:
    one = service.add("One", status="s1")
    run = VirtualRun(tmp_path, service, [update(one, status="s2")])
    service.fates = ["before"]
    service.before_read = lambda: service.change(one.id, status="s3")
    assert run.carry_out() is None
    assert outcomes(run) == [("conflict", 1)]


@pytest.mark.parametrize("existing", ["refuse", "duplicate"])
def test_a_resumed_create_looks_first(service: VirtualService, tmp_path: Path, existing: str) -> None:
    """Equal: unchanged; same Title with other values: conflict; one live objective answers for one row."""
    service.add("Old")
    steps = [create("One"), create("One"), create("Two", status="s1"), create("Old"), create("Three")]
    run = VirtualRun(tmp_path, service, steps, existing=existing)
    service.add("one ")
    service.add("Two", status="s2")
    assert run.resume() is None
    if existing == "duplicate":
        assert run.results() == ["created"] * 5
    else:
        assert run.results() == ["unchanged", "created", "conflict", "created", "created"]
        assert run.entries()[0].line.objective_id == "o2"
        assert "o3" in run.entries()[2].line.message


def test_a_resumed_run_that_is_killed_again_still_knows_what_appeared(service: VirtualService, tmp_path: Path) -> None:
    """The readings of the first resume don't make it an old objective for the second."""
    run = VirtualRun(tmp_path, service, [create("One"), create("Two")])
    service.add("Two")
    service.fates = ["killed"]
    run.resume()
    service.clock.at += 1000
    assert run.resume() is None
    assert run.results() == ["created", "unchanged"]
    assert service.titles() == ["One", "Two"]


def test_two_runs_never_create_one_title_twice(service: VirtualService, tmp_path: Path) -> None:
    """Both were planned before either wrote: the second reads the account once the first one has written there."""
    one = VirtualRun(tmp_path, service, [create("A"), create("B")], run="20260101-000000-aaaa")
    two = VirtualRun(tmp_path, service, [create("B"), create("A", status="s2"), create("C")])
    service.clock.at += 1
    assert one.carry_out() is None
    assert two.carry_out() is None
    assert service.titles() == ["A", "B", "C"]
    assert two.results() == ["unchanged", "conflict", "created"]


def test_a_run_that_died_in_the_middle_may_have_written(service: VirtualService, tmp_path: Path) -> None:
    one = VirtualRun(tmp_path, service, [create("A")], run="20260101-000000-aaaa")
    two = VirtualRun(tmp_path, service, [create("A")])
    service.fates = ["killed-after"]
    one.carry_out()
    assert two.carry_out() is None
    assert (two.results(), service.titles()) == (["unchanged"], ["A"])


def test_a_lock_is_kept_from_others_while_its_run_is_at_work(service: VirtualService, tmp_path: Path) -> None:
    at_work = {"one", "two"}
    locks = {run: AccountLocks(tmp_path, "tenant", run, at_work.__contains__, service.clock) for run in ("one", "two")}
    elsewhere = AccountLocks(tmp_path, "another tenant", "two", at_work.__contains__, service.clock)
    assert locks["one"].take(ACCOUNT) == -float("inf")
    assert locks["two"].take(ACCOUNT) is None
    assert elsewhere.take(ACCOUNT) == -float("inf")
    locks["one"].release(ACCOUNT)
    wrote = service.clock.at
    service.clock.at += 5
    assert locks["two"].take(ACCOUNT) == wrote
    at_work.discard("two")
    assert locks["one"].take(ACCOUNT) == float("inf")
    for each in (*locks.values(), elsewhere):
        each.close()


def test_a_damaged_file_of_locks_is_replaced(service: VirtualService, tmp_path: Path) -> None:
    (tmp_path / "accounts.sqlite").write_bytes(b"no database at all" * 100)
    locks = AccountLocks(tmp_path, "tenant", "one", lambda _: False, service.clock)
    assert locks.take(ACCOUNT) == -float("inf")
    locks.close()


def test_403_is_the_rows_failure(service: VirtualService, tmp_path: Path) -> None:
    service.fates = ["done", "403", "done"]
    run = VirtualRun(tmp_path, service, [create("A"), create("B"), create("C")])
    assert run.carry_out() is None
    assert run.results() == ["created", "failed", "created"]
