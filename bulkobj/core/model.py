"""The nouns that every stage may speak of: frozen, and free of files, HTTP and the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

#: What a field of an objective holds, in the service's own spelling: text (ids too), a date as
#: ``2024-02-08T20:10:00.000Z``, or the ids of SuccessPlays. ``""`` and ``()`` are "nothing there".
Value = str | tuple[str, ...]

NOTHING: Mapping[Any, Any] = MappingProxyType({})


class Field(StrEnum):
    """A field of an objective that a row can set; its value is the field's name in JSON reports and exports."""

    TITLE = "title"
    DESCRIPTION = "description"
    CATEGORY = "category"
    STATUS = "status"
    OWNER = "owner"
    START_DATE = "start_date"
    END_DATE = "end_date"
    SUCCESS_PLAYS = "success_plays"

    @property
    def empty(self) -> Value:
        """The value that means "nothing there"."""
        return () if self is Field.SUCCESS_PLAYS else ""


class Action(StrEnum):
    """The actions of a row (README, "The columns")."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RUN_TEMPLATE = "run template"
    UPSERT = "upsert"


class Result(StrEnum):
    """The results of a row (README, "The report")."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    UNCHANGED = "unchanged"
    INVALID = "invalid"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CONFLICT = "conflict"
    NOT_ATTEMPTED = "not-attempted"
    VALID = "valid"
    WOULD_CREATE = "would-create"
    WOULD_UPDATE = "would-update"
    WOULD_DELETE = "would-delete"


class Severity(StrEnum):
    """The severity of a problem: an error keeps its row from being sent."""

    ERROR = "error"
    WARNING = "warning"


#: The codes of problems that keep no row from being sent; all others are errors.
WARNINGS = frozenset(
    {
        "already-gone",
        "clock-change",
        "decimal-id",
        "duplicate-row",
        "emptied-cell",
        "footer-row",
        "guessed-encoding",
        "hidden-column",
        "hidden-row",
        "missing-date",
        "missing-row",
        "mixed-date-order",
        "no-undo",
        "null-word",
        "open-elsewhere",
        "outside-table",
        "struck-row",
        "suspicious-quote",
        "unknown-column",
        "unknown-owner",
        "unusual-year",
    }
)


def severity_of(code: str) -> Severity:
    """Return the severity of the problems with that code."""
    return Severity.WARNING if code in WARNINGS else Severity.ERROR


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a row, a column or the whole file (README, "Problems").

    ``row`` is the row number that a person sees, None for the file as a whole; ``column`` is the header as it stands
    in the file, None for a whole row or file. ``cell`` is the address in a workbook, such as ``J11``; ``message``
    begins with it.
    """

    code: str
    message: str
    row: int | None = None
    column: str | None = None
    severity: Severity = Severity.ERROR
    sheet: str | None = None
    cell: str | None = None

    @property
    def wording(self) -> str:
        """The message without the cell's address: the same for every row that has the problem."""
        return self.message if self.cell is None else self.message.removeprefix(f"{self.cell}: ")


@dataclass(frozen=True, slots=True)
class Named:
    """A status, category, objective template or account: its id and the name that people see."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Objective:
    """An objective as the service holds it; a field that holds nothing is left out of ``fields``.

    ``unshown`` are the fields of which the service's response says nothing, neither a value nor that there is none.
    ``created_at`` and ``updated_at`` are dates in the service's spelling, or ``""`` where it doesn't say.
    """

    id: str
    account_id: str
    fields: Mapping[Field, Value] = field(default_factory=dict)
    created_at: str = ""
    updated_at: str = ""
    unshown: frozenset[Field] = frozenset()

    def get(self, name: Field) -> Value:
        """Return the field's value, its empty value where nothing is there."""
        return self.fields.get(name, name.empty)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``calls`` calls in any ``seconds`` seconds, as the server sees them."""

    calls: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Read ``N/S``; ValueError where it isn't a whole number above 0, a slash and a number of seconds above 0."""
        calls, slash, seconds = text.partition("/")
        rate = cls(int(calls), float(seconds or "nan"))
        if not slash or rate.calls < 1 or not 0 < rate.seconds < float("inf"):
            raise ValueError(text)
        return rate

    def __str__(self) -> str:
        return f"{self.calls} per {self.seconds:g} s"
