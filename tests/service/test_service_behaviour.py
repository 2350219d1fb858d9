"""The knobs: each can be seen in an answer, and takes only the values that it has."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

import httpx
import pytest

from bulkobj.core.errors import UsageError
from tests.service.behaviour import Behaviour, Fault
from tests.service.service_kit import (
    ACCOUNT,
    NEW,
    OBJECTIVES,
    RUN,
    SEARCH,
    STATUSES,
    TEMPLATES,
    Bench,
    ManualClock,
    message,
    running,
    wait_for,
)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with running(tmp_path, clock=ManualClock()) as bench:
        yield bench


def listed(bench: Bench) -> Any:
    bench.new(id="one", owner=None, createdAt="2024-01-01T00:00:00.000Z")
    return bench.of().json()


def in_parts(bench: Bench) -> Hashable:
    for number in range(3):
        bench.new(id=f"o{number}", createdAt="2024-01-01T00:00:00.000Z")
    answer = bench.of()
    said = {name: answer.headers.get(name) for name in ("link", "x-total-count")}
    return answer.status_code, re.sub(r"127\.0\.0\.1:\d+", "HOST", f"{answer.text} {said}")


def stamped(bench: Bench) -> Hashable:
    bench.new(id="one", createdAt="2024-03-04T05:06:07.890Z")
    return str(bench.of().json()[0]["createdAt"])


def seen(answer: httpx.Response) -> Hashable:
    return answer.status_code, answer.text, answer.headers.get("content-type")


def created(bench: Bench) -> Hashable:
    answer = bench.create()
    (identity,) = [each["id"] for each in bench.of().json()]
    return answer.status_code, answer.text.replace(identity, "ID")


def admitted(bench: Bench) -> Hashable:
    """How many calls each burst lets in, on a clock that moves by parts of the limit's minute between them."""
    clock = bench.server._controls.clock
    assert isinstance(clock, ManualClock)
    counts = []
    for at in (1190.0, 1210.0, 1250.0, 1255.0):
        clock.at = at
        counts.append(sum(bench.client.get(STATUSES).status_code == 200 for _ in range(5)))
    return tuple(counts)


def refused(bench: Bench) -> httpx.Response:
    bench.server.spend(100)
    return bench.client.get(STATUSES)


def limit_shown(bench: Bench) -> Hashable:
    return tuple(item for item in bench.client.get(STATUSES).headers.items() if "ratelimit" in item[0])


def kept_by_an_update(bench: Bench) -> Hashable:
    identity = bench.new()
    bench.update(identity, title="Renamed")
    return tuple(sorted(bench.held(identity) or ()))


def run_template(bench: Bench) -> Hashable:
    identity = bench.client.get(TEMPLATES).json()[0]["id"]
    answer = bench.client.post(RUN, json={"objectiveTemplateId": identity, "accountId": ACCOUNT})
    return answer.text, tuple(each["title"] for each in bench.of().json())


#: For each knob something that can be seen from outside, different for each of its values.
PROBES: dict[str, Callable[[Bench], Hashable]] = {
    "list_wrapper": lambda bench: str(listed(bench)),
    "keys": lambda bench: str(listed(bench)),
    "partial": in_parts,
    "stamp_rounding": stamped,
    "users": lambda bench: seen(bench.client.post(SEARCH_USERS, data={"query": "{}"})),
    "search": lambda bench: seen(bench.client.post(SEARCH, data={"query": "{}"})),
    "names": lambda bench: str(listed(bench)),
    "dates": lambda bench: str(listed(bench)),
    "plays": lambda bench: str(listed(bench)),
    "blanks": lambda bench: str(listed(bench)),
    "extra_fields": lambda bench: str(listed(bench)),
    "timestamps": lambda bench: str(listed(bench)),
    "unknown_account": lambda bench: seen(bench.of("nope")),
    "create_answer": created,
    "update": kept_by_an_update,
    "update_answer": lambda bench: seen(bench.update(bench.new(id="one"), title="Renamed")),
    "delete_answer": lambda bench: seen(bench.delete(bench.new(id="one"))),
    "error_style": lambda bench: seen(bench.delete("nope")),
    "mistake_status": lambda bench: message(bench.create(statusId="nope")),
    "templates_wrapper": lambda bench: bench.client.get(TEMPLATES).text,
    "template_name": lambda bench: bench.client.get(TEMPLATES).text,
    "template_objectives": run_template,
    "duplicate_status": lambda bench: bench.client.get(STATUSES).text,
    "limiter": admitted,
    "limit_headers": limit_shown,
    "limit_body": lambda bench: seen(refused(bench)),
    "retry_after": lambda bench: refused(bench).headers.get("retry-after"),
}
DELAYS = {"latency", "jitter", "transit", "transit_jitter", "seed"}
SIZES = {"page", "stamp_ahead", "stamp_behind"}
SEARCH_USERS = "/api/v1/search/users/internal"


def values_of(knob: str) -> tuple[Any, ...]:
    hint = get_type_hints(Behaviour)[knob]
    return (True, False) if hint is bool else get_args(hint)


def test_every_knob_is_tested() -> None:
    """A knob that is added needs a probe here, or a place among the delays."""
    assert PROBES.keys() | DELAYS | SIZES == {field.name for field in fields(Behaviour)}


@pytest.mark.parametrize("knob", PROBES)
def test_each_value_of_a_knob_shows(tmp_path: Path, knob: str) -> None:
    """Each value of the knob can be told from each other one by what the service answers."""
    answers = {}
    for value in values_of(knob):
        with running(
            tmp_path / str(value), clock=ManualClock(), rate="4/60", behaviour=Behaviour(**{knob: value})
        ) as bench:
            answers[value] = PROBES[knob](bench)
    assert len(set(answers.values())) == len(values_of(knob)) > 1, answers


def test_the_shapes_of_a_list(bench: Bench) -> None:
    """The odd shapes of a list of objectives, all at once."""
    bench.server.behave(list_wrapper="data", names="nested", dates="epoch-ms", plays="objects", blanks="null")
    bench.server.behave(extra_fields=True, timestamps=False)
    (shown,) = listed(bench)["data"]
    assert shown["status"] == {"id": NEW["statusId"], "displayName": "In Progress"}
    assert shown["category"] == {"id": NEW["categoryId"], "displayName": "Upsale"}
    assert (shown["startDate"], shown["owner"]) == (1707423000000, None)
    assert [play["id"] for play in shown["successPlays"]] == ["play-1", "play-2"]
    assert "tags" in shown
    assert not {"statusId", "categoryId", "createdAt", "updatedAt"} & shown.keys()


def test_a_replacing_update_loses_what_it_leaves_out(bench: Bench) -> None:
    """Under full replacement only the plays, the account and the title sent are left."""
    bench.server.behave(update="replace")
    identity = bench.new()
    bench.update(identity, accountId=ACCOUNT, title=NEW["title"])
    held = bench.held(identity) or {}
    assert {name for name in NEW if name in held} == {"accountId", "title", "successPlays"}


def test_names_can_be_ambiguous(bench: Bench) -> None:
    """The second status of a name has an id of its own, which a write may use."""
    bench.server.behave(duplicate_status=True)
    first, *_, last = bench.client.get(STATUSES).json()
    assert first["displayName"] == last["displayName"]
    assert first["id"] != last["id"]
    assert bench.create(statusId=last["id"]).status_code == 201


def test_delays_are_drawn_from_a_seed(tmp_path: Path) -> None:
    """The way there and the service's own time are slept through, and the same seed draws the same delays."""
    drawn = []
    for seed, reseeded in ((1, None), (2, 1), (2, None)):
        clock = ManualClock()
        behaviour = Behaviour(latency=2, jitter=1, transit=10, transit_jitter=5, seed=seed)
        with running(tmp_path, clock=clock, behaviour=behaviour) as bench:
            if reseeded is not None:
                bench.server.behave(seed=reseeded)
            bench.client.get(STATUSES)
            bench.client.get(STATUSES)
        drawn.append(clock.slept)
    way, half, rest, *second = drawn[0]
    assert 10 <= way < 15
    assert 1 <= half == rest < 1.5
    assert [way, half, rest] != second
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_call_under_way_is_not_seen_yet(tmp_path: Path) -> None:
    """A call is seen when it has come through, also where its client is gone by then."""
    clock = ManualClock()
    with running(tmp_path, clock=clock, behaviour=Behaviour(transit=5)) as bench:
        clock.asleep = True
        with pytest.raises(httpx.ReadTimeout):
            bench.client.post("/api/v3/objectives/", json=NEW, timeout=0.1)
        assert bench.server.arrivals() == []
        clock.at += 5
        clock.asleep = False
        wait_for(lambda: bench.server.arrivals() and bench.server.arrivals()[0].status)
        assert bench.of().json()[0]["title"] == NEW["title"]
        assert [(each.at, each.method) for each in bench.server.arrivals()] == [(1005, "POST"), (1005, "GET")]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"dates": "german"}, "'dates' must be one of iso, iso-seconds, offset, basic, local, epoch-ms, epoch-s"),
        ({"mistake_status": 401}, "one of 400, 404"),
        ({"mistake_status": "404"}, "one of 400, 404"),
        ({"template_objectives": True}, "one of 1, 2, 3"),
        ({"extra_fields": 1}, "true or false"),
        ({"latency": -1}, "a number of at least 0"),
        ({"latency": float("inf")}, "a number of at least 0"),
        ({"latency": float("nan")}, "a number of at least 0"),
        ({"seed": 1.5}, "a whole number"),
        ({"colour": "blue"}, "no 'colour'"),
    ],
)
def test_a_value_that_a_knob_does_not_have_is_refused(values: dict[str, Any], said: str) -> None:
    """The message names the knob and what it may be."""
    for make in (Behaviour.from_mapping, lambda values: Behaviour().changed(**values)):
        with pytest.raises(UsageError, match=said):
            make(values)


def test_knobs_are_read_from_texts() -> None:
    """A command line sets knobs as name=value, in any case and with hyphens."""
    texts = ["list-wrapper=DATA", "extra_fields=true", "latency = 0.5", "mistake_status=404", "seed=7", "plays=objects"]
    assert Behaviour.from_texts(texts) == Behaviour(
        list_wrapper="data", extra_fields=True, latency=0.5, mistake_status=404, seed=7, plays="objects"
    )
    for wrong in ("latency=soon", "extra_fields=maybe", "dates", "colour=blue", "seed=1.5"):
        with pytest.raises(UsageError, match=wrong.partition("=")[0]):
            Behaviour.from_texts([wrong])


def test_every_knob_says_what_it_may_be() -> None:
    """Help texts have a phrase for each knob."""
    wanted = Behaviour.wanted()
    assert list(wanted) == [field.name for field in fields(Behaviour)]
    assert wanted["names"] == "one of ids, nested"
    assert Fault.wanted()["count"] == "a whole number of at least 0 or nothing"


def test_a_list_in_parts_is_whole(bench: Bench) -> None:
    """Every part is had once, by the address that the one before names."""
    bench.server.behave(partial="next-path", page=1)
    made = [bench.new() for _ in range(3)]
    path, found = f"{OBJECTIVES}?accountId={ACCOUNT}", []
    while path:
        part = bench.client.get(path).json()
        found += [each["id"] for each in part["data"]]
        path = part["links"]["next"]
    assert found == made


def test_stamps_come_from_another_clock(bench: Bench) -> None:
    bench.new(id="one", createdAt="2024-03-04T05:06:07.000Z")
    bench.server.behave(stamp_ahead=60.5)
    assert bench.of().json()[0]["createdAt"] == "2024-03-04T05:07:07.500Z"
    bench.server.behave(stamp_ahead=0, stamp_behind=7)
    assert bench.of().json()[0]["createdAt"] == "2024-03-04T05:06:00.000Z"


def test_somebody_else_edits_and_deletes(bench: Bench) -> None:
    one, other = bench.new(), bench.new()
    bench.server.edit(one, title="Theirs")
    bench.server.remove(other)
    assert [(each["id"], each["title"]) for each in bench.of().json()] == [(one, "Theirs")]
