"""The columns of the spreadsheet: headers, other names, needs. Adding a column is adding data here.

The table is that of the README, "The columns". Reading and writing cells: :mod:`bulkobj.validation.cells`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from bulkobj.core.model import Action, Field


class Kind(Enum):
    """The kinds of columns, by the reading of their cells."""

    ACTION = auto()
    KEY = auto()  # an opaque id
    TEXT = auto()  # free text, no markup
    PERSON = auto()  # free text, as a rule an e-mail address
    NAME = auto()  # a display name or an id
    DATE = auto()
    PLAYS = auto()


class Need(Enum):
    """The need of an action for a column."""

    REQUIRED = auto()
    WANTED = auto()
    OPTIONAL = auto()
    IGNORED = auto()
    EMPTY = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """A column that bulkobj knows: its header, the kind of its cells, what each action asks of it, other names."""

    header: str
    kind: Kind
    create: Need
    update: Need
    delete: Need
    run_template: Need
    field: Field | None = None
    aliases: tuple[str, ...] = ()

    def need(self, action: Action) -> Need:
        """Return what a row of that action asks of the column; an upsert asks little until it is known what it does."""
        match action:
            case Action.CREATE:
                return self.create
            case Action.UPDATE:
                return self.update
            case Action.DELETE:
                return self.delete
            case Action.RUN_TEMPLATE:
                return self.run_template
            case Action.UPSERT:
                return _UPSERT_NEEDS.get(self.header, self.update)


_UPSERT_NEEDS: Mapping[str, Need] = {"Objective ID": Need.EMPTY, "Account ID": Need.REQUIRED, "Title": Need.REQUIRED}

_REQ, _WANT, _OPT, _IGN, _EMPTY = Need.REQUIRED, Need.WANTED, Need.OPTIONAL, Need.IGNORED, Need.EMPTY

ACTION = Column("Action", Kind.ACTION, _OPT, _OPT, _OPT, _OPT, aliases=("operation", "what to do"))
OBJECTIVE_ID = Column(
    "Objective ID", Kind.KEY, _EMPTY, _REQ, _REQ, _EMPTY, aliases=("objective instance id", "instance id", "id")
)
ACCOUNT_ID = Column(
    "Account ID",
    Kind.KEY,
    _REQ,
    _REQ,
    _WANT,
    _REQ,
    aliases=("customer id", "client id", "company id", "account number"),
)
ACCOUNT_NAME = Column(
    "Account Name", Kind.NAME, _OPT, _OPT, _OPT, _OPT, aliases=("customer name", "client name", "company name")
)
#: Ids or names, cell by cell; as good as an Account ID.
ACCOUNT = Column(
    "Account",
    Kind.NAME,
    _OPT,
    _OPT,
    _OPT,
    _OPT,
    aliases=("customer", "client", "company", "organization", "organisation", "accounts", "customers", "clients"),
)
TITLE = Column(
    "Title",
    Kind.TEXT,
    _REQ,
    _OPT,
    _IGN,
    _IGN,
    Field.TITLE,
    ("objective", "objective title", "objective name", "goal", "name"),
)
DESCRIPTION = Column(
    "Description",
    Kind.TEXT,
    _OPT,
    _OPT,
    _IGN,
    _IGN,
    Field.DESCRIPTION,
    ("desc", "details", "notes", "objective description"),
)
CATEGORY = Column(
    "Category",
    Kind.NAME,
    _REQ,
    _OPT,
    _IGN,
    _IGN,
    Field.CATEGORY,
    ("category id", "objective category", "category name"),
)
STATUS = Column(
    "Status", Kind.NAME, _REQ, _OPT, _IGN, _IGN, Field.STATUS, ("status id", "objective status", "status name", "state")
)
OWNER = Column(
    "Owner",
    Kind.PERSON,
    _OPT,
    _OPT,
    _IGN,
    _IGN,
    Field.OWNER,
    ("owner email", "owner e-mail", "assignee", "assigned to", "csm", "objective owner"),
)
START_DATE = Column(
    "Start Date",
    Kind.DATE,
    _WANT,
    _OPT,
    _IGN,
    _IGN,
    Field.START_DATE,
    ("start", "starts", "begin", "begin date", "from"),
)
END_DATE = Column(
    "End Date",
    Kind.DATE,
    _WANT,
    _OPT,
    _IGN,
    _IGN,
    Field.END_DATE,
    ("end", "ends", "due", "due date", "deadline", "target date", "until"),
)
SUCCESS_PLAYS = Column(
    "SuccessPlays",
    Kind.PLAYS,
    _OPT,
    _OPT,
    _IGN,
    _IGN,
    Field.SUCCESS_PLAYS,
    ("success play", "success play ids", "success play id", "play ids", "play id", "plays", "play"),
)
TEMPLATE = Column(
    "Template", Kind.NAME, _IGN, _IGN, _IGN, _REQ, aliases=("template id", "objective template", "template name")
)

COLUMNS: tuple[Column, ...] = (
    ACTION,
    OBJECTIVE_ID,
    ACCOUNT_ID,
    ACCOUNT_NAME,
    TITLE,
    DESCRIPTION,
    CATEGORY,
    STATUS,
    OWNER,
    START_DATE,
    END_DATE,
    SUCCESS_PLAYS,
    TEMPLATE,
)
#: Columns that a file may have in place of one of :data:`COLUMNS`, and that no file of ours has.
READABLE: tuple[Column, ...] = (*COLUMNS, ACCOUNT)

OF_FIELD: Mapping[Field, Column] = {column.field: column for column in COLUMNS if column.field is not None}

_IGNORED_CHARACTERS = re.compile(r"[\s_\-\u200b\ufeff]+")


def normalised(header: str) -> str:
    """Return a header without the differences that don't count: case, spaces, ``_`` and ``-``."""
    return _IGNORED_CHARACTERS.sub("", header).casefold()


_BY_HEADER: Mapping[str, Column] = {normalised(column.header): column for column in READABLE}
_BY_ALIAS: Mapping[str, Column] = {normalised(alias): column for column in READABLE for alias in column.aliases}


def is_ignored(header: str) -> bool:
    """Return whether the header's first character says that the column is none of our business."""
    return header.lstrip().startswith("_")


def by_header(header: str) -> Column | None:
    """Return the column that goes by this very name."""
    return None if is_ignored(header) else _BY_HEADER.get(normalised(header))


def by_alias(header: str) -> Column | None:
    """Return the column that is commonly also called so."""
    return None if is_ignored(header) else _BY_ALIAS.get(normalised(header))


def meaning(header: str) -> Column | None:
    """Return the column that the header names under any of its names."""
    return by_header(header) or by_alias(header)


def is_known(header: str) -> bool:
    """Return whether the header names a column under any of its names."""
    return by_header(header) is not None or by_alias(header) is not None
