"""Lists in parts, and searches whose pages shift while they are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import respx

from bulkobj.core.errors import AuthorizationError, ReadRefusedError, StoppedError
from bulkobj.core.model import Named
from tests.totango.client_kit import HOST, settings_in, using

PATH = "/api/v3/objectives/"
USERS = "/api/v1/search/users/internal"
SEARCH = "/api/v1/search/accounts"
ONE, TWO, THREE = ({"id": f"o{n}", "title": f"T{n}"} for n in (1, 2, 3))


def ids(folder: Path, *responses: httpx.Response) -> Any:
    """The ids of an account's objectives, or the error; and the queries that were sent."""
    with respx.mock(base_url=HOST) as service:
        route = service.get(url__startswith=HOST + PATH)
        route.side_effect = list(responses)
        try:
            found = [one.id for one in using(settings_in(folder), lambda totango: totango.objectives("a 1"))]
        except StoppedError as error:
            found = error  # type: ignore[assignment]
        return found, [dict(call.request.url.params) for call in route.calls]


def page(body: Any, **headers: str) -> httpx.Response:
    return httpx.Response(200, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    ("first", "query"),
    [
        (
            page([ONE, TWO], Link=f'<{HOST}{PATH}?accountId=a+1&page=2>; rel="next", <{HOST}/x>; rel="last"'),
            {"page": "2"},
        ),
        (
            page([ONE, TWO], Link='<https://x/1>; rel="prev", </api/v3/objectives/?accountId=a+1&p=2>; rel=next'),
            {"p": "2"},
        ),
        (page({"data": [ONE, TWO], "next": f"{PATH}?accountId=a+1&page=2"}), {"page": "2"}),
        (page({"data": [ONE, TWO], "next": f"http://api.totango.com{PATH}?accountId=a+1&page=2"}), {"page": "2"}),
        (page({"objectives": [ONE, TWO], "_links": {"next": {"href": "?accountId=a+1&page=2"}}}), {"page": "2"}),
        (page({"data": [ONE, TWO], "meta": {"total": 3, "next": "?accountId=a+1&x=1"}}), {"x": "1"}),
        (page({"data": [ONE, TWO], "nextPageToken": "t0"}), {"pageToken": "t0"}),
        (page({"data": [ONE, TWO], "paging": {"next_cursor": 7}}), {"cursor": "7"}),
    ],
)
def test_a_list_in_parts_is_read_on(tmp_path: Path, first: httpx.Response, query: dict[str, str]) -> None:
    """At the same host, by URL or by token; what comes twice counts once."""
    found, queries = ids(tmp_path, first, page({"data": [TWO, THREE], "nextPageToken": "", "next": None, "total": "3"}))
    assert found == ["o1", "o2", "o3"]
    assert queries == [{"accountId": "a 1"}, {"accountId": "a 1"} | query]


@pytest.mark.parametrize(
    "first",
    [
        page({"data": [ONE], "total": 2}),
        page({"data": [ONE], "total": "2"}),
        page({"data": [ONE], "Total_Count": 2}),
        page({"data": [ONE], "meta": {"total": 2}}),
        page({"response": {"data": [ONE], "pagination": {"total_items": 2}}}),
        page({"data": [ONE], "hasMore": True}),
        page({"data": [ONE], "has_more": "true"}),
        page({"data": [ONE], "last": False}),
        page({"data": [ONE], "pageInfo": {"hasNextPage": True}}),
        page({"data": [ONE], "page": 1, "totalPages": 2}),
        page({"data": [ONE], "next": 2}),
        page([ONE], X_Total_Count="2"),
        page([ONE], Content_Range="items 0-0/2"),
        httpx.Response(206, json=[ONE]),
        page([ONE], Link='<https://elsewhere.example/?page=2>; rel="next"'),
        page({"data": [ONE], "next": "https://elsewhere.example/?page=2"}),
        page({"data": [ONE], "next": "//elsewhere.example/?page=2"}),
    ],
)
def test_a_part_of_a_list_is_refused(tmp_path: Path, first: httpx.Response) -> None:
    """It says that there is more, and not how to get it, or that it is elsewhere: nothing is asked there."""
    found, queries = ids(tmp_path, first)
    assert isinstance(found, ReadRefusedError)
    assert len(queries) == 1


@pytest.mark.parametrize(
    "whole",
    [
        page({"data": [ONE], "total": "1", "hasMore": False, "next": None, "nextPageToken": "", "page": 1, "pages": 1}),
        page({"data": [ONE], "last": True, "totalPages": 1}, X_Total_Count="1"),
        page([ONE], Link='<https://elsewhere.example/>; rel="describedby"'),
        page({"data": [ONE], "links": {"next": None, "self": "/x"}, "has_more": "false"}),
    ],
)
def test_a_whole_list_is_read(tmp_path: Path, whole: httpx.Response) -> None:
    assert ids(tmp_path, whole)[0] == ["o1"]


def test_parts_without_end_are_refused(tmp_path: Path) -> None:
    """A service that ignores the token would give its first part for ever."""
    same = page({"data": [ONE], "nextPageToken": "t"})
    found, queries = ids(tmp_path, same, same)
    assert isinstance(found, ReadRefusedError)
    assert len(queries) == 2


@pytest.mark.parametrize("status", [403, 400, 410])
def test_an_account_that_is_refused(tmp_path: Path, status: int) -> None:
    """The error holds the status: 403 is told from any other refusal, 404 is no error."""
    found, _ = ids(tmp_path, httpx.Response(status, json={"message": "no"}))
    assert isinstance(found, AuthorizationError if status == 403 else ReadRefusedError)
    assert found.status == status


class Search:
    """Accounts in pages; ``between`` changes them before the page of that number is read."""

    def __init__(self, names: list[str], between: dict[int, Any] | None = None, users: bool = False) -> None:  # noqa: FBT001, FBT002 - a double
        self.names = names
        self.between = between or {}
        self.kind = "users" if users else "accounts"
        self.queries: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        query = json.loads(parse_qs(request.content.decode())["query"][0])
        self.queries.append(query)
        self.between.pop(len(self.queries), lambda _: None)(self.names)
        names = sorted(self.names)
        hits = [{"name": one, "display_name": one.upper()} for one in names[query["offset"] :][: query["count"]]]
        return httpx.Response(200, json={"response": {self.kind: {"total_hits": len(names), "hits": hits}}})


def searched(folder: Path, search: Search, terms: Any = ()) -> tuple[set[str], int]:
    with respx.mock(base_url=HOST) as service:
        service.post(SEARCH).side_effect = search
        found, total = using(settings_in(folder), lambda totango: totango.accounts(terms))
    return {one.id for one in found}, total


NAMES = [f"n{n:05}" for n in range(2500)]


def test_pages_overlap(tmp_path: Path) -> None:
    search = Search(NAMES.copy())
    assert searched(tmp_path, search) == (set(NAMES), 2500)
    assert [query["offset"] for query in search.queries] == [0, 950, 1900]


def test_an_account_that_moves_to_an_earlier_page_is_seen(tmp_path: Path) -> None:
    """One is renamed while pages are read, so that those after it move up by one."""
    search = Search(NAMES.copy(), {2: lambda names: names.__setitem__(0, "z")})
    found, total = searched(tmp_path, search)
    assert found >= {*NAMES[1:], "z"}
    assert total == 2500


@pytest.mark.parametrize("change", [lambda names: names.remove("n00000"), lambda names: names.append("a")])
def test_a_total_that_changes_has_the_search_read_again(tmp_path: Path, change: Any) -> None:
    search = Search(NAMES.copy(), {2: change})
    assert searched(tmp_path, search) == (set(search.names), len(search.names))
    assert len(search.queries) == 6


def test_a_search_that_never_stands_still_is_incomplete(tmp_path: Path) -> None:
    search = Search(NAMES.copy(), {n: lambda names: names.append(f"z{len(names)}") for n in range(1, 20)})
    found, total = searched(tmp_path, search)
    assert len(found) < total


def test_a_search_beyond_its_reach_is_incomplete(tmp_path: Path) -> None:
    search = Search([f"n{n:05}" for n in range(12_000)])
    found, total = searched(tmp_path, search)
    assert (len(found), total) == (10_000, 12_000)
    assert max(query["offset"] + query["count"] for query in search.queries) == 10_000


def test_a_filter_is_a_term(tmp_path: Path) -> None:
    search = Search(["a"])
    term = {"type": "string_attribute", "attribute": "Success Manager", "in_list": ["Jane Doe"]}
    searched(tmp_path, search, [term])
    assert search.queries[0]["terms"] == [term]


@pytest.mark.parametrize(
    "response",
    [httpx.Response(403), httpx.Response(404), httpx.Response(400), page({"x": 1}), page({"success": False})],
)
def test_users_that_are_refused_are_unknown(tmp_path: Path, response: httpx.Response) -> None:
    with respx.mock(base_url=HOST) as service:
        service.post(USERS).mock(return_value=response)
        assert using(settings_in(tmp_path), lambda totango: totango.users()) is None


def test_users(tmp_path: Path) -> None:
    hits = [{"id": 7, "name": "jane@x", "display_name": "Jane"}, {"email": "joe@x", "fullName": "Joe"}]
    with respx.mock(base_url=HOST) as service:
        service.post(USERS).respond(json={"response": {"users": {"total_hits": "2", "hits": hits}}})
        found = using(settings_in(tmp_path), lambda totango: totango.users())
    assert found == (Named("jane@x", "Jane"), Named("joe@x", "Joe"))
