"""Lost creates in virtual time: decided by ids, after two looks of which the second is late enough."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bulkobj.core.model import Result
from bulkobj.execution.journal.records import Moment, Outcome
from tests.execution.virtual_service import SETTLE, TIMEOUT, VirtualRun, VirtualService, create

STAMPS: dict[str, Callable[[datetime], str]] = {
    "exact": datetime.isoformat,
    "an hour behind": lambda wall: (wall - timedelta(hours=1)).isoformat(),
    "an hour ahead": lambda wall: (wall + timedelta(hours=1)).isoformat(),
    "rounded to the minute": lambda wall: wall.replace(second=0, microsecond=0).isoformat(),
    "rounded to the day": lambda wall: wall.replace(hour=0, minute=0, second=0, microsecond=0).isoformat(),
    "epoch seconds taken for milliseconds": lambda wall: "1970-01-21T00:00:00.000Z",
    "local time": lambda wall: wall.replace(tzinfo=None).isoformat(),
    "absent": lambda wall: "",
}


@pytest.mark.parametrize("fate", ["before", "after", "late 1", f"late {SETTLE - 1:g}"])
@pytest.mark.parametrize("stamp", STAMPS.values(), ids=STAMPS.keys())
def test_a_lost_create_happens_once_whatever_its_stamp(
    service: VirtualService, tmp_path: Path, fate: str, stamp: Callable[[datetime], str]
) -> None:
    """The service's clock may be off, rounded or absent."""
    service.stamp = stamp
    service.add("Old")
    service.fates = ["done", fate]
    run = VirtualRun(tmp_path, service, [create("One"), create("Two"), create("Three")])
    assert run.carry_out() is None
    assert service.titles() == ["Old", "One", "Three", "Two"]
    assert run.results() == ["created"] * 3
    assert run.duplicates == 0


def test_the_wait_begins_when_the_answer_was_given_up(service: VirtualService, tmp_path: Path) -> None:
    """A write may take effect ``settle`` after its time-out, not after its send."""
    service.fates = [f"late {SETTLE - TIMEOUT / 2:g}"]
    run = VirtualRun(tmp_path, service, [create("One")])
    assert run.carry_out() is None
    assert service.titles() == ["One"]


def test_each_resend_has_a_wait_of_its_own(service: VirtualService, tmp_path: Path) -> None:
    """The second send is lost as well, and takes effect late."""
    service.fates = ["before", f"late {SETTLE - 1:g}"]
    run = VirtualRun(tmp_path, service, [create("One")])
    assert run.carry_out() is None
    assert service.titles() == ["One"]
    assert len(service.writes) == 2


@pytest.mark.parametrize("clock_set", [timedelta(), timedelta(hours=3), timedelta(days=-2)], ids=str)
def test_a_resumed_run_waits_as_long(service: VirtualService, tmp_path: Path, clock_set: timedelta) -> None:
    """Counted on a clock that nobody can set, from the time-out of the send."""
    service.fates = ["killed"]
    run = VirtualRun(tmp_path, service, [create("One")])
    run.carry_out()
    service._late.append((service.clock.at + TIMEOUT + SETTLE - 1, create("One")))
    service.clock.offset = clock_set
    service.clock.at += 5
    assert run.resume() is None
    assert service.titles() == ["One"]
    assert run.results() == ["created"]


def test_after_a_restart_of_the_machine_the_wait_begins_again(service: VirtualService, tmp_path: Path) -> None:
    service.fates = ["killed"]
    run = VirtualRun(tmp_path, service, [create("One")])
    run.carry_out()
    service.clock.boot = "boot-2"
    service.clock.at += 10_000  # of another start of the machine
    service._late.append((service.clock.at + SETTLE - 1, create("One")))
    assert run.resume() is None
    assert service.titles() == ["One"]


def test_a_wait_that_is_over_is_not_waited_for_again(service: VirtualService, tmp_path: Path) -> None:
    service.fates = ["killed"]
    run = VirtualRun(tmp_path, service, [create("One")])
    run.carry_out()
    service.clock.at += TIMEOUT + SETTLE
    before = service.clock.at
    assert run.resume() is None
    assert service.clock.at - before < 2
    assert service.titles() == ["One"]


def test_one_look_is_not_enough_even_then(service: VirtualService, tmp_path: Path) -> None:
    """It takes effect between the first look and the second."""
    service.fates = ["killed"]
    run = VirtualRun(tmp_path, service, [create("One")])
    run.carry_out()
    service.clock.at += TIMEOUT + SETTLE
    service._late.append((service.clock.at + 0.15, create("One")))
    assert run.resume() is None
    assert service.titles() == ["One"]


def test_a_colleagues_equal_objective_from_before_is_not_adopted(service: VirtualService, tmp_path: Path) -> None:
    """Without stamps, the ids that were read for the plan tell it from ours (here with --existing duplicate)."""
    service.stamp = STAMPS["absent"]
    theirs = service.add("One")
    service.fates = ["before"]
    run = VirtualRun(tmp_path, service, [create("One")], existing="duplicate")
    assert run.carry_out() is None
    assert service.titles() == ["One", "One"]
    assert run.entries()[0].line.objective_id != theirs.id


def test_what_was_adopted_is_marked_as_doubtful(service: VirtualService, tmp_path: Path) -> None:
    service.fates = ["after"]
    run = VirtualRun(tmp_path, service, [create("One"), create("Two")])
    assert run.carry_out() is None
    assert [entry.doubtful for entry in run.entries()] == [("o1",), ()]


def test_of_two_candidates_none_is_adopted(service: VirtualService, tmp_path: Path) -> None:
    """A colleague makes an equal one while ours is lost: nobody can tell, and nothing is sent again."""
    service.fates = ["after"]
    service.before_write = lambda _: service.add("One")
    run = VirtualRun(tmp_path, service, [create("One")])
    assert run.carry_out() is None
    assert run.results() == ["unknown"]
    assert run.entries()[0].doubtful == ("o1", "o2")
    assert len(service.writes) == 1


def test_an_unknown_row_is_compared_with_what_was_there_before_it(service: VirtualService, tmp_path: Path) -> None:
    """Later readings of the account, and later rows, don't turn its candidates into old objectives."""
    service.fates = ["after"]
    service.before_write = lambda _: not service.held and service.add("One")
    run = VirtualRun(tmp_path, service, [create("One"), create("Two")])
    run.carry_out()
    assert run.results() == ["unknown", "created"]
    for _ in range(2):
        run.resume()
        assert run.results() == ["unknown", "created"]
    del service.held["o1"]
    run.resume()
    assert run.results() == ["created", "created"]
    assert service.titles() == ["One", "Two"]


def test_without_a_snapshot_nothing_is_adopted_or_sent_again(service: VirtualService, tmp_path: Path) -> None:
    """An old journal doesn't say what was on the account before."""
    run = VirtualRun(tmp_path, service, [create("One")], snapshot=False)
    run.journal.sending(0, Moment.of(service.clock))
    service.add("One")
    assert run.resume() is None
    assert (run.results(), service.writes) == (["unknown"], [])
    service.held.clear()
    assert run.resume() is None
    assert (run.results(), service.titles()) == (["created"], ["One"])


def test_an_account_that_is_not_found_proves_nothing(service: VirtualService, tmp_path: Path) -> None:
    service.fates = ["after"]
    run = VirtualRun(tmp_path, service, [create("One")])
    service.unknown_accounts = True
    assert run.carry_out() is None
    assert run.results() == ["unknown"]
    service.unknown_accounts = False
    assert run.resume() is None
    assert (run.results(), service.titles()) == (["created"], ["One"])


def test_objectives_of_earlier_steps_are_not_adopted(service: VirtualService, tmp_path: Path) -> None:
    """Equal rows: the first one's objective is not the lost second one's, in one process and after a kill."""
    for fate in ("before", "killed"):
        service.held.clear()
        service.fates = ["done", fate]
        run = VirtualRun(tmp_path / fate, service, [create("One"), create("One")])
        run.carry_out()
        run.resume()
        assert service.titles() == ["One", "One"]
        assert len({entry.line.objective_id for entry in run.entries()}) == 2


def test_objectives_of_other_runs_are_not_adopted(service: VirtualService, tmp_path: Path) -> None:
    """Another run makes an equal objective while ours is lost."""
    run = VirtualRun(tmp_path, service, [create("One")], existing="duplicate")
    other = VirtualRun(tmp_path, service, [create("One")], run="20260101-000000-othr")

    def make(_: object) -> None:
        if not service.held:
            made = service.add("One")
            other.journal.settled(0, Outcome(Result.CREATED, objective_id=made.id), Moment.of(service.clock))

    service.before_write, service.fates = make, ["before"]
    assert run.carry_out() is None
    assert service.titles() == ["One", "One"]
    assert run.entries()[0].line.objective_id == "o2"


def test_equal_creates_without_ids_share_their_objectives(service: VirtualService, tmp_path: Path) -> None:
    service.ids = False
    run = VirtualRun(tmp_path, service, [create("One"), create("One"), create("Two")])
    assert run.carry_out() is None
    assert sorted(entry.line.objective_id for entry in run.entries()) == ["o1", "o2", "o3"]
    assert not any(entry.doubtful for entry in run.entries())


def test_the_id_of_a_twin_is_not_guessed(service: VirtualService, tmp_path: Path) -> None:
    """A colleague's third equal objective: all are candidates, none is taken."""
    service.ids = False
    service.before_write = lambda _: not service.held and service.add("One")
    run = VirtualRun(tmp_path, service, [create("One"), create("One")])
    assert run.carry_out() is None
    assert [(entry.line.objective_id, entry.doubtful) for entry in run.entries()] == [("", ("o1", "o2", "o3"))] * 2
    assert all("Check the account" in entry.line.message for entry in run.entries())


def test_the_outcome_is_on_disk_before_it_is_shown(service: VirtualService, tmp_path: Path) -> None:
    run = VirtualRun(tmp_path, service, [create("One"), create("Two")])
    assert run.carry_out() is None
    assert run.observed == [(1, "created"), (2, "created")]


@pytest.mark.parametrize("restored", ["before the first send", "in mid-run"])
def test_a_journal_that_went_back_in_time_repeats_nothing(
    service: VirtualService, tmp_path: Path, restored: str
) -> None:
    """An old copy is put in its place: its rows are looked for before any is sent."""
    run = VirtualRun(tmp_path, service, [create(f"{n}") for n in range(5)])
    path = run.store.find("test")
    copies = [path.read_bytes()]

    def keep(step: object) -> None:
        if len(service.writes) == 2:
            copies.append(path.read_bytes())

    service.before_write, service.fates = keep, ["done"] * 4 + ["killed-after"]
    run.carry_out()
    run.journal.close()
    path.write_bytes(copies[0 if restored.startswith("before") else 1])
    service.fates = []
    assert run.resume() is None
    assert service.titles() == ["0", "1", "2", "3", "4"]
    assert set(run.results()) == {"created"}
