"""The process dies at every point, in virtual time: whatever the service's stamps, our clock and a colleague do.

Each row ends up done once, whether the run is resumed once or dies again on the way. A row may be ``unknown`` only
where a colleague's objective can't be told from its own.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bulkobj.core.model import Field
from bulkobj.execution.journal.journal import Journal
from tests.execution.test_lost_creates import STAMPS
from tests.execution.virtual_service import TEMPLATE, Killed, VirtualClock, VirtualRun, VirtualService, create, delete
from tests.execution.virtual_service import update as updated

DURABLE = ("sending", "unsent", "lost", "settled", "identified", "noted", "snapshot", "revised")
FATES = {
    "no fault": [],
    "lost before": ["before"] * 2,
    "lost after": ["after"] * 2,
    "late": ["late 59"] * 2,
    "lost once": ["done", "before", "done", "after", "done", "late 30", "after"],
}


class Failpoints:
    """Counts the points passed, and kills the process at the one that was asked for."""

    def __init__(self, fatal: int) -> None:
        self.left = fatal

    def passed(self) -> None:
        self.left -= 1
        if not self.left:
            raise Killed

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.passed()
            result = function(*args, **kwargs)
            self.passed()
            return result

        return wrapped

    def arm(self, journal: Journal) -> None:
        for name in DURABLE:
            setattr(journal, name, self.around(getattr(journal, name)))


def world(stamp: Callable[[datetime], str]) -> VirtualService:
    service = VirtualService(VirtualClock(), stamp=stamp)
    service.add("Renamed soon", status="s1")
    service.add("Deleted soon")
    return service


def planned(service: VirtualService, folder: Path) -> VirtualRun:
    """Return a run of all actions on one account: equal creates, an upsert's create and update, templates twice."""
    steps = [
        create("Twin"),
        create("Twin"),
        updated(service.held["o1"], title="Renamed"),
        TEMPLATE,
        delete(service.held["o2"]),
        create("Upserted", status="s1"),
        TEMPLATE,
    ]
    return VirtualRun(folder, service, steps)


EXPECTED = Counter({"Twin": 2, "Renamed": 1, "Onboarding": 2, "Upserted": 1})


def die_everywhere(
    folder: Path,
    fates: list[str],
    stamp: Callable[[datetime], str],
    meanwhile: Callable[[VirtualService], object],
    by: int,
    most_unknown: int = 0,
) -> int:
    """Die at point 1, 1 + by … and once more in the resume; return the last point."""
    for point in itertools.count(1, by):
        service = world(stamp)
        run = planned(service, folder / f"{point}")
        service.fates = list(fates)
        Failpoints(point).arm(run.journal)
        run.carry_out()
        died = any(entry.finished_at is None for entry in run.entries())
        for again in (point % 7 + 1, 0):
            meanwhile(service)
            path = run.store.find("test")
            run.journal.close()
            run.journal = Journal.open(path)
            Failpoints(again).arm(run.journal)
            run.carry_out()
        unknown = run.results().count("unknown")
        missing = EXPECTED - Counter(service.titles())
        assert not Counter(service.titles()) - EXPECTED - Counter({"A colleague's": 99}), point
        assert set(run.results()) <= {"created", "updated", "deleted", "unknown"}, (point, run.results())
        assert missing.total() <= unknown <= most_unknown, (point, missing, run.results())
        assert "o2" not in service.held
        writes = len(service.writes)
        run.resume()
        assert len(service.writes) == writes, "a finished run wrote again"
        run.journal.close()
        if not died:
            return point
    raise AssertionError


def nothing(_: VirtualService) -> None:
    pass


def clock_steps(service: VirtualService) -> None:
    service.clock.offset += timedelta(hours=-5)


def machine_restarts(service: VirtualService) -> None:
    service.clock.boot += "+"


def test_dying_at_some_points(tmp_path: Path) -> None:
    assert die_everywhere(tmp_path, FATES["lost once"], STAMPS["rounded to the day"], clock_steps, 5) > 20


@pytest.mark.proof
@pytest.mark.parametrize("meanwhile", [nothing, clock_steps, machine_restarts])
@pytest.mark.parametrize("stamp", ["an hour behind", "absent"])
@pytest.mark.parametrize("fates", FATES.values(), ids=FATES.keys())
def test_dying_at_every_point(
    tmp_path: Path, fates: list[str], stamp: str, meanwhile: Callable[[VirtualService], object]
) -> None:
    assert die_everywhere(tmp_path, fates, STAMPS[stamp], meanwhile, 3) > 20


@pytest.mark.proof
@pytest.mark.parametrize("fates", [FATES["no fault"], FATES["lost once"]], ids=["no fault", "lost once"])
def test_dying_while_a_colleague_writes(tmp_path: Path, fates: list[str]) -> None:
    """Their objective is nobody's of ours, and their change of another field stays."""
    last: list[VirtualService] = []

    def meanwhile(service: VirtualService) -> None:
        last[:] = [service]
        service.change("o1", owner="theirs")
        if not any(step.template_id for step in service.writes[-1:]):
            service.add("A colleague's")

    assert die_everywhere(tmp_path, fates, STAMPS["exact"], meanwhile, 3, most_unknown=2) > 20
    assert last[0].held["o1"].get(Field.OWNER) == "theirs"
