"""What can be changed while the sandbox runs: its behaviour, its faults, its tokens, its data."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from random import Random
from types import MappingProxyType
from typing import Any

from bulkobj.core.clock import Clock
from bulkobj.core.errors import UsageError
from bulkobj.core.model import Rate
from bulkobj.sandbox.api.request import Call, key_of
from bulkobj.sandbox.api.responses import iso
from bulkobj.sandbox.limiter import Verdict
from bulkobj.sandbox.seeds import Document
from tests.service.behaviour import Behaviour, Fault
from tests.service.limiters import LIMITERS
from tests.service.recording import RecordingStore as Store

#: What a document of each kind must have beside its id.
NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "objectives": ("accountId",),
        "accounts": ("name",),
        "statuses": ("displayName",),
        "categories": ("displayName",),
        "templates": ("name", "categoryId", "statusId"),
        "users": ("name",),
    }
)


@dataclass(slots=True)
class _Rule:
    fault: Fault
    seen: int = 0

    def hits(self, call: Call) -> bool:
        """Whether the call is one of those to be hit; one that the fault concerns is counted."""
        fault = self.fault
        if fault.method not in ("", call.method) or not call.mentions(fault.path):
            return False
        self.seen += 1
        return fault.skip < self.seen <= fault.skip + (inf if fault.count is None else fault.count)


class Faults:
    """The faults in force, in the order in which they were set; the first that hits a call has it."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        self._rules = [*self._rules, _Rule(fault)]

    def clear(self) -> None:
        """Let everything go right again."""
        self._rules = []

    def hit(self, call: Call) -> Fault | None:
        """The fault that this call meets; every fault that concerns the call counts it."""
        hits = [rule.fault for rule in self._rules if rule.hits(call)]
        return hits[0] if hits else None


class Tokens:
    """Which tokens are good, and for how many more calls."""

    def __init__(self, token: str) -> None:
        self.current = token
        self._left: dict[str, float] = {token: inf}

    def accept(self, token: str) -> bool:
        """Whether the token is good for this call, which it then spends."""
        left = self._left.get(token, 0)
        if left > 0:
            self._left[token] = left - 1
        return left > 0

    def expire(self, after: int, successor: str) -> None:
        """The current token is good for ``after`` more calls; ``successor`` is another good one from now on."""
        self._left = {**self._left, self.current: after, successor: inf}


class Controls:
    """The state of one server that isn't in its store. Changes take effect with the next call that comes in."""

    def __init__(self, store: Store, clock: Clock, rate: Rate, behaviour: Behaviour, token: str) -> None:
        self.store = store
        self.clock = clock
        self.rate = rate
        self.behaviour = behaviour
        self.tokens = Tokens(token)
        self.faults = Faults()
        self._random = Random(behaviour.seed)  # delays that can be repeated, no secret

    def behave(self, **changes: object) -> None:
        """Turn some knobs; UsageError for one that isn't there or a value that it doesn't have."""
        self.behaviour = self.behaviour.changed(**changes)
        if "seed" in changes:
            self._random = Random(self.behaviour.seed)  # delays that can be repeated, no secret

    def count(self, token_key: str) -> Verdict:
        """Count a call against a token."""
        limiter = self.behaviour.limiter
        decide = LIMITERS[limiter]
        return self.store.spend(f"{limiter} {token_key}", lambda spent: decide(self.rate, spent, self.clock.now()))

    def spend(self, calls: int) -> None:
        """Somebody else spends that many calls of the current token, or all that are left (API.md, "Unknown")."""
        with self.store.transaction():
            for _ in range(calls):
                self.count(key_of(self.tokens.current))

    def names(self) -> dict[str, str]:
        """The display name of each status and category id."""
        found = self.store.documents("statuses") + self.store.documents("categories")
        return {each["id"]: each["displayName"] for each in found}

    def transit(self) -> float:
        """How long the next call is under way to the service, in seconds."""
        return self.behaviour.transit + self._random.random() * self.behaviour.transit_jitter

    def latency(self) -> float:
        """How long the service takes for the next call, in seconds."""
        return self.behaviour.latency + self._random.random() * self.behaviour.jitter

    def put(self, kind: str, documents: Iterable[Mapping[str, Any]], *, replace: bool) -> list[str]:
        """Add raw documents, or make them all there are of their kind; their ids.

        An id is made where it is left out, as is the time at which an objective was made. UsageError for an unknown
        kind, and for something that isn't a document of it.
        """
        filled = [self._filled(kind, each) for each in documents]
        with self.store.transaction():
            if replace:
                self.store.remove(kind)
            self.store.save(kind, filled)
        return [each["id"] for each in filled]

    def _filled(self, kind: str, given: Mapping[str, Any]) -> Document:
        if kind not in NEEDED:
            raise UsageError(f"The sandbox has no {kind!r}; it has {', '.join(NEEDED)}.")
        fits = isinstance(given, Mapping) and isinstance(given.get("id", ""), str)
        if not fits or not all(isinstance(given.get(name), str) for name in NEEDED[kind]):
            raise UsageError(f"Each of the {kind} must be an object with {', '.join(NEEDED[kind])}.")
        now = iso(self.clock.wall())
        defaults: dict[str, Document] = {
            "objectives": {"successPlays": [], "createdAt": now, "updatedAt": given.get("createdAt", now)},
            "templates": {"successPlays": [], "description": None, "days": 30},
        }
        return {"id": str(uuid.uuid4()), **defaults.get(kind, {}), **given}
