"""Problems that show only when rows are compared with what is live; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from bulkobj.core.columns import ACCOUNT_ID, OBJECTIVE_ID, OF_FIELD, OWNER, TITLE
from bulkobj.core.model import Action, Field, Objective, Problem, Severity
from bulkobj.core.suggestion import closest
from bulkobj.core.text import clean, counted
from bulkobj.planning.plan import Base, Plan
from bulkobj.validation.cells import Given
from bulkobj.validation.headers import Headers
from bulkobj.validation.row_checks import at, ends_early, is_backwards
from bulkobj.validation.rows import Place, Row

#: Likeness in percent from which on another owner is suggested.
_LIKENESS = 75
#: So many deletions, or such a share of the objectives that were read, need no further word.
_FEW_DELETES, _SHARE_DELETED = 10, 0.2


def unknown_account(row: Row, headers: Headers, *, forbidden: bool) -> Problem:
    """Return the error of a row whose account the service does not know, or does not show to the token."""
    account = clean(row.value(ACCOUNT_ID), 80)
    if forbidden:
        message = f'the token may not see account "{account}" (403). Check the id, or use a token that may see it'
    else:
        message = f'unknown account "{account}". Check the id: it may be mistyped, or belong to another tenant'
    return headers.problem(row.number, "unknown-account", message, ACCOUNT_ID)


def not_there(row: Row, headers: Headers, elsewhere: Iterable[str]) -> Problem:
    """Return the error of a row whose account does not hold its objective; it is on the accounts ``elsewhere``."""
    account, objective_id = clean(row.value(ACCOUNT_ID), 60), clean(row.value(OBJECTIVE_ID), 60)
    there = ", ".join(f'"{clean(one, 60)}"' for one in elsewhere)
    if there:
        message = f'objective "{objective_id}" is on account {there}, not on "{account}". Change one of the two ids'
    else:
        message = f'account "{account}" has no objective "{objective_id}". Check both ids: it may have been deleted'
    return headers.problem(row.number, "unknown-objective", message, OBJECTIVE_ID)


def already_exists(row: Row, headers: Headers, rivals: str) -> Problem:
    """Return the error of a create row whose Title is on the account with other values."""
    message = (
        f"this Title is on the account already: objective {rivals} differs. "
        "Enter the id as Objective ID, or use --existing update"
    )
    return headers.problem(row.number, "already-exists", message, TITLE)


def already_gone(row: Row, headers: Headers) -> Problem:
    """Return the warning of a delete row whose account does not hold the objective."""
    objective_id = clean(row.value(OBJECTIVE_ID), 60)
    message = f'the account has no objective "{objective_id}": it was deleted before, or the id is wrong'
    return headers.problem(row.number, "already-gone", message, OBJECTIVE_ID)


def unknown_owner(row: Row, headers: Headers, owners: Collection[str]) -> Problem:
    """Return the warning of an owner who is none of the tenant's users and owns nothing yet."""
    owner = row.value(OWNER)
    close = closest(owner, owners, _LIKENESS)
    hint = f'. Did you mean "{clean(close, 80)}"?' if close else ". Check the address"
    return headers.problem(row.number, "unknown-owner", f'unknown owner "{clean(owner, 80)}"{hint}', OWNER)


def result_gone(row: Row, headers: Headers) -> Problem:
    """Return the error of a results file's row whose objective is gone."""
    message = (
        f'objective "{clean(row.value(OBJECTIVE_ID), 60)}" was done by an earlier run and is gone. '
        "Clear _objective_id to create it again, or delete the row"
    )
    names = [header.strip().casefold() for header in headers.table.headers]
    return headers.problem_at(row.number, "unknown-objective", message, names.index("_objective_id"))


def no_such_title(row: Row, headers: Headers) -> Problem:
    """Return the error of an update row without an id whose Title is not on the account."""
    account = clean(row.value(ACCOUNT_ID), 60)
    message = (
        f'account "{account}" has no objective of this Title. Check the Title, or use the action upsert to create it'
    )
    return headers.problem(row.number, "unknown-objective", message, TITLE)


def several(row: Row, headers: Headers, found: Iterable[Objective], earlier: Place) -> Problem:
    """Return the error of a row that may mean several objectives, or the one that an earlier row means."""
    if earlier != row.place:
        place = at(earlier, row.sheet)
        message = f"{place} already makes or updates an objective of this title on this account: keep one of the two"
    else:
        ids = ", ".join(one.id for one in found)
        message = f"the account has several objectives of this title: update one by its Objective ID, one of {ids}"
    return headers.problem(row.number, "ambiguous-name", message, TITLE)


def lacking(row: Row, headers: Headers, name: Field) -> Problem | None:
    """Return the error of an upsert that creates an objective without a required field; None if it has the field."""
    column = OF_FIELD[name]
    if row.given(column) is not None:
        return None
    message = f"no objective of this title is on the account yet, and creating it needs a {column.header}"
    return headers.problem(row.number, "missing-value", message, column)


def emptied(row: Row, headers: Headers, base: Base) -> Iterator[Problem]:
    """Warn of cells that were emptied since the export: nothing happens."""
    for name, column in OF_FIELD.items():
        if base.get(name) and row.given(column) is None and headers.called(column) is not None:
            message = f"the cell was emptied since the export, so {column.header} stays. Enter (clear) to empty it"
            yield headers.problem(row.number, "emptied-cell", message, column)


def missing_rows(ids: Sequence[str]) -> Problem:
    """Return the warning of objectives whose rows are missing from an export."""
    few = ", ".join(clean(one, 60) for one in ids[:5]) + (f" and {len(ids) - 5:,} more" if len(ids) > 5 else "")
    message = f"rows of the export are missing, so these objectives stay: {few}. Use the action delete to delete them"
    return Problem("missing-row", message, severity=Severity.WARNING)


def backwards(row: Row, headers: Headers, before: Objective, edited: Mapping[Field, Given]) -> Iterator[Problem]:
    """Compare a date that is edited alone with the other one that is live."""
    changed = [name for name in (Field.START_DATE, Field.END_DATE) if name in edited]
    if len(changed) != 1:
        return
    dates = {name: before.get(name) for name in (Field.START_DATE, Field.END_DATE)}
    dates |= {name: given.value for name, given in edited.items() if name in dates and given.value is not None}
    if is_backwards(dates[Field.START_DATE], dates[Field.END_DATE]):
        message = ends_early(str(dates[Field.END_DATE]), str(dates[Field.START_DATE]))
        if not any(problem.code == "end-before-start" for problem in row.problems):
            yield headers.problem(row.number, "end-before-start", message, OF_FIELD[changed[0]])


def too_many_deletes(plan: Plan, read: int, allowed: int, ceiling: int | None) -> Problem | None:
    """Return the error of a plan that deletes more than a person is likely to mean.

    ``read`` is the number of objectives that were read for the plan, ``allowed`` that of ``--allow-deletes``, and
    ``ceiling`` the profile's ``max_deletes``.
    """
    deletes = sum(line.step is not None and line.step.action is Action.DELETE for line in plan.lines)
    if ceiling is not None and deletes > ceiling:
        message = (
            f"the plan deletes {counted(deletes, 'objective')}, and the profile allows {ceiling:,} (max_deletes). "
            "Remove rows, or change the profile"
        )
    elif deletes > max(_FEW_DELETES, allowed) and deletes > _SHARE_DELETED * read:
        message = (
            f"the plan deletes {deletes:,} of the {counted(read, 'objective')} that were read. "
            f"Check the file, or use --allow-deletes {deletes}"
        )
    else:
        return None
    return Problem("too-many-deletes", message)
