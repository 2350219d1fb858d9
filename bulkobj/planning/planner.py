"""Rows and live objectives become a plan; pure: a dry run is "plan, then stop"."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from bulkobj.core.columns import ACCOUNT_ID, ACCOUNT_NAME, OBJECTIVE_ID, OF_FIELD, OWNER, TEMPLATE, TITLE
from bulkobj.core.model import NOTHING, Action, Field, Objective, Problem, Result, Severity, Value
from bulkobj.core.text import clean, folded
from bulkobj.planning import problems
from bulkobj.planning.comparison import same
from bulkobj.planning.existing import NO_MATCHES, Existing, Matches, is_faulty, match
from bulkobj.planning.plan import NOT_EXPORTED, Base, Change, Exported, Line, Live, Plan, Step
from bulkobj.spreadsheet.table import shown
from bulkobj.validation.cells import Given, written
from bulkobj.validation.headers import Headers
from bulkobj.validation.names import Directory, Kind
from bulkobj.validation.row_checks import DUPLICATE_ID, same_objective
from bulkobj.validation.rows import CheckedTable, Place, Row


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of rows beside the file and the live objectives.

    Attributes:
        existing: the treatment of create rows whose Title is on the account already.
        forbidden: accounts that the token may not see.
        template_runs: runs that ran a template on an account, or may have, one for each time.
        done: messages for rows of a results file that need nothing more.
        results_ids: rows of a results file whose Objective ID comes from ``_objective_id``.
        not_counted: objectives that answer for no create row.
        owners: people who may own objectives; None where they are not known.
    """

    existing: Existing = Existing.REFUSE
    forbidden: Collection[str] = ()
    template_runs: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    done: Mapping[Place, str] = field(default_factory=dict)
    results_ids: Collection[Place] = ()
    not_counted: frozenset[str] = frozenset()
    owners: Collection[str] | None = None


NOTHING_KNOWN = Known()


def checked(tables: Iterable[CheckedTable], exported: Exported = NOT_EXPORTED) -> Plan:
    """Return the plan of rows that were only checked: each is valid or invalid, and nothing is sent."""
    tables = tuple(tables)
    return _plan(tables, exported, _Planner(NOTHING, Directory(), exported, NOTHING_KNOWN).checked)


def make_plan(
    tables: Iterable[CheckedTable],
    live: Live,
    directory: Directory,
    exported: Exported = NOT_EXPORTED,
    known: Known = NOTHING_KNOWN,
) -> Plan:
    """Plan every row against what is live; ``live`` must hold every one of :func:`accounts_to_read`.

    A cell that equals its value in the export was not edited. An edit of a field that has changed in the service since
    the export is a conflict (README, "Edit what is there").
    """
    tables = tuple(tables)
    planner = _Planner(live, directory, exported, known)
    rows = [row for table in tables for row in table.rows]
    if known.existing is not Existing.DUPLICATE:
        planner.matches = match(rows, live, planner.spoken_of(rows) | known.not_counted)
    names = {account.id: account.name for account in directory.things.get(Kind.ACCOUNT, ())}
    plan = _plan(tables, exported, planner.planned)
    named = (line._replace(account_name=names.get(line.account_id, line.account_name)) for line in plan.lines)
    return replace(plan, lines=tuple(named))


def _plan(tables: Iterable[CheckedTable], exported: Exported, line_of: Callable[[Row, Headers], Line]) -> Plan:
    lines: list[Line] = []
    found: list[Problem] = []
    for table in tables:
        found += table.problems
        lines += (line_of(row, table.headers) for row in table.rows)
    missing = sorted(exported.bases.keys() - {line.objective_id for line in lines})
    if missing and exported.every_row:
        found.append(problems.missing_rows(missing))
    return Plan(tuple(lines), tuple(found))


def _unsent(row: Row, found: Iterable[Problem], result: Result, message: str = "") -> Line:
    named = row.given(ACCOUNT_NAME)
    line = Line(
        row.number,
        row.sheet,
        row.action,
        result,
        account_id=row.value(ACCOUNT_ID),
        objective_id=row.value(OBJECTIVE_ID),
        title=row.value(TITLE),
        message=message,
        problems=tuple(found),
        account_name=named.text if named is not None else "",
    )
    errors = [problem.message for problem in line.problems if problem.severity is Severity.ERROR]
    return line._replace(result=Result.INVALID, message="; ".join(errors)) if errors else line


_KINDS = {Field.STATUS: Kind.STATUS, Field.CATEGORY: Kind.CATEGORY}


@dataclass(slots=True)
class _Planner:
    """Plans row after row; remembers what earlier rows speak of."""

    live: Live
    directory: Directory
    exported: Exported
    known: Known
    matches: Matches = NO_MATCHES
    titled: dict[tuple[str, str], Place] = field(default_factory=dict)
    addressed: dict[str, Place] = field(default_factory=dict)
    template_runs: dict[tuple[str, str], list[str]] = field(init=False)
    owners: frozenset[str] | None = field(init=False)

    def __post_init__(self) -> None:
        self.template_runs = {key: list(runs) for key, runs in self.known.template_runs.items()}
        owners = self.known.owners
        self.owners = None if owners is None else frozenset(folded(one) for one in owners)

    def spoken_of(self, rows: Iterable[Row]) -> frozenset[str]:
        """Return the objectives that rows other than creates speak of, by their id or by their Title."""
        found: set[str] = set()
        for row in rows:
            if row.action in {Action.UPDATE, Action.DELETE, Action.UPSERT}:
                found.add(row.value(OBJECTIVE_ID))
                if not row.value(OBJECTIVE_ID) and row.value(TITLE):
                    titled = self._titled(row)
                    found.update(one.id for one in titled if len(titled) == 1)
        return frozenset(found - {""})

    def checked(self, row: Row, headers: Headers) -> Line:
        """Return what is known of a row without the service; what was exported so is accepted, whatever it is."""
        base = self.exported.bases.get(row.value(OBJECTIVE_ID))
        if base is None or row.action is not Action.UPDATE:
            return _unsent(row, row.problems, Result.VALID)
        edited = {name: given for name, given in _fields(row) if not self._was(given, name, base)}
        return _unsent(
            row, (*self._standing(row, headers, edited), *problems.emptied(row, headers, base)), Result.VALID
        )

    def planned(self, row: Row, headers: Headers) -> Line:
        """Plan a row, and warn of an owner that nobody knows."""
        line, owner = self.line(row, headers), row.value(OWNER)
        unknown = bool(owner) and self.owners is not None and folded(owner) not in self.owners
        if not unknown or line.result is Result.UNCHANGED:
            return line
        warning = problems.unknown_owner(row, headers, self.known.owners or ())
        return line._replace(problems=(*line.problems, warning))

    def line(self, row: Row, headers: Headers) -> Line:
        """Plan a row without regard to its owner."""
        account = row.value(ACCOUNT_ID)
        if row.place in self.known.done and not is_faulty(row):
            return self._done(row)
        if row.action is not None and account and self.live.get(account, ()) is None:
            problem = problems.unknown_account(row, headers, forbidden=account in self.known.forbidden)
            return _unsent(row, (*row.problems, problem), Result.INVALID)
        plan = {
            Action.CREATE: self._create,
            Action.RUN_TEMPLATE: self._run_template,
            Action.UPDATE: self._of_objective,
            Action.DELETE: self._of_objective,
            Action.UPSERT: self._upsert,
        }
        return plan[row.action](row, headers) if row.action else _unsent(row, row.problems, Result.INVALID)

    def _done(self, row: Row) -> Line:
        """Return the line of a results file's row that needs nothing more."""
        runs = self.template_runs.get((row.value(ACCOUNT_ID), row.value(TEMPLATE)))
        if row.action is Action.RUN_TEMPLATE and runs:
            runs.pop(0)  # the journals know of this very run
        return _unsent(row, row.problems, Result.UNCHANGED, self.known.done[row.place])

    def _create(self, row: Row, headers: Headers) -> Line:
        """Plan a create row, unless its objective is there already (README, "Import again, safely")."""
        if not is_faulty(row):
            self.titled.setdefault((row.value(ACCOUNT_ID), folded(row.value(TITLE))), row.place)
        rivals = self.matches.rivals.get(row.place, {})
        if row.place in self.matches.equal:
            line = _unsent(row, row.problems, Result.UNCHANGED)
            return line._replace(objective_id=self.matches.equal[row.place].id)
        if not rivals:
            return self._new(row)
        if self.known.existing is Existing.UPDATE:
            found = [one for one in self.live.get(row.value(ACCOUNT_ID)) or () if one.id in rivals]
            if len(found) > 1:
                return _unsent(row, (*row.problems, problems.several(row, headers, found, row.place)), Result.INVALID)
            return self._update(row, headers, found[0])
        there = "; ".join(f"{clean(id_, 60)} ({_headers_of(fields)})" for id_, fields in rivals.items())
        if self.known.existing is Existing.SKIP:
            line = _unsent(row, row.problems, Result.UNCHANGED, f"skipped: the Title is on the account with {there}")
            return line if len(rivals) > 1 else line._replace(objective_id=next(iter(rivals)))
        problem = problems.already_exists(row, headers, there)
        return _unsent(row, (*row.problems, problem), Result.INVALID)

    def _new(self, row: Row) -> Line:
        line = _unsent(row, row.problems, Result.WOULD_CREATE)
        if line.faulty:
            return line
        body = {name: given.value for name, given in _fields(row) if given.value or name is Field.SUCCESS_PLAYS}
        sent = {name: value for name, value in body.items() if value is not None}
        changes = {name: (None, self._displayed(name, value)) for name, value in sent.items()}
        step = Step(Action.CREATE, line.account_id, body=sent)
        return line._replace(action=Action.CREATE, step=step, changes=changes)

    def _run_template(self, row: Row, _: Headers) -> Line:
        line = _unsent(row, row.problems, Result.WOULD_CREATE)
        if line.faulty:
            return line
        template = row.value(TEMPLATE)
        line = line._replace(title=self.directory.name(Kind.TEMPLATE, template))
        runs = self.template_runs.get((line.account_id, template))
        if runs:
            return line._replace(result=Result.UNCHANGED, message=f"already run in {runs.pop(0)}")
        return line._replace(step=Step(Action.RUN_TEMPLATE, line.account_id, template_id=template))

    def _of_objective(self, row: Row, headers: Headers) -> Line:
        account, objective_id = row.value(ACCOUNT_ID), row.value(OBJECTIVE_ID)
        if row.action is Action.UPDATE and account and not objective_id and row.value(TITLE):
            return self._update_by_title(row, headers)
        if not objective_id or (not account and row.action is Action.UPDATE):
            return _unsent(row, row.problems, Result.INVALID)
        if not account:
            row = self._addressing(row, headers, objective_id)
            line = _unsent(row, row.problems, Result.WOULD_DELETE)
            return line if line.faulty else line._replace(step=Step(Action.DELETE, "", objective_id))
        before = next((one for one in self.live.get(account) or () if one.id == objective_id), None)
        if before is None:
            return self._absent(row, headers)
        if row.action is Action.DELETE:
            return self._delete(self._addressing(row, headers, before.id), before)
        return self._update(row, headers, before)

    def _absent(self, row: Row, headers: Headers) -> Line:
        """Return the line of a row whose account is known and does not hold its objective."""
        objective_id = row.value(OBJECTIVE_ID)
        elsewhere = [a for a, found in self.live.items() if any(one.id == objective_id for one in found or ())]
        if row.action is Action.DELETE and not elsewhere:
            return _unsent(row, (*row.problems, problems.already_gone(row, headers)), Result.UNCHANGED)
        if row.place in self.known.results_ids and not elsewhere:
            return _unsent(row, (*row.problems, problems.result_gone(row, headers)), Result.INVALID)
        problem = problems.not_there(row, headers, elsewhere)
        return _unsent(row, (*row.problems, problem), Result.INVALID)

    def _update_by_title(self, row: Row, headers: Headers) -> Line:
        found = self._titled(row)
        if len(found) == 1:
            return self._update(row, headers, found[0])
        make = partial(problems.several, found=found, earlier=row.place) if found else problems.no_such_title
        return _unsent(row, (*row.problems, make(row, headers)), Result.INVALID)

    def _titled(self, row: Row) -> list[Objective]:
        """Return the account's objectives of the row's Title."""
        objectives = self.live.get(row.value(ACCOUNT_ID)) or ()
        return [one for one in objectives if folded(one.get(Field.TITLE)) == folded(row.value(TITLE))]

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
        emptied = problems.emptied(row, headers, base) if base is not None else ()
        found = (*self._standing(row, headers, edited), *problems.backwards(row, headers, before, edited), *emptied)
        line = _unsent(row, found, Result.UNCHANGED)._replace(action=Action.UPDATE, objective_id=before.id)
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
        found = self._titled(row)
        earlier = self.titled.setdefault((account, folded(title)), row.place)
        if earlier != row.place or len(found) > 1:
            return _unsent(row, (*row.problems, problems.several(row, headers, found, earlier)), Result.INVALID)
        if found:
            return self._update(row, headers, found[0])
        missing = (problems.lacking(row, headers, name) for name in (Field.CATEGORY, Field.STATUS))
        return self._new(row._replace(problems=(*row.problems, *filter(None, missing))))

    def _addressing(self, row: Row, headers: Headers, objective_id: str) -> Row:
        """Return the row, with a problem if an earlier one speaks of the same objective, by its id or by its title.

        Each was planned against what is live now: the second to be sent would undo the first.
        """
        earlier = self.addressed.setdefault(objective_id, row.place)
        if earlier == row.place or any(problem.code == DUPLICATE_ID for problem in row.problems):
            return row
        message = same_objective(earlier, row.sheet)
        return row.with_problems([row.problem(DUPLICATE_ID, message, OBJECTIVE_ID)])

    def _holds(self, given: Given, name: Field, before: Objective, base: Base | None) -> bool:
        """Return whether the cell says what is live already, or what the file was exported with."""
        if self._says(given, name, before.get(name)):
            return True
        return base is not None and self._was(given, name, base)

    def _was(self, given: Given, name: Field, base: Base) -> bool:
        """Return whether the cell says what the file was exported with, by the names of now or of then."""
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
        """Yield the row's problems that an edited cell has; those of cells that equal the live value are forgiven."""
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


def _headers_of(fields: Iterable[Field]) -> str:
    return ", ".join(OF_FIELD[name].header for name in fields)
