"""Responses of the service and their verdicts: the only place that judges a status or believes a body.

CONTRIBUTING, decision 8, has the rules; API.md, "Answers to a write", the shapes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

# An escaped backslash and a pair of surrogates stay; half a pair is no character.
_ESCAPES = re.compile(r"\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F]..)")
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Response:
    """A response of the service: the status, the headers with lower-case names, the body, the URL that it answers."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    url: str = ""

    @property
    def text(self) -> str:
        """The body as text, whatever its bytes."""
        return self.body.decode("utf-8", "replace").lstrip("\ufeff").strip()

    def json(self) -> Any:
        """Return the body's JSON, with U+FFFD for half a character. Raises ValueError and RecursionError."""
        text = self.body.decode(json.detect_encoding(self.body), "surrogatepass")
        if _SURROGATES.search(text):
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return json.loads(_ESCAPES.sub(lambda found: r"\ufffd" if found[1] else found[0], text))


@dataclass(frozen=True, slots=True)
class NoResponse:
    """A request without a response. ``sent`` is False only if not one byte of it can have left."""

    sent: bool
    reason: str


Exchange = Response | NoResponse


class Verdict(Enum):
    """The meaning of an exchange for its request."""

    DONE = auto()
    REJECTED = auto()  # the service says no to this request; sending it again changes nothing
    FORBIDDEN = auto()  # 403: not allowed for this request; for others the token may be good
    LIMITED = auto()  # over the rate limit: it did not happen
    NOT_SENT = auto()  # it did not happen
    LOST = auto()  # it may or may not have happened
    DENIED = auto()  # the service refuses the token


def classify(method: str, exchange: Exchange) -> Verdict:
    """Return the verdict on an exchange; ``method`` is GET for everything that only reads."""
    if isinstance(exchange, NoResponse):
        return Verdict.LOST if exchange.sent else Verdict.NOT_SENT
    status = exchange.status
    special = {401: Verdict.DENIED, 403: Verdict.FORBIDDEN, 429: Verdict.LIMITED, 408: Verdict.LOST}
    if status in special:
        return special[status]
    if 200 <= status < 300:
        return Verdict.DONE if _believable(method, exchange) else Verdict.LOST
    if 300 <= status < 400 and method == "GET":
        return Verdict.REJECTED
    return Verdict.REJECTED if 400 <= status < 500 else Verdict.LOST


def _believable(method: str, response: Response) -> bool:
    """Return True unless the body of a 2xx contradicts it.

    A read needs JSON. A write may also be answered by nothing or by plain text.
    """
    try:
        data = response.json()
    except RecursionError:  # nested deeper than any response of the service
        return False
    except ValueError:
        plain = method != "GET" and not response.text.startswith(("{", "[", '"')) and response.status != 207
        return plain and not _is_failure(response.text) and not _is_foreign(response)
    try:
        return not (_envelope_fails(data) if method == "GET" else _fails(data, method))
    except RecursionError:
        return False


_TAG = re.compile(r"<\s*[/!?]?\s*[a-z]|<!--", re.IGNORECASE)
_FAILURE = re.compile(
    r"\b(errors?|fail(s|ed|ures?|ing)?|exceptions?|invalid|denied|forbidden|unauthori[sz]ed|unauthenticated|rejected"
    r"|refused|aborted|unable|unavailable|cannot|can't|could ?n[o']t|did ?n[o']t|was ?n[o']t|not|no such|missing"
    r"|timeout|timed out|too many|expired|traceback|n?ko)\b",
    re.IGNORECASE,
)
_NOTHING = frozenset({"false", "null", "none", "nil", "undefined", "nan", "no", "0"})
_SUCCESS = frozenset(
    {"success", "successful", "successfully", "ok", "okay", "created", "updated", "deleted", "accepted"}
)
_SUCCESS |= {"done", "true", "yes", "saved", "completed", "processed"}


def is_html(response: Response) -> bool:
    """Return True if the body is a page, a fragment of one or another kind of markup."""
    return _TAG.search(response.text[:2000]) is not None and not response.text.startswith(("{", "["))


def _is_foreign(response: Response) -> bool:
    """Return True for text that is served as a page and is not a plain word of success."""
    html = "html" in response.headers.get("content-type", "").casefold()
    return html and response.text.casefold().strip(" .!\"'") not in {"", *_SUCCESS}


def _is_failure(text: str) -> bool:
    words = text.strip().casefold()
    if "\ufffd" in words:  # bytes that are no text
        return True
    return words in _NOTHING or _TAG.search(text) is not None or _FAILURE.search(text) is not None


#: Keys that hold True after a success, by method; an objective may have a property ``deleted`` of its own.
_FLAGS = frozenset({"success", "succeeded", "successful", "successfully", "issuccess", "issuccessful", "wassuccessful"})
_FLAGS |= {"ok", "isok"}
_OTHER_FLAGS = frozenset({"valid", "isvalid", "done", "accepted", "acknowledged", "completed", "applied", "processed"})
_OWN_FLAGS = {
    "POST": frozenset({"created", "iscreated"}),
    "PUT": frozenset({"updated", "isupdated", "modified"}),
    "DELETE": frozenset({"deleted", "isdeleted", "removed"}),
}
#: Keys whose text or status code tells how it went.
_WORDS = frozenset(
    {"message", "messages", "msg", "status", "statustext", "statusmessage", "result", "state", "outcome"}
)
_WORDS |= {
    "code",
    "statuscode",
    "httpstatus",
    "httpstatuscode",
    "httpcode",
    "responsecode",
    "resultcode",
    "type",
    "reason",
}
_WORDS |= {"response", "detail", "details", "description", "severity", "level"}
_TROUBLE = re.compile("error|fail|exception|(?<!de)fault|rejected|violation")
#: Keys below which nothing is an answer.
_ASIDE = frozenset({"warnings", "warning", "links", "tags", "notes"})
_DOCUMENTED = frozenset(
    {"title", "description", "startdate", "enddate", "categoryid", "statusid", "accountid", "owner"}
)
_DOCUMENTED |= {"successplays"}
_WRAPPERS = frozenset({"result", "results", "data", "response", "objective", "objectives", "body", "payload", "item"})


def folded(key: str) -> str:
    """Return a key without the differences between services: case, ``_`` and ``-``."""
    return re.sub(r"[\s_-]", "", key).casefold()


def _fails(data: Any, method: str) -> bool:
    """Return True if the JSON of an answer to a write says, at any depth, that it did not happen."""
    match data:
        case None | False:
            return True
        case str():
            return _is_failure(data)
        case list():
            return any(_fails(item, method) for item in data)
        case dict():
            fields = {folded(key): value for key, value in data.items()}
            if _is_objective(fields):  # its own texts are no words of the service
                return _flags_fail(fields, _FLAGS)
            nested = (value for key, value in fields.items() if isinstance(value, dict | list) and key not in _ASIDE)
            return (
                _flags_fail(fields, _FLAGS | _OTHER_FLAGS | _OWN_FLAGS[method])
                or any(_word_fails(value) for key, value in fields.items() if key in _WORDS)
                or any(_is_empty_result(key, fields) for key in fields.keys() & _WRAPPERS)
                or any(_fails(value, method) for value in nested)
            )
    return False


def _is_objective(fields: Mapping[str, Any]) -> bool:
    return len(_DOCUMENTED & fields.keys()) + bool(fields.get("id")) >= 2


def _flags_fail(fields: Mapping[str, Any], flags: frozenset[str]) -> bool:
    """Return True if a flag of success is off, or a key for trouble holds something."""
    if any(not _holds(value) for key, value in fields.items() if key in flags):
        return True
    return any(_holds(value) for key, value in fields.items() if _TROUBLE.search(key))


def _envelope_fails(data: Any) -> bool:
    """Return True if the JSON of an answer to a read is no list but a failure; the items' own texts don't count."""
    if data is None or data is False or isinstance(data, str):
        return True
    if not isinstance(data, dict):
        return False
    fields = {folded(key): value for key, value in data.items()}
    if _is_objective(fields):
        return False
    nested = any(
        _envelope_fails(fields[key]) for key in ("response", "meta", "result") if isinstance(fields.get(key), dict)
    )
    return nested or _flags_fail(fields, _FLAGS) or _word_fails(fields.get("status"))


def _holds(value: Any) -> bool:
    """Return True if the value, or anything in it, is more than an empty one."""
    match value:
        case str():
            return value.strip().casefold() not in {"", "success", "ok", "no error", "no errors", *_NOTHING}
        case list():
            return any(_holds(item) for item in value)
        case dict():
            return any(_holds(item) for item in value.values())
    return bool(value)


def _word_fails(value: Any) -> bool:
    match value:
        case bool():
            return not value
        case int() | float():
            return 400 <= value < 600
        case str():
            return _is_failure(value) or bool(re.fullmatch(r"\s*[45]\d\d\b.*", value, re.DOTALL))
    return False


def _is_empty_result(key: str, fields: Mapping[str, Any]) -> bool:
    """Return True for ``{"data": null}``, unless a flag beside it says that all is well."""
    value = fields[key]
    return value is False or (value is None and not any(_holds(fields[flag]) for flag in fields.keys() & _FLAGS))
