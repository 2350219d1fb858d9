"""Arguments and results of the script that runs in Redis (``slots.lua``)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib import resources
from typing import Any

from bulkobj.totango.rate_limit.headers import Restriction
from bulkobj.totango.rate_limit.slots import Standing


def script() -> str:
    """Return the program that runs in Redis."""
    return resources.files("bulkobj.totango.rate_limit.redis").joinpath("slots.lua").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class State:
    """The state that outlives the slots: time of a loss, the latest slot, and the service's restriction."""

    lost_at: int
    latest: int
    word: Restriction


@dataclass(frozen=True, slots=True)
class Marks:
    """Notes of the last change: the count of changes, the server, its time, the number of slots."""

    version: int
    server: str
    seen: int
    rows: int


@dataclass(frozen=True, slots=True)
class Look:
    """The script's result; ``kept`` is None if there is no slot store, ``overs`` the ends of held slots."""

    applied: bool
    stamp: str
    now: int
    server: str
    rows: int
    next_over: int | None
    spent: int
    in_flight: bool
    kept: tuple[State, Marks] | None
    overs: tuple[int, ...] = ()

    @property
    def state(self) -> State:
        """The kept state; a missing store counts as lost just now."""
        return self.kept[0] if self.kept else State(self.now, 0, Restriction())

    @property
    def age(self) -> tuple[int, int]:
        """A number that grows with each change of a slot store."""
        return (self.kept[0].lost_at, self.kept[1].version) if self.kept else (0, 0)

    @property
    def standing(self) -> Standing:
        """The state of the slot store at that time."""
        return Standing(self.now, self.state.lost_at, self.next_over, self.state.word, self.spent, self.in_flight)


@dataclass(frozen=True, slots=True)
class Change:
    """A change to write: the state, and slots with their ends. ``anew``: nothing else stays."""

    state: State
    slots: Mapping[int, int] = field(default_factory=dict)
    anew: bool = False

    def as_json(self) -> str:
        """As the script reads it: numbers as texts, since JSON's lose their last digits in Lua."""
        fields = {"lost_at": self.state.lost_at, "latest": self.state.latest} | asdict(self.state.word)
        slots = {str(slot): str(over) for slot, over in self.slots.items()}
        return json.dumps({"anew": self.anew, "state": {n: str(value) for n, value in fields.items()}, "slots": slots})


def read_look(answer: list[Any]) -> Look:
    """Return the script's answer."""
    applied, stamp, now, server, rows, next_over, spent, in_flight, flat, held = answer
    kept = _kept(dict(zip(flat[::2], flat[1::2], strict=True)))
    over = int(float(next_over)) if next_over else None
    return Look(
        bool(applied),
        stamp,
        int(now),
        server,
        rows,
        over,
        spent,
        bool(in_flight),
        kept,
        tuple(int(float(one)) for one in held[1::2]),
    )


def _kept(fields: Mapping[str, str]) -> tuple[State, Marks] | None:
    try:
        word = {name: int(fields[name]) for name in ("blocked_until", "quota_after", "quota_left", "quota_until")}
        state = State(int(fields["lost_at"]), int(fields["latest"]), Restriction(**word))
        return state, Marks(int(fields["version"]), fields["server"], int(fields["seen"]), int(fields["rows"]))
    except (KeyError, ValueError):
        return None
