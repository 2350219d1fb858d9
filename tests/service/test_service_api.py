"""The documented calls, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.service.service_kit import (
    ACCOUNT,
    CATEGORIES,
    IN_PROGRESS,
    NEW,
    OBJECTIVES,
    ON_HOLD,
    RUN,
    SEARCH,
    STATUSES,
    TEMPLATES,
    Bench,
    ManualClock,
    message,
    running,
)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with running(tmp_path, rate="10000/60", clock=ManualClock()) as bench:
        yield bench


def test_settings_hold_the_documented_samples(bench: Bench) -> None:
    """The statuses and categories of the vendor's article are there, in its shape."""
    statuses, categories = (bench.client.get(path).json() for path in (STATUSES, CATEGORIES))
    assert statuses[0] == {
        "id": "7ee010f0-1228-222-974e-89b5d2cf2152",
        "displayName": "On Hold",
        "createdBy": "user@tot.com",
        "updatedBy": "",
        "createdAt": "2023-11-27T18:35:07.000Z",
        "updatedAt": "2023-11-27T18:35:07.000Z",
    }
    assert [each["displayName"] for each in statuses[:3]] == ["On Hold", "Completed", "In Progress"]
    assert [each["displayName"] for each in categories[:3]] == ["Churn Prevention", "Upsale", "Churn detection"]
    assert categories[0]["updatedBy"] == "user@tot.com"


@pytest.mark.parametrize("path", ["/api/v3/objectives", "/api/v3/objectives/"])
def test_a_created_objective_is_read_back_as_sent(bench: Bench, path: str) -> None:
    """Every documented field comes back, with and without the slash at the path's end."""
    answer = bench.client.post(path, json=NEW)
    assert (answer.status_code, list(answer.json())) == (201, ["id"])
    (read,) = bench.client.get(path, params={"accountId": ACCOUNT}).json()
    about = {"createdBy": "sandbox@example.demo", "createdAt": "2023-11-14T22:30:00.000Z"}
    assert read == answer.json() | NEW | about | {"updatedAt": "2023-11-14T22:30:00.000Z"}


def test_an_objective_needs_only_what_is_required(bench: Bench) -> None:
    """Dates, description, owner and plays may be left out of a create, and unknown properties are passed over."""
    needed = {name: NEW[name] for name in ("accountId", "title", "categoryId", "statusId")}
    identity = bench.client.post(OBJECTIVES, json=needed | {"flavour": "sweet"}).json()["id"]
    (read,) = bench.of().json()
    assert {name: read[name] for name in needed} == needed
    assert read["successPlays"] == []
    assert not {"description", "startDate", "owner", "flavour"} & read.keys()
    assert read["id"] == identity


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("title", None, "title is required"),
        ("title", "  ", "title is required"),
        ("title", "<b>Bold</b>", "title must not contain HTML markup"),
        ("description", "one<br/>two", "description must not contain HTML markup"),
        ("description", "caf&eacute; &nbsp;", "description must not contain HTML markup"),
        ("description", 5, "description must be a text"),
        ("owner", ["a"], "owner must be a text"),
        ("startDate", "2024-02-08", "startDate must be a date such as 2024-02-08T20:10:00.000Z"),
        ("startDate", "2024-02-30T00:00:00.000Z", "startDate must be a date such as 2024-02-08T20:10:00.000Z"),
        ("endDate", 1707422400000, "endDate must be a date such as 2024-02-08T20:10:00.000Z"),
        ("endDate", "2024-02-08T20:09:59.999Z", "endDate must not be before startDate"),
        ("statusId", "nope", "Status not found: nope"),
        ("categoryId", IN_PROGRESS, f"Category not found: {IN_PROGRESS}"),
        ("accountId", "nope", "Account not found: nope"),
        ("accountId", "", "accountId is required"),
        ("successPlays", None, "successPlays must be a list of SuccessPlay ids"),
        ("successPlays", [" "], "successPlays must be a list of SuccessPlay ids"),
    ],
)
def test_a_mistake_in_a_create_is_refused_and_leaves_nothing(bench: Bench, field: str, value: Any, said: str) -> None:
    """What the service can't take is a 400 that says why."""
    assert message(bench.create(**{field: value})) == (400, said)
    assert bench.of().json() == []


@pytest.mark.parametrize("missing", ["accountId", "title", "categoryId", "statusId"])
def test_a_missing_property_is_refused(bench: Bench, missing: str) -> None:
    """A create without a property that it needs is a 400."""
    sent = {name: value for name, value in NEW.items() if name != missing}
    assert message(bench.client.post(OBJECTIVES, json=sent)) == (400, f"{missing} is required")


def test_plain_text_that_looks_a_little_like_markup_is_taken(bench: Bench) -> None:
    """A comparison, an ampersand or an arrow is no markup."""
    text = "5 < users <= 20 & growing -> R&D; a<5 and b>3"
    assert bench.create(title=text, description=text).status_code == 201


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b"\xff", b"[" * 100_000, b""])
def test_a_body_that_is_no_json_object_is_refused(bench: Bench, body: bytes) -> None:
    """Whatever stands in the body, the answer is a 400 and not a crash."""
    for path in (OBJECTIVES, RUN, SEARCH):
        assert bench.client.post(path, content=body).status_code == 400


def test_half_a_character_is_refused(bench: Bench) -> None:
    """A text that couldn't be shown again isn't taken."""
    body = json.dumps(NEW | {"title": "\ud800"}).encode()
    assert message(bench.client.post(OBJECTIVES, content=body)) == (400, "The request body is not valid JSON")


def test_an_update_changes_what_it_names(bench: Bench) -> None:
    """A partial PUT keeps the other fields, and says when and by whom it was changed."""
    identity = bench.new(createdAt="2024-01-01T00:00:00.000Z")
    answer = bench.update(identity, title="Renamed", statusId=ON_HOLD, startDate="2024-02-09T00:00:00Z")
    changes = {"title": "Renamed", "statusId": ON_HOLD, "startDate": "2024-02-09T00:00:00.000Z"}
    (read,) = bench.of().json()
    assert answer.json() == read
    assert {name: read[name] for name in NEW} == NEW | changes
    assert (read["createdAt"], read["updatedAt"]) == ("2024-01-01T00:00:00.000Z", "2023-11-14T22:30:00.000Z")


@pytest.mark.parametrize("field", ["description", "owner", "startDate", "endDate"])
def test_null_empties_a_field(bench: Bench, field: str) -> None:
    """A null in a PUT clears a date, the owner or the description."""
    identity = bench.new()
    assert bench.update(identity, **{field: None}).status_code == 200
    assert field not in bench.of().json()[0]


@pytest.mark.parametrize("update", ["partial", "replace"])
def test_success_plays_follow_the_documentation(bench: Bench, update: str) -> None:
    """A list sets the links, an empty list deletes them, and leaving the property out changes nothing."""
    bench.server.behave(update=update)
    identity = bench.new()
    plays = [(bench.update(identity, **NEW | {"successPlays": given}), given) for given in (["a"], [], ["b", "c"])]
    assert [answer.json()["successPlays"] for answer, _ in plays] == [given for _, given in plays]
    without = {name: value for name, value in NEW.items() if name != "successPlays"}
    assert bench.update(identity, **without).json()["successPlays"] == ["b", "c"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": ""}, (400, "title is required")),
        ({"title": None}, (400, "title is required")),
        ({"statusId": None}, (400, "statusId is required")),
        ({"statusId": "nope"}, (400, "Status not found: nope")),
        ({"description": "<i>x</i>"}, (400, "description must not contain HTML markup")),
        ({"endDate": "2024-01-01T00:00:00.000Z"}, (400, "endDate must not be before startDate")),
        ({"accountId": "ACME-1001"}, (400, "The objective is not one of account ACME-1001")),
        ({"successPlays": None}, (400, "successPlays must be a list of SuccessPlay ids")),
    ],
)
def test_a_mistake_in_an_update_is_refused_and_changes_nothing(
    bench: Bench, fields: dict[str, Any], said: tuple[int, str]
) -> None:
    """A wrong PUT is a 400 that says why."""
    identity = bench.new()
    before = bench.held(identity)
    assert message(bench.update(identity, **fields)) == said
    assert bench.held(identity) == before


def test_an_update_may_send_back_what_is_held(bench: Bench) -> None:
    """Values that the service holds are no mistake, though it would refuse them as new ones."""
    odd = {"statusId": "gone", "description": "<b>old</b>", "endDate": "2020-01-01T00:00:00.000Z"}
    identity = bench.new(**odd)
    assert bench.update(identity, **NEW | odd | {"title": "Renamed"}).status_code == 200
    assert message(bench.update(identity, statusId="also gone"))[0] == 400


def test_a_deleted_objective_is_gone(bench: Bench) -> None:
    """A second delete, and an update, of the same id is a 404."""
    identity = bench.new()
    assert bench.delete(identity).status_code == 204
    assert bench.held(identity) is None
    assert message(bench.delete(identity)) == message(bench.update(identity, title="x")) == (404, "Objective not found")


@pytest.mark.parametrize("identity", ["a/b", "50% off", "ü ö", "a?b#c", "a+b"])
def test_an_id_is_any_text_in_one_quoted_segment(bench: Bench, identity: str) -> None:
    """An id travels quoted in the path, and in a query; an unquoted slash is another address."""
    bench.server.put("accounts", [{"id": identity, "name": "Odd"}])
    bench.new(id=identity, accountId=identity)
    assert [each["id"] for each in bench.of(identity).json()] == [identity]
    paths = [OBJECTIVES + before + quote(identity, safe="") for before in ("", "another/")]
    whole, deeper = (httpx.URL(bench.server.url).copy_with(raw_path=path.encode()) for path in paths)
    assert bench.client.delete(deeper).status_code == 404
    assert bench.client.delete(whole).status_code == 204


def test_the_list_needs_an_account_that_exists(bench: Bench) -> None:
    """Without an account the list is a 400, of an unknown one a 404, of one without objectives empty."""
    assert message(bench.client.get(OBJECTIVES)) == (400, "accountId is required")
    assert message(bench.of("nope")) == (404, "Account not found")
    assert bench.of("LUMA-1094").json() == []


def test_addresses_and_methods_that_are_not_documented(bench: Bench) -> None:
    """Another address is a 404, another method a 405."""
    assert bench.client.get("/api/v3/objective").status_code == 404
    assert bench.client.get("/").status_code == 404
    assert bench.client.patch(OBJECTIVES + "x").status_code == 405
    assert bench.client.get(OBJECTIVES + "x").status_code == 405


def template(bench: Bench, name: str) -> str:
    return next(str(each["id"]) for each in bench.client.get(TEMPLATES).json() if each["name"] == name)


def test_a_template_makes_an_objective(bench: Bench) -> None:
    """Running a template answers Success, and the account has its objective from midnight today."""
    sent = {"objectiveTemplateId": template(bench, "Seat expansion"), "accountId": ACCOUNT}
    answer = bench.client.post(RUN, json=sent)
    assert (answer.status_code, answer.text) == (200, "Success")
    (made,) = bench.of().json()
    assert (made["title"], len(made["successPlays"])) == ("Seat expansion", 1)
    assert (made["startDate"], made["endDate"]) == ("2023-11-14T00:00:00.000Z", "2024-01-13T00:00:00.000Z")


@pytest.mark.parametrize(
    ("name", "account", "said"),
    [
        ("Advocacy starter", ACCOUNT, (400, "Objective must contain at least one SuccessPlay")),
        ("Seat expansion", "nope", (404, "Account not found")),
        (None, ACCOUNT, (404, "Objective template not found")),
    ],
)
def test_a_template_run_is_refused_as_documented(
    bench: Bench, name: str | None, account: str, said: tuple[int, str]
) -> None:
    """The three documented refusals of a template run."""
    identity = template(bench, name) if name else "nope"
    assert message(bench.client.post(RUN, json={"objectiveTemplateId": identity, "accountId": account})) == said


def search(bench: Bench, **changes: Any) -> Any:
    query = {"terms": [], "fields": [], "count": 1000, "offset": 0, "sort_by": "display_name", "sort_order": "ASC"}
    return bench.client.post(SEARCH, data={"query": json.dumps(query | {"scope": "all"} | changes)})


def test_account_search_pages_through_all_accounts(bench: Bench) -> None:
    """Pages follow each other in the order of names, each account once, two of them with the same name."""
    pages = [search(bench, count=15, offset=offset).json()["response"]["accounts"] for offset in (0, 15, 30, 45)]
    assert [(page["total_hits"], len(page["hits"])) for page in pages] == [(40, 15), (40, 15), (40, 10), (40, 0)]
    hits = [(hit["name"], hit["display_name"]) for page in pages for hit in page["hits"]]
    assert len(set(hits)) == 40
    names = [name.casefold() for _, name in hits]
    assert names == sorted(names)
    assert {identity for identity, name in hits if name == "Harbor Foods"} == {"HARB-2101", "HARB-2102"}
    assert {"100234", "EU/4711", "RIVE 1150"} < {identity for identity, _ in hits}


def test_account_search_has_the_documented_bounds(bench: Bench) -> None:
    """A page has at most 1,000 accounts, and nothing lies beyond the 10,000th."""
    bench.server.put("accounts", [{"id": f"n{number}", "name": f"Many {number}"} for number in range(10_100)])
    assert search(bench, count=1001).status_code == search(bench, offset=-1).status_code == 400
    last, beyond = (search(bench, offset=offset).json()["response"]["accounts"] for offset in (9_500, 10_000))
    assert (len(last["hits"]), len(beyond["hits"]), beyond["total_hits"]) == (500, 0, 10_140)


def test_account_search_refuses_what_is_not_described(bench: Bench) -> None:
    """A filter or a query in another form is a 400, so that no client relies on it."""
    assert search(bench, terms=[{"type": "string", "term": "name"}]).status_code == 400
    assert bench.client.post(SEARCH, json={"query": {}}).status_code == 400


@pytest.mark.parametrize("headers", [{"app-token": "wrong"}, {"app-token": ""}])
def test_a_wrong_token_is_refused(bench: Bench, headers: dict[str, str]) -> None:
    """A wrong token is a 401 and writes nothing; so is none at all."""
    assert message(bench.client.post(OBJECTIVES, json=NEW, headers=headers)) == (401, "Invalid or expired token")
    del bench.client.headers["app-token"]
    assert bench.client.get(STATUSES).status_code == 401
    assert bench.of().status_code == 401


def test_seeds_are_a_believable_tenant(bench: Bench) -> None:
    """The seeds hold what a reader of spreadsheets stumbles over, and refer only to what is there."""
    seeded = bench.server.objectives()
    assert len(seeded) == 30
    assert sum("description" not in each for each in seeded) == 1
    assert any("\n" in each.get("description", "") and "Å" in each["description"] for each in seeded)
    assert any(each["successPlays"] for each in seeded)
    assert any(not each.get("startDate", "T00:00").partition("T")[2].startswith("00:00") for each in seeded)
    for account in {each["accountId"] for each in seeded}:
        for each in bench.of(account).json():
            assert bench.update(each["id"], **each).status_code == 200
            again = {name: value for name, value in each.items() if name in NEW}
            assert bench.client.post(OBJECTIVES, json=again).status_code == 201
