"""Runs of templates in virtual time: no answer gives an id, and what is new on the account is all that is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.execution.virtual_service import TEMPLATE, Killed, VirtualRun, VirtualService, create

ONE, THREE = ("Onboarding",), ("Onboarding", "Onboarding (2)", "Onboarding (3)")


@pytest.mark.parametrize("titles", [ONE, THREE])
@pytest.mark.parametrize("fate", ["before", "after", "late 59"])
def test_a_lost_run_happens_once(service: VirtualService, tmp_path: Path, titles: tuple[str, ...], fate: str) -> None:
    service.template_titles, service.fates = titles, [fate]
    run = VirtualRun(tmp_path, service, [TEMPLATE])
    assert run.carry_out() is None
    assert service.titles() == sorted(titles)
    assert run.results() == ["created"]
    assert len(run.entries()[0].objective_ids) == len(titles)


def test_a_colleagues_objective_is_not_the_lost_runs(service: VirtualService, tmp_path: Path) -> None:
    """The template never ran, and a colleague adds something: unknown, with the id, and not sent again."""
    service.fates = ["before"]
    service.before_write = lambda _: service.add("A colleague's")
    run = VirtualRun(tmp_path, service, [TEMPLATE])
    assert run.carry_out() is None
    assert (run.results(), len(service.writes)) == (["unknown"], 1)
    assert run.entries()[0].doubtful == ("o1",)


@pytest.mark.parametrize("titles", [ONE, THREE])
def test_what_a_run_made_is_told_from_a_colleagues(
    service: VirtualService, tmp_path: Path, titles: tuple[str, ...]
) -> None:
    """It is read at once: only what appears in that very moment is left to a person."""
    service.template_titles = titles
    service.before_write = lambda _: service.add("A colleague's")
    run = VirtualRun(tmp_path, service, [TEMPLATE])
    assert run.carry_out() is None
    service.add("Onboarding")
    (entry,) = run.entries()
    assert entry.objective_ids == tuple(f"o{n}" for n in range(2, 2 + len(titles)))
    assert entry.doubtful == ("o1",)


def test_what_a_template_makes_is_learnt_from_its_runs(service: VirtualService, tmp_path: Path) -> None:
    """Titles unlike the template's name are known after the first run, and tell the lost second one's."""
    service.template_titles, service.fates = ("Kick-off",), ["done", "after"]
    run = VirtualRun(tmp_path, service, [TEMPLATE, TEMPLATE])
    assert run.carry_out() is None
    assert run.results() == ["created", "created"]
    assert service.titles() == ["Kick-off", "Kick-off"]
    assert [entry.line.objective_id for entry in run.entries()] == ["o1", "o2"]


@pytest.mark.parametrize("fate", ["before", "after", "killed", "killed-after"])
def test_two_runs_on_an_account_are_two_also_over_a_restart(service: VirtualService, tmp_path: Path, fate: str) -> None:
    """The second one's loss, or a kill while it is in flight, doesn't make the first one's objectives its own."""
    service.fates = ["done", fate]
    run = VirtualRun(tmp_path, service, [TEMPLATE, TEMPLATE])
    run.carry_out()
    run.resume()
    assert service.titles() == ["Onboarding", "Onboarding"]
    assert run.results() == ["created", "created"]
    assert [entry.line.objective_id for entry in run.entries()] == ["o1", "o2"]


def test_a_run_whose_objectives_are_not_known_yet_is_remembered(service: VirtualService, tmp_path: Path) -> None:
    """Killed after the answer and before the account was read back: resuming reads it."""
    run = VirtualRun(tmp_path, service, [TEMPLATE])
    original = run.journal.settled

    def settled(*args: object) -> None:
        original(*args)  # type: ignore[arg-type]  # passed on
        raise Killed

    run.journal.settled = settled  # type: ignore[method-assign,assignment]  # dies there
    run.carry_out()
    assert run.entries()[0].line.objective_id == ""
    assert run.journal.has_work()
    assert run.resume() is None
    assert run.entries()[0].line.objective_id == "o1"
    assert len(service.writes) == 1


def test_two_runs_that_may_both_be_lost_are_not_guessed(service: VirtualService, tmp_path: Path) -> None:
    """A journal that went back in time: two runs were sent, one took effect. None is sent again."""
    run = VirtualRun(tmp_path, service, [TEMPLATE, TEMPLATE])
    run.journal.distrust()
    service.add("Onboarding")
    assert run.resume() is None
    assert service.writes == []
    assert set(run.results()) == {"unknown"}


def test_creates_beside_a_lost_run_explain_their_objectives(service: VirtualService, tmp_path: Path) -> None:
    service.ids = False
    service.fates = ["done", "after"]
    run = VirtualRun(tmp_path, service, [create("One"), TEMPLATE])
    assert run.carry_out() is None
    assert run.results() == ["created", "created"]
    assert [entry.line.objective_id for entry in run.entries()] == ["o1", "o2"]
