"""Options of the test service: its answers where the documentation is silent (API.md), and its faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bulkobj.core.errors import UsageError
from tests.service.options import Knobs

ErrorStyle = Literal["message", "error", "errors", "text", "html", "empty"]
CreateAnswer = Literal[
    "201-id", "200-id", "201-objective", "wrapped-objective", "wrapped-data", "wrapped-instance", "success", "204"
]
DeleteAnswer = Literal["200-json", "200-success", "200-empty", "202-json", "202-empty", "204"]
ListWrapper = Literal[
    "bare",
    "objectives",
    "data",
    "items",
    "results",
    "response",
    "map",
    "data-map",
    "objectiveInstances",
    "list_of_items",
]
TemplatesWrapper = Literal["bare", "templates", "data", "items", "results", "response", "map", "objectiveTemplates"]
Partial = Literal[
    "none", "total", "total-text", "meta-total", "x-total-count", "has-more", "last-false", "status-206", "elsewhere",
    "next", "next-path", "link", "next-page-token",
]  # fmt: skip
FaultKind = Literal[
    "status", "redirect", "garbage", "answer", "endless", "drop", "reset", "truncated", "hang", "trickle", "late"
]


@dataclass(frozen=True, slots=True)
class Behaviour(Knobs):
    """One of the ways in which the service may answer (API.md, "Unknown"); the defaults are the likeliest.

    Lists of objectives (1): ``list_wrapper`` is the property that holds the list; ``names`` gives status and category
    as ids or as ``{id, displayName}``; ``blanks`` says how a field that holds nothing is shown; ``extra_fields`` adds
    ones nobody knows; ``timestamps`` shows when an objective was made and changed, by a clock that is so many seconds
    ``stamp_ahead`` or ``stamp_behind``, rounded down. ``partial`` lists have ``page`` objectives a part, and say so.

    Writes (2 to 4): ``update`` is whether a PUT keeps (``partial``) or loses (``replace``) the documented fields that
    it leaves out, SuccessPlays excepted; ``*_answer`` is what comes back.

    Errors (5): ``mistake_status`` is the status for an unknown account, status or category in a write.

    Templates (6): ``template_objectives`` is how many objectives one run makes. Names (9): ``duplicate_status`` adds
    a second status with the name of the first.

    Limits: ``limiter`` counts in fixed windows, in a sliding ``log``, in two weighted windows (``counter``), by the
    generic cell rate algorithm, or not at all. Reset times are seconds, with ``x-epoch`` seconds since 1970.

    Time, in seconds: ``latency`` passes between the receipt of a call and its answer, half of it before the write is
    committed, while what the limit or the token refuses is answered at once; ``transit`` passes before the service
    sees the call at all, which then no longer depends on the client being there. ``jitter`` and ``transit_jitter`` are
    added at random, evenly between 0 and that, from ``seed``.
    """

    list_wrapper: ListWrapper = "bare"
    keys: Literal["camel", "snake", "pascal"] = "camel"
    partial: Partial = "none"
    page: int = 2
    names: Literal["ids", "nested"] = "ids"
    dates: Literal["iso", "iso-seconds", "offset", "basic", "local", "epoch-ms", "epoch-s"] = "iso"
    plays: Literal["ids", "objects"] = "ids"
    blanks: Literal["omit", "null", "empty"] = "omit"
    extra_fields: bool = False
    timestamps: bool = True
    stamp_ahead: float = 0.0
    stamp_behind: float = 0.0
    stamp_rounding: Literal["none", "second", "minute", "day"] = "none"
    unknown_account: Literal["404", "empty"] = "404"

    create_answer: CreateAnswer = "201-id"
    update: Literal["partial", "replace"] = "partial"
    update_answer: Literal["objective", "wrapped", "success", "204"] = "objective"
    delete_answer: DeleteAnswer = "204"

    error_style: ErrorStyle = "message"
    mistake_status: Literal[400, 404] = 400

    templates_wrapper: TemplatesWrapper = "bare"
    template_name: Literal["name", "title", "displayName"] = "name"
    template_objectives: Literal[1, 2, 3] = 1
    users: Literal["listed", "refused", "absent", "strange"] = "listed"
    search: Literal["listed", "refused", "absent"] = "listed"
    duplicate_status: bool = False

    limiter: Literal["log", "fixed", "counter", "gcra", "off"] = "log"
    limit_headers: Literal["ratelimit", "x-ratelimit", "x-epoch", "none"] = "ratelimit"
    limit_body: Literal["text", "json"] = "text"
    retry_after: Literal["none", "seconds", "date"] = "none"

    latency: float = 0.0
    jitter: float = 0.0
    transit: float = 0.0
    transit_jitter: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Fault(Knobs):
    """Something that goes wrong with some calls.

    It concerns calls of that ``method`` whose path and query contain ``path`` (``""`` is any): the first ``skip`` of
    them are let off, the next ``count`` (None: all) are hit. ``when`` says whether that happens before the call does
    anything or after it was done in full; a call that the limit or the token refuses is never hit. Kinds:

    - ``status``: that HTTP ``status`` (503), its body in that ``style`` ("" is the behaviour's);
    - ``answer``: that ``status`` (200) with that ``body``, where ``{token}`` is the call's own, as ``content_type``;
    - ``endless``: 200 with a body that never ends;
    - ``redirect``: that ``status`` (302) to ``location``; ``garbage``: 200 with a body that claims to be JSON;
    - ``drop``, ``reset``: the connection ends, orderly or by a TCP reset, without an answer;
    - ``truncated``: it ends in the middle of the answer;
    - ``hang``: no answer, until the client leaves; ``trickle``: a byte of an answer every ``delay`` seconds, for ever;
    - ``late``: ``delay`` seconds after receipt the call is done, client or no client, and no answer ever comes.
    """

    kind: FaultKind
    method: str = ""
    path: str = ""
    skip: int = 0
    count: int | None = None
    when: Literal["before", "after"] = "before"
    status: int = 0
    style: ErrorStyle | Literal[""] = ""
    retry_after: str = ""
    body: str = ""
    content_type: str = "application/json"
    location: str = "https://elsewhere.example/"
    delay: float = 1.0

    def __post_init__(self) -> None:
        """Check what the types can't say."""
        Knobs.__post_init__(self)
        if self.status and not 200 <= self.status <= 599:
            raise UsageError(f"A fault's 'status' must be an HTTP status from 200 to 599, not {self.status}.")
