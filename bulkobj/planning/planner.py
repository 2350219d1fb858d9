"""Rows and what is live, to a plan; pure: a dry run is "plan, then stop"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from bulkobj.core.columns import ACCOUNT_ID, ACCOUNT_NAME, OBJECTIVE_ID, OF_FIELD, TEMPLATE, TITLE, Column
from bulkobj.core.model import NOTHING, Action, Field, Objective, Problem, Result, Severity, Value
from bulkobj.core.text import folded
from bulkobj.planning.comparison import same
from bulkobj.planning.plan import NOT_EXPORTED, Base, Change, Exported, Line, Live, Plan, Step
from bulkobj.spreadsheet.table import shown
from bulkobj.validation.cells import Given, written
from bulkobj.validation.headers import Headers
from bulkobj.validation.names import Directory, Kind
from bulkobj.validation.row_checks import DUPLICATE_ID, Place, at, ends_early, is_backwards
from bulkobj.validation.rows import CheckedTable, Row


def checked(tables: Iterable[CheckedTable], exported: Exported = NOT_EXPORTED) -> Plan:
    """The plan of rows that were checked only: each is valid or invalid, and nothing is to be sent."""
    return _plan(tables, _Planner(NOTHING, Directory(), exported).checked)


def make_plan(
    tables: Iterable[CheckedTable], live: Live, directory: Directory, exported: Exported = NOT_EXPORTED
) -> Plan:
    """Plan every row against what is live; ``live`` must hold every one of :func:`accounts_to_read`.

    Where a file knows what its objectives were when they were exported, a cell that equals that was not edited, and an
    edit of what has changed in the service since is a conflict (contract, "The round trip").
    """
    plan = _plan(tables, _Planner(live, directory, exported).line)
    names = {account.id: account.name for account in directory.things.get(Kind.ACCOUNT, ())}
    named = (line._replace(account_name=names.get(line.account_id, line.account_name)) for line in plan.lines)
    return replace(plan, lines=tuple(named))


def _plan(tables: Iterable[CheckedTable], line_of: Callable[[Row, Headers], Line]) -> Plan:
    lines: list[Line] = []
    problems: list[Problem] = []
    for table in tables:
        problems += table.problems
        lines += (line_of(row, table.headers) for row in table.rows())
    return Plan(tuple(lines), tuple(problems))


def _unsent(row: Row, problems: Iterable[Problem], result: Result, message: str = "") -> Line:
    account_id, objective_id, title = row.value(ACCOUNT_ID), row.value(OBJECTIVE_ID), row.value(TITLE)
    named = row.given(ACCOUNT_NAME)
    account_name = named.text if named is not None else ""
    line = Line(
        row.number,
        row.sheet,
        row.action,
        result,
        account_id=account_id,
        objective_id=objective_id,
        title=title,
        message=message,
        account_name=account_name,
    )
    problems = tuple(problems)
    if not problems:
        return line
    errors = [problem.message for problem in problems if problem.severity is Severity.ERROR]
    line = line._replace(problems=problems)
    return line._replace(result=Result.INVALID, message="; ".join(errors)) if errors else line


_KINDS = {Field.STATUS: Kind.STATUS, Field.CATEGORY: Kind.CATEGORY}


@dataclass(frozen=True, slots=True)
class _Planner:
    live: Live
    directory: Directory
    exported: Exported
    titled: dict[tuple[str, str], Place] = field(default_factory=dict)
    addressed: dict[str, Place] = field(default_factory=dict)

    def checked(self, row: Row, headers: Headers) -> Line:
        """What is known of a row without the service: what was exported so is accepted, whatever it is."""
        base = self.exported.bases.get(row.value(OBJECTIVE_ID)) if row.problems else None
        if base is None or row.action is not Action.UPDATE:
            return _unsent(row, row.problems, Result.VALID)
        edited = {name: given for name, given in _fields(row) if not self._was(given, name, base)}
        return _unsent(row, self._standing(row, headers, edited), Result.VALID)

    def line(self, row: Row, headers: Headers) -> Line:
        match row.action:
            case Action.CREATE:
                return self._create(row)
            case Action.RUN_TEMPLATE:
                return self._run_template(row)
            case Action.UPDATE | Action.DELETE:
                return self._of_objective(row, headers)
            case Action.UPSERT:
                return self._upsert(row, headers)
            case None:
                return _unsent(row, row.problems, Result.INVALID)

    def _create(self, row: Row) -> Line:
        line = _unsent(row, row.problems, Result.WOULD_CREATE)
        if line.faulty:
            return line
        body = {name: given.value for name, given in _fields(row) if given.value or name is Field.SUCCESS_PLAYS}
        sent = {name: value for name, value in body.items() if value is not None}
        self.titled.setdefault((line.account_id, folded(line.title)), row.place)
        changes = {name: (None, self._displayed(name, value)) for name, value in sent.items()}
        step = Step(Action.CREATE, line.account_id, body=sent)
        return line._replace(action=Action.CREATE, step=step, changes=changes)

    def _run_template(self, row: Row) -> Line:
        line = _unsent(row, row.problems, Result.WOULD_CREATE)
        if line.faulty:
            return line
        template = row.value(TEMPLATE)
        step = Step(Action.RUN_TEMPLATE, line.account_id, template_id=template)
        return line._replace(step=step, title=self.directory.name(Kind.TEMPLATE, template))

    def _of_objective(self, row: Row, headers: Headers) -> Line:
        account, objective_id = row.value(ACCOUNT_ID), row.value(OBJECTIVE_ID)
        if not objective_id or (not account and row.action is Action.UPDATE):
            return _unsent(row, row.problems, Result.INVALID)
        if not account:
            row = self._addressing(row, headers, objective_id)
            line = _unsent(row, row.problems, Result.WOULD_DELETE)
            return line if line.faulty else line._replace(step=Step(Action.DELETE, "", objective_id))
        objectives = self.live.get(account)
        before = next((one for one in objectives or () if one.id == objective_id), None)
        if before is None:
            problem = _not_there(row, headers, objectives is not None)
            return _unsent(row, (*row.problems, problem), Result.INVALID)
        if row.action is Action.DELETE:
            return self._delete(self._addressing(row, headers, before.id), before)
        return self._update(row, headers, before)

    def _delete(self, row: Row, before: Objective) -> Line:
        line = _unsent(row, row.problems, Result.WOULD_DELETE)
        if line.faulty:
            return line
        changes: dict[Field, Change] = {name: (self._displayed(name, v), None) for name, v in before.fields.items()}
        line = line._replace(title=str(before.get(Field.TITLE)), changes=changes)
        base = self.exported.bases.get(before.id)
        moved = [OF_FIELD[name].header for name in Field if _moved(name, before, base)]
        if moved:
            message = f"it was changed in the service since the export ({', '.join(moved)}). Export again to delete it"
            return line._replace(result=Result.CONFLICT, message=message)
        return line._replace(step=Step(Action.DELETE, before.account_id, before.id, before=before))

    def _update(self, row: Row, headers: Headers, before: Objective) -> Line:
        """Lay the row's edited cells over the live objective; what the service already holds is never an error."""
        row, base = self._addressing(row, headers, before.id), self.exported.bases.get(before.id)
        edited = {name: given for name, given in _fields(row) if not self._holds(given, name, before, base)}
        problems = (*self._standing(row, headers, edited), *_backwards(row, headers, before, edited))
        line = _unsent(row, problems, Result.UNCHANGED)._replace(action=Action.UPDATE, objective_id=before.id)
        title = line.title or str(before.get(Field.TITLE))
        if line.faulty:
            return line._replace(title=title)
        changes = {name: given.value for name, given in edited.items() if given.value is not None}
        shown_changes = {name: self._change(name, before, value) for name, value in changes.items()}
        line = line._replace(title=title, changes=shown_changes)
        conflicts = [self._conflict(name, before, base, edited[name]) for name in changes if _moved(name, before, base)]
        if conflicts:
            return line._replace(result=Result.CONFLICT, message="; ".join(conflicts))
        if not changes:
            return line
        body = {name: v for name, v in before.fields.items() if name is not Field.SUCCESS_PLAYS} | changes
        step = Step(Action.UPDATE, before.account_id, before.id, body=body, before=before)
        return line._replace(result=Result.WOULD_UPDATE, step=step)

    def _upsert(self, row: Row, headers: Headers) -> Line:
        account, title = row.value(ACCOUNT_ID), row.value(TITLE)
        if not account or not title:
            return _unsent(row, row.problems, Result.INVALID)
        same = [one for one in self.live.get(account) or () if folded(one.get(Field.TITLE)) == folded(title)]
        earlier = self.titled.setdefault((account, folded(title)), row.place)
        if earlier != row.place or len(same) > 1:
            return _unsent(row, (*row.problems, _several(row, headers, same, earlier)), Result.INVALID)
        if same:
            return self._update(row, headers, same[0])
        missing = (_lacking(row, headers, name) for name in (Field.CATEGORY, Field.STATUS))
        return self._create(row._replace(problems=(*row.problems, *(problem for problem in missing if problem))))

    def _addressing(self, row: Row, headers: Headers, objective_id: str) -> Row:
        """The row, with a problem where an earlier one speaks of the same objective, by its id or by its title.

        Each was planned against what is live now: the second to be sent would take back what the first one did.
        """
        earlier = self.addressed.setdefault(objective_id, row.place)
        if earlier == row.place or any(problem.code == DUPLICATE_ID for problem in row.problems):
            return row
        message = f"{at(earlier, row.sheet)} already has this objective: keep one of the two"
        return row._replace(problems=(*row.problems, _problem(row, headers, DUPLICATE_ID, message, OBJECTIVE_ID)))

    def _holds(self, given: Given, name: Field, before: Objective, base: Base | None) -> bool:
        """Whether the cell says what is live already, or what the file was exported with and so was not edited."""
        if self._says(given, name, before.get(name)):
            return True
        return base is not None and self._was(given, name, base)

    def _was(self, given: Given, name: Field, base: Base) -> bool:
        """Whether the cell says what the file was exported with, by the names of now or of then."""
        value = base.get(name, name.empty)
        kind = _KINDS.get(name)
        then = self.exported.settings.get((kind.value, str(value)), "") if kind is not None else ""
        return self._says(given, name, value) or (bool(then) and same(given.text, then))

    def _says(self, given: Given, name: Field, value: Value) -> bool:
        if given.value is not None and same(given.value, value):
            return True
        if given.clears:
            return not value
        shown_value = shown(written(self._displayed(name, value), OF_FIELD[name].kind))
        return bool(shown_value) and same(given.text, shown_value)

    def _standing(self, row: Row, headers: Headers, edited: Mapping[Field, Given]) -> Iterator[Problem]:
        """The row's problems that an edited cell has; those of cells that equal the live value are forgiven."""
        settled = {headers.called(OF_FIELD[name]) for name, _ in _fields(row) if name not in edited}
        backwards = Field.START_DATE in edited or Field.END_DATE in edited
        for problem in row.problems:
            forgiven = not backwards if problem.code == "end-before-start" else problem.column in settled
            if problem.column is None or not forgiven:
                yield problem

    def _displayed(self, name: Field, value: Value) -> Value:
        kind = _KINDS.get(name)
        return self.directory.name(kind, value) if kind is not None and isinstance(value, str) and value else value

    def _change(self, name: Field, before: Objective, after: Value) -> Change:
        return self._displayed(name, before.get(name)), self._displayed(name, after)

    def _conflict(self, name: Field, before: Objective, base: Base | None, given: Given) -> str:
        then = shown(written(self._displayed(name, (base or {}).get(name, name.empty)), OF_FIELD[name].kind))
        now = shown(written(self._displayed(name, before.get(name)), OF_FIELD[name].kind))
        return (
            f'{OF_FIELD[name].header} was changed in the service as well: it was "{then}" when exported, is "{now}" '
            f'now, and the file says "{given.text}". Export again, or put "{now}" into the cell'
        )


def _fields(row: Row) -> Iterator[tuple[Field, Given]]:
    for name, column in OF_FIELD.items():
        given = row.given(column)
        if given is not None:
            yield name, given


def _moved(name: Field, before: Objective, base: Base | None) -> bool:
    return base is not None and not same(base.get(name, name.empty), before.get(name))


def _problem(row: Row, headers: Headers, code: str, message: str, column: Column) -> Problem:
    return Problem(code, message, row.number, headers.called(column), sheet=row.sheet)


def _not_there(row: Row, headers: Headers, account_known: bool) -> Problem:  # noqa: FBT001 - says itself what it is
    account, objective_id = row.value(ACCOUNT_ID), row.value(OBJECTIVE_ID)
    where = f'on account "{account}"' if account_known else f'on account "{account}", which the service does not know'
    message = f'no objective "{objective_id}" {where}: check both ids; it may have been deleted or belong elsewhere'
    return _problem(row, headers, "unknown-objective", message, OBJECTIVE_ID)


def _several(row: Row, headers: Headers, same: Iterable[Objective], earlier: Place) -> Problem:
    if earlier != row.place:
        place = at(earlier, row.sheet)
        message = f"{place} already makes or updates an objective of this title on this account: keep one of the two"
    else:
        ids = ", ".join(one.id for one in same)
        message = f"the account has several objectives of this title: update one by its Objective ID, one of {ids}"
    return _problem(row, headers, "ambiguous-name", message, TITLE)


def _lacking(row: Row, headers: Headers, name: Field) -> Problem | None:
    column = OF_FIELD[name]
    if row.given(column) is not None:
        return None
    message = f"no objective of this title is on the account yet, and creating it needs a {column.header}"
    return _problem(row, headers, "missing-value", message, column)


def _backwards(row: Row, headers: Headers, before: Objective, edited: Mapping[Field, Given]) -> Iterator[Problem]:
    """A date that is edited alone is held against the other one that is live."""
    changed = [name for name in (Field.START_DATE, Field.END_DATE) if name in edited]
    if len(changed) != 1:
        return
    dates = {name: before.get(name) for name in (Field.START_DATE, Field.END_DATE)}
    dates |= {name: given.value for name, given in edited.items() if name in dates and given.value is not None}
    if is_backwards(dates[Field.START_DATE], dates[Field.END_DATE]):
        message = ends_early(str(dates[Field.END_DATE]), str(dates[Field.START_DATE]))
        if not any(problem.code == "end-before-start" for problem in row.problems):
            yield _problem(row, headers, "end-before-start", message, OF_FIELD[changed[0]])
