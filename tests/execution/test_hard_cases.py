"""What could make a duplicate, lose a row or tell a wrong tale: each a case that happened in a test before."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from bulkobj.core.clock import SystemClock
from bulkobj.core.errors import InterruptedRunError, StoppedError
from bulkobj.core.model import Action, Rate, Result
from bulkobj.core.shutdown import StopRequestedError, StopSignal
from bulkobj.core.text import plain_text
from bulkobj.execution.journal.journal import Journal
from bulkobj.execution.journal.records import Moment, Outcome
from bulkobj.execution.stop_rules import StopRules
from bulkobj.planning.plan import Step
from bulkobj.totango.decoding import created_id
from bulkobj.totango.messages import message_of
from bulkobj.totango.responses import Response, Verdict, classify
from tests.execution.execution_kit import ACCOUNT, CATEGORY, STATUS, RunKit, create, settings_for, titles
from tests.service.server import SandboxServer

TEMPLATE = Step(Action.RUN_TEMPLATE, ACCOUNT, template_id="012e4e3f-a801-487e-9900-011f20c187c3")
EQUAL = {"accountId": ACCOUNT, "title": "Twin", "categoryId": CATEGORY, "statusId": STATUS}


@pytest.fixture
def unlimited(tmp_path: Path) -> Iterator[SandboxServer]:
    """A service without a limit, for a rate that makes waits short."""
    with SandboxServer(tmp_path / "unlimited", rate="1000000/1") as running:
        yield running


def posts(server: SandboxServer) -> int:
    return sum(one.method == "POST" for one in server.arrivals())


@pytest.mark.proof
def test_a_twin_without_an_id_is_not_taken_for_the_one_in_the_air(server: SandboxServer, tmp_path: Path) -> None:
    """The process died after a create that gave no id, while its equal twin was never received: both are made."""
    server.behave(create_answer="204")
    run = RunKit(settings_for(server, tmp_path), [create("Twin"), create("Twin")])
    now = Moment.of(SystemClock())
    run.journal.sending(0, now)
    server.put("objectives", [EQUAL])
    run.journal.settled(0, Outcome(Result.CREATED, http_status=204), now)
    run.journal.sending(1, now)
    assert run.carry_out() is None
    assert titles(server).count("Twin") == 2
    assert len({entry.line.objective_id for entry in run.entries()} - {""}) == 2


def test_what_another_run_has_made_meanwhile_is_not_adopted(server: SandboxServer, tmp_path: Path) -> None:
    """Two runs with an equal row on one account: the lost one looks at what the other has put down by then."""
    others: list[str] = []

    def other_run(method: str, path: str, body: bytes) -> None:
        if not others and method == "POST":
            others.extend(serving.put("objectives", [EQUAL]))

    with SandboxServer(tmp_path / "mine", rate="100/3", on_write=other_run) as serving:
        serving.fault("drop", method="POST", when="before", count=1)
        run = RunKit(settings_for(serving, tmp_path), [create("Twin")], existing="duplicate")
        run.store.made = {ACCOUNT: others}
        assert run.carry_out() is None
        assert titles(serving).count("Twin") == 2
        assert run.entries()[0].line.objective_id not in others


@pytest.mark.parametrize("step", [create("Once"), TEMPLATE], ids=["create", "template"])
def test_an_account_that_can_not_be_found_proves_nothing(server: SandboxServer, tmp_path: Path, step: Step) -> None:
    """Where the list call gives 404, a lost create is unknown, not sent again; resuming looks once more."""
    server.fault("drop", method="POST", when="after", count=1)
    server.fault("status", method="GET", status=404)
    run = RunKit(settings_for(server, tmp_path), [step])
    before = len(titles(server))
    assert run.carry_out() is None
    assert (run.results(), posts(server)) == (["unknown"], 1)
    server.clear_faults()
    assert run.carry_out() is None
    assert (run.results(), posts(server), len(titles(server))) == (["created"], 1, before + 1)


LONG = "A very long title " * 20
NORMALISED: dict[str, tuple[str, str]] = {
    "cut off": (LONG, LONG[:100]),
    "cut off with dots": (LONG, LONG[:97] + "..."),
    "composed": ("Cafe\u0301 re\u0301union", "Caf\u00e9 r\u00e9union"),
    "emoji dropped": ("Launch \U0001f680 now", "Launch  now"),
    "emoji replaced": ("Launch \U0001f680 now", "Launch ?? now"),
    "emoji alone, replaced": ("\U0001f680\U0001f680", "????"),
    "escaped": ("Q1 & Q2 <3", "Q1 &amp; Q2 &lt;3"),
    "case and spaces": ("Grow  ADOPTION", "Grow adoption"),
    "NUL and friends": ("Zero\u200bwidth\u00adhyphen", "Zerowidthhyphen"),
    "accents dropped": ("R\u00e9union \u00e0 Z\u00fcrich", "Reunion a Zurich"),
    "accents replaced": ("R\u00e9union \u00e0 Z\u00fcrich", "R?union ? Z?rich"),
    "misread": ("R\u00e9union", "R\u00c3\u00a9union"),
    "full width": ("\uff21\uff22\uff23 plan", "ABC plan"),
    "something else altogether": ("\u8a08\u753b", "??"),
}


@pytest.mark.parametrize("dated", [True, False], ids=["dated", "undated"])
@pytest.mark.parametrize(("title", "held"), NORMALISED.values(), ids=NORMALISED.keys())
def test_a_title_that_the_service_changes_is_not_sent_twice(
    tmp_path: Path, title: str, held: str, *, dated: bool
) -> None:
    """A lost create whose objective doesn't equal what was sent is found or unknown, never repeated."""

    def store(method: str, path: str, body: bytes) -> None:
        sent = json.loads(body)
        serving.put("objectives", [{**sent, "title": held}])

    with SandboxServer(tmp_path / "mine", rate="100/3", on_write=store) as serving:
        serving.behave(timestamps=dated)
        serving.fault("drop", method="POST", when="before")
        run = RunKit(settings_for(serving, tmp_path), [create(title)], {ACCOUNT: []})
        assert run.carry_out() is None
        looks_the_same = plain_text(title) == plain_text(held)
        assert (run.results(), posts(serving)) == (["created" if looks_the_same else "unknown"], 1)


def test_an_unlike_objective_of_a_colleague_is_no_hindrance(server: SandboxServer, tmp_path: Path) -> None:
    """Someone else's objective of the same moment, like ours but for its title, keeps no create from being done."""
    server.fault("drop", method="POST", when="before", count=1)
    server.put("objectives", [{**EQUAL, "title": "A colleague's"}])
    run = RunKit(settings_for(server, tmp_path), [create("Mine")])
    assert run.carry_out() is None
    assert (run.results(), titles(server).count("Mine")) == (["created"], 1)


def test_a_call_refused_for_hours_is_known_not_to_have_happened(server: SandboxServer, tmp_path: Path) -> None:
    """A row that was only ever answered 429 is to be sent, and not unknown, when the run stops for that."""
    server.fault("status", method="POST", status=429, retry_after="7200", count=1)
    run = RunKit(settings_for(server, tmp_path), [create("Later")])
    assert isinstance(run.carry_out(), StoppedError)
    (entry,) = run.entries()
    assert (entry.state, entry.line.result.value) == ("planned", "not-attempted")


def test_a_gateway_that_fails_on_and_on_stops_the_run(unlimited: SandboxServer, tmp_path: Path) -> None:
    """When every answer is 503 from some row on, the run stops, instead of making every further row unknown."""
    unlimited.fault("status", status=503, skip=5, style="html")
    accounts = ["BLUE-1010", "ACME-1001", "ACME-1002", "BRIG-1014", "JUNI-1081"]
    steps = [create(f"New {n}", accounts[n % 5]) for n in range(200)]
    run = RunKit(settings_for(unlimited, tmp_path, rate=Rate(90, 0.5), settle=0.5), steps)
    assert isinstance(run.carry_out(), StoppedError)
    states = [str(entry.state) for entry in run.entries()]
    assert states.count("planned") > 150
    assert "unknown" not in run.results()
    unlimited.clear_faults()
    assert run.carry_out() is None
    assert set(run.results()) == {"created"}
    assert sum(one["title"].startswith("New ") for one in unlimited.objectives()) == 200


def test_an_earlier_templates_objectives_are_not_taken_for_the_lost_ones(server: SandboxServer, tmp_path: Path) -> None:
    """Two runs of a template on one account, the second never received: it is done, or said to be unknown."""
    before = len(titles(server))
    server.fault("drop", method="POST", path="/run", when="before", skip=1, count=1)
    run = RunKit(settings_for(server, tmp_path), [TEMPLATE, TEMPLATE])
    assert run.carry_out() is None
    done = run.results().count("created")
    assert len(titles(server)) - before == done
    assert set(run.results()) <= {"created", "unknown"}


@pytest.mark.proof
def test_a_duplicate_of_a_create_lost_by_a_crash_is_reported(server: SandboxServer, tmp_path: Path) -> None:
    """What a crashed process sent arrives after --settle, and after resuming sent it again: it is found."""
    server.behave(latency=0.2)
    run = RunKit(settings_for(server, tmp_path, settle=0.0), [create("Late"), *(create(f"{n}") for n in range(3))])
    run.journal.sending(0, Moment.of(SystemClock()))
    original = Journal.settled

    def late(journal: Journal, position: int, *rest: Any) -> None:
        original(journal, position, *rest)
        if position == 2:
            server.put("objectives", [{**EQUAL, "title": "Late"}])

    with mock.patch.object(Journal, "settled", late):
        assert run.carry_out() is None
    assert run.duplicates == 1
    assert "duplicate" in run.entries()[0].line.message


@pytest.mark.parametrize("when", ["before", "after"])
def test_garbage_in_answer_to_a_create(server: SandboxServer, tmp_path: Path, when: str) -> None:
    """A 200 that holds no JSON where it begins as such is no proof: the account is looked at."""
    server.fault("garbage", method="POST", when=when, count=1)
    run = RunKit(settings_for(server, tmp_path), [create("Once"), create("Other")])
    assert run.carry_out() is None
    assert (run.results(), titles(server).count("Once")) == (["created", "created"], 1)
    assert all(entry.line.objective_id for entry in run.entries())


def test_a_create_without_id_or_trace_is_said_to_be_so(server: SandboxServer, tmp_path: Path) -> None:
    """The service says 204 and the account doesn't show it: the row says so."""
    server.fault("status", method="POST", status=204, style="empty", count=1)
    run = RunKit(settings_for(server, tmp_path), [create("Ghost")])
    assert run.carry_out() is None
    assert "no id" in run.entries()[0].line.message


@pytest.mark.parametrize("set_back", [timedelta(minutes=10), timedelta(hours=3)], ids=str)
def test_a_clock_set_back_between_crash_and_resume(server: SandboxServer, tmp_path: Path, set_back: timedelta) -> None:
    """The clock was fast when the create was sent, so that its objective looks older: ids decide, not stamps."""
    run = RunKit(settings_for(server, tmp_path), [create("Twin")])
    run.journal.sending(0, replace(Moment.of(SystemClock()), wall=SystemClock().wall() + set_back))
    server.put("objectives", [EQUAL])
    assert run.carry_out() is None
    assert posts(server) == 0
    assert run.results() == ["created"]


@pytest.mark.proof
def test_several_lost_on_one_account_at_once(server: SandboxServer, tmp_path: Path) -> None:
    """A crash and unknown rows leave several lost on an account: each is looked for by its own fields."""
    run = RunKit(settings_for(server, tmp_path), [create(f"Planned {n}") for n in range(6)])
    for n in range(5):
        run.journal.sending(n, Moment.of(SystemClock()))
        if n % 2:
            server.put("objectives", [{**EQUAL, "title": f"Planned {n}"}])
    run.journal.settled(1, Outcome(Result.UNKNOWN), Moment.of(SystemClock()))
    assert run.carry_out() is None
    assert run.results() == ["created"] * 6
    assert [titles(server).count(f"Planned {n}") for n in range(6)] == [1] * 6


def test_a_worker_that_dies_takes_nothing_along(server: SandboxServer, tmp_path: Path) -> None:
    """A mistake of ours ends the run in the middle of other sends; what those did is found by resuming."""
    server.behave(latency=0.1)
    accounts = ["BLUE-1010", "ACME-1001", "ACME-1002", "BRIG-1014"]
    run = RunKit(settings_for(server, tmp_path), [create(f"New {n}", accounts[n % 4]) for n in range(12)])
    with mock.patch.object(StopRules, "saw", side_effect=RuntimeError), pytest.raises(ExceptionGroup):
        run.carry_out()
    assert run.carry_out() is None
    assert run.results() == ["created"] * 12
    assert sum(one["title"].startswith("New ") for one in server.objectives()) == 12


def test_a_stop_ends_the_work_before_its_next_wait() -> None:
    """Once a stop is asked for, not even a wait that would be over at once is begun."""
    began: list[bool] = []

    async def wait() -> None:
        began.append(True)

    async def stopped() -> None:
        stop = StopSignal()
        stop.ask(InterruptedRunError())
        with pytest.raises(StopRequestedError):
            await stop.unless_asked(wait())
        await asyncio.sleep(0)

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(stopped())
    assert not began


@pytest.mark.parametrize("break_off", [0, 1, 2])
def test_a_refused_token_in_the_midst_leaves_rows_to_send(
    server: SandboxServer, tmp_path: Path, break_off: int
) -> None:
    """401 is an answer: the row it was given for is as it was before, and another token goes on."""
    run = RunKit(settings_for(server, tmp_path), [create(f"New {n}") for n in range(3)])
    server.expire_token(after=break_off, successor="next")
    assert isinstance(run.carry_out(), StoppedError)
    assert run.results() == ["created"] * break_off + ["not-attempted"] * (3 - break_off)
    run.settings = settings_for(server, tmp_path, token="next")
    assert run.carry_out() is None
    assert [titles(server).count(f"New {n}") for n in range(3)] == [1, 1, 1]


@pytest.mark.parametrize("depth", [900, 100_000])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_nested_too_deep_is_no_answer_and_no_crash(method: str, depth: int) -> None:
    """Whatever can or can't be read of it, nothing is raised, and no id is made of it."""
    answer = Response(201, body=b'{"data":' * depth + b"1" + b"}" * depth)
    assert classify(method, answer) in {Verdict.LOST, Verdict.DONE}
    assert created_id(answer) == ""
    assert message_of(answer)
