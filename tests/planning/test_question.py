"""The question before a run."""

from __future__ import annotations

import pytest

from bulkobj.core.model import Rate
from bulkobj.planning.plan import Plan
from bulkobj.planning.question import Estimate, Question, Verb
from tests.validation.rows_kit import planned

RATE = Rate(99, 60)


@pytest.mark.parametrize(
    ("writes", "waits", "seconds"),
    [
        (1, (), 0.3),
        (99, (), 99 / 8 * 0.3),
        (100, (), 60.6),
        (10, (0.0,) * 5 + (41.0,) * 94, 41.3),  # taken already: by reading, or by another process
        (3, (7.0,) * 99, 7.3),
    ],
)
def test_the_estimate_knows_of_slots_that_are_taken(writes: int, waits: tuple[float, ...], seconds: float) -> None:
    assert Estimate.of(writes, waits, RATE, 8).seconds == pytest.approx(seconds, abs=0.5)


def question(plan: Plan, verb: Verb = Verb.IMPORT, run: str | None = None, unrecorded: int = 0) -> Question:
    """The question of a plan for the European host."""
    estimate = Estimate.of(plan.steps, (), RATE, 8)
    return Question(verb, "plan.xlsx", "api-eu1.totango.com", "acme-eu", plan, estimate, run, unrecorded)


PLAN = planned(
    "Action|Objective ID|Account ID|Title|Category|Status|SuccessPlays|Template",
    ("create", None, "a1", "New", "Adoption", "Completed", "p1", None),
    ("create", None, "a1", "Newer", "Adoption", "Completed", None, None),
    ("delete", "o1", "a1", None, None, None, None, None),
    ("run template", None, "a1", None, None, None, None, "t1"),
)


def test_the_words_of_the_question() -> None:
    """File, target, profile and counts; a count of 0 is left out."""
    asked = question(PLAN)
    assert asked.text == (
        "Import plan.xlsx into api-eu1.totango.com (profile acme-eu): create 2, run template 1, delete 1?"
    )
    assert asked.deletions == 1
    undo = question(PLAN, Verb.UNDO, "20260101-000000-abcd").text
    assert undo.startswith("Undo run 20260101-000000-abcd (plan.xlsx) in api-eu1.totango.com (profile acme-eu): ")


def test_side_effects_are_named() -> None:
    notes = "\n".join(question(PLAN, unrecorded=1).notes)
    assert "1 row links SuccessPlays and 1 row runs a template: this can create tasks and notify people." in notes
    assert "1 template row not in the journals" in notes


def test_plays_that_are_linked_already_notify_nobody() -> None:
    same = planned("Objective ID|Account ID|Status|SuccessPlays", ("o1", "a1", "Completed", "p2;p1"))
    more = planned("Objective ID|Account ID|Status|SuccessPlays", ("o1", "a1", "Completed", "p2;p1;p3"))
    assert (question(same).linking_plays, question(more).linking_plays) == (0, 1)
