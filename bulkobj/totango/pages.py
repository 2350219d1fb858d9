"""Partial lists: the parts that a list says it has, and the request for the next one; API.md, "Partial lists"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from bulkobj.totango.decoding import UnreadableResponseError, item_of
from bulkobj.totango.responses import Response

_TOTALS = ("total", "totalcount", "totalhits", "totalitems", "totalelements", "totalresults", "totalrecords")
_MORE: tuple[str, ...] = (
    "hasmore",
    "more",
    "hasnext",
    "hasnextpage",
    "hasmorepages",
    "moreavailable",
    "truncated",
    "istruncated",
)
_MORE += ("incomplete", "incompleteresults", "partial", "ispartial")
_LAST = ("last", "islast", "islastpage", "lastpage", "complete", "iscomplete")
_URLS = ("next", "nextpage", "nextlink", "nexturl", "nexthref", "nextpageurl", "odatanextlink", "@odata.nextlink")
#: Tokens for the next part, and the parameter that carries each by convention.
_TOKENS = {
    "nextpagetoken": "pageToken",
    "nexttoken": "nextToken",
    "nextcursor": "cursor",
    "nextoffset": "offset",
    "nextpagenumber": "page",
}
_INSIDE: tuple[str, ...] = (
    "meta",
    "metadata",
    "paging",
    "pagination",
    "page",
    "pageinfo",
    "links",
    "cursor",
    "cursors",
    "response",
    "data",
)
_INSIDE += ("result", "results")
_LINK = re.compile(r'<([^<>]*)>[^<]*?;\s*rel\s*=\s*"?[^",;]*\bnext\b', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """A list's own account of itself: how many items there are in all, and whether and how it goes on.

    ``pages`` is the number of parts, 1 if it isn't given.
    ``following`` is the URL of the next part; ``""`` if the list doesn't name one.
    """

    total: int | None = None
    more: bool = False
    following: str = ""
    pages: int = 1


def part_of(response: Response, data: Any) -> Part:
    """Return the list's account of its parts, from its body and its headers.

    Raises UnreadableResponseError if the next part is on another host.
    """
    levels = list(_levels(data)) if isinstance(data, dict) else []
    totals = [_number(level.get(key)) for level in levels for key in _TOTALS]
    totals += [_number(response.headers.get(name)) for name in ("x-total-count", "x-total", "total-count")]
    totals.append(_number(response.headers.get("content-range", "").rpartition("/")[2]))
    total = max((one for one in totals if one is not None), default=None)
    following = _following(response, levels)
    more = response.status == 206 or any(_says_more(level) for level in levels)
    pages = [_number(level.get("totalpages")) or 1 for level in levels]
    return Part(total, more or bool(following), following, max(pages, default=1))


def _levels(data: Mapping[str, Any], depth: int = 3) -> Iterator[Mapping[str, Any]]:
    """Yield the wrapper, and the objects in it that speak of the list."""
    level = item_of(data)
    yield level
    for key in _INSIDE:
        if depth and isinstance(level.get(key), dict):
            yield from _levels(level[key], depth - 1)


def _number(value: Any) -> int | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value)
    return int(value) if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,12}\s*", value) else None


def _on(value: Any) -> bool:
    return str(value).strip().casefold() not in {"", "false", "0", "none", "null", "no"} and value not in ({}, [])


def _says_more(level: Mapping[str, Any]) -> bool:
    last = any(str(level[key]).casefold() == "false" for key in _LAST if key in level)
    return last or any(_on(level[key]) for key in (*_MORE, *_URLS, *_TOKENS) if key in level)


def _following(response: Response, levels: list[Mapping[str, Any]]) -> str:
    link = _LINK.search(response.headers.get("link", ""))
    candidates = [link[1]] if link else [_address(level.get(key)) for level in levels for key in _URLS]
    address = next((one for one in candidates if one), "")
    if address:
        return _at_same_host(address, response.url)
    for level in levels:
        for key, parameter in _TOKENS.items():
            if isinstance(level.get(key), str | int) and _on(level[key]):
                here = urlsplit(response.url)
                query = {**dict(parse_qsl(here.query)), parameter: str(level[key])}
                return here._replace(query=urlencode(query)).geturl()
    return ""


def _address(value: Any) -> str:
    """Return the address of the next part: a text that is one, or the ``href`` of a link."""
    if isinstance(value, dict):
        link = item_of(value)
        return next((text for key in ("href", "url", "link") if (text := _address(link.get(key)))), "")
    return value if isinstance(value, str) and re.match(r"https?://|//|/|\?", value) else ""


def _at_same_host(address: str, url: str) -> str:
    """Return the address at the origin of ``url``: a service behind a gateway may spell its own scheme and port."""
    there, here = urlsplit(urljoin(url, address)), urlsplit(url)
    if there.hostname != here.hostname or there.port not in {here.port, None, 80, 443}:
        raise UnreadableResponseError("the service names another host for the rest of the list")
    return there._replace(scheme=here.scheme, netloc=here.netloc).geturl()
