"""The result of each row: counts, wording, exit code, JSON and the columns of a table; pure.

A report is made from a plan (a check, a dry run) or from a journal (a run), and from nothing else. So a fresh run, a
resumed one and ``bulkobj report`` can't disagree (CONTRIBUTING, decision 1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from bulkobj.core.columns import OF_FIELD
from bulkobj.core.model import Field, Problem, Result, Severity, Value
from bulkobj.core.text import clean
from bulkobj.execution.journal.records import Entry, RunHeader, State
from bulkobj.planning.plan import Line, Plan
from bulkobj.spreadsheet.table import Cell, SourceFile, shown
from bulkobj.spreadsheet.writing.results import CellNote, ResultRow, Summary
from bulkobj.validation.cells import written
from bulkobj.validation.headers import MappedColumn

if TYPE_CHECKING:
    from pandas import DataFrame

GOOD = frozenset(
    {
        Result.CREATED,
        Result.UPDATED,
        Result.DELETED,
        Result.UNCHANGED,
        Result.VALID,
        Result.WOULD_CREATE,
        Result.WOULD_UPDATE,
        Result.WOULD_DELETE,
    }
)
_WORST_FIRST = (Result.UNKNOWN, Result.FAILED, Result.CONFLICT, Result.INVALID, Result.NOT_ATTEMPTED)
_BAD = frozenset({Result.INVALID, Result.FAILED, Result.UNKNOWN, Result.CONFLICT})


class ReportRow(NamedTuple):
    """A row of the file with its result; ``finished_at`` is a time in UTC, in ISO 8601."""

    line: Line
    result: Result
    message: str
    objective_id: str
    http_status: int | None = None
    attempts: int = 0
    finished_at: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The results of a file. ``run`` is None if nothing was begun; ``calls`` counts all requests that were sent.

    ``made_at`` is when a check or a plan was made; a run's rows have their own times. ``columns`` says how the file's
    headers were read, ``source`` is the file itself.
    """

    run: str | None
    file: str
    target: str
    dry_run: bool
    finished: bool
    calls: int
    rows: tuple[ReportRow, ...]
    problems: tuple[Problem, ...] = ()
    made_at: datetime | None = None
    profile: str = ""
    columns: tuple[MappedColumn, ...] = ()
    fingerprint: str = ""
    source: SourceFile | None = field(default=None, compare=False, repr=False)
    counts: Counter[Result] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "counts", Counter(row.result for row in self.rows))

    @property
    def refused(self) -> bool:
        """Return whether the file as a whole could not be used."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)

    @property
    def has_sent(self) -> bool:
        """Return whether any row was attempted."""
        return any(row.attempts for row in self.rows)

    @property
    def exit_code(self) -> int:
        """0 where every row is as it was asked to be, else 1 (README, "Exit codes")."""
        return 0 if not self.refused and all(result in GOOD for result in self.counts) else 1

    def about(self, source: SourceFile, columns: Iterable[MappedColumn], profile: str = "") -> Report:
        """Return the same report with its file, the meaning of the file's headers, and the profile used."""
        return replace(self, source=source, columns=tuple(columns), profile=profile or self.profile)

    def frame(self) -> DataFrame:
        """Return a pandas frame with the columns of a written report: those of the file, then the eight of the result.

        Of several sheets the columns are those of all, and the column ``_sheet`` says which sheet a row is of.
        """
        from bulkobj.spreadsheet.writing.result_files import results_frame  # noqa: PLC0415 - brings pandas

        tables = self.source.tables if self.source is not None else ()
        return results_frame(tables, result_rows(self))

    def all_problems(self) -> tuple[Problem, ...]:
        """Return the file's problems, then the rows', in their order."""
        return (*self.problems, *(problem for row in self.rows for problem in row.line.problems))


def of_plan(  # noqa: PLR0913 - what a report says beside its rows
    plan: Plan,
    file: str,
    target: str,
    calls: int,
    *,
    dry_run: bool,
    made_at: datetime | None = None,
) -> Report:
    """Return the report of a check or a plan. In a file that can't be imported no row is ``valid``."""
    if plan.refused:
        plan = plan.results({Result.VALID: Result.NOT_ATTEMPTED})
    return Report(
        None,
        file,
        target,
        dry_run,
        finished=True,
        calls=calls,
        rows=tuple(ReportRow(line, line.result, line.message, line.objective_id) for line in plan.lines),
        problems=plan.problems,
        made_at=made_at,
    )


def of_journal(header: RunHeader, entries: Iterable[Entry]) -> Report:
    """Return the report of a run, as far as it has come."""
    return Report(
        header.run,
        header.file,
        header.target,
        dry_run=False,
        finished=header.finished,
        calls=header.calls,
        rows=tuple(_row(entry) for entry in entries),
        problems=header.problems,
        profile=header.profile,
    )


def _row(entry: Entry) -> ReportRow:
    line, result, message = entry.line, entry.line.result, entry.line.message
    finished_at = entry.finished_at and datetime.fromisoformat(entry.finished_at).isoformat(timespec="seconds")
    if entry.state is State.SENT or (entry.state is State.LOST and result is not Result.UNKNOWN):
        result, message = Result.UNKNOWN, "sent, but the run ended before it was known what came of it: resume it"
    return ReportRow(line, result, message, line.objective_id, entry.http_status, entry.attempts, finished_at)


def to_json(report: Report) -> dict[str, Any]:
    """Return the JSON report."""
    return {
        "run": report.run,
        "file": report.file,
        "target": report.target,
        "profile": report.profile or None,
        "dry_run": report.dry_run,
        "finished": report.finished,
        "columns": [_column(column) for column in report.columns],
        "counts": {result.value: number for result, number in sorted(report.counts.items())},
        "calls": report.calls,
        "problems": [{"row": None, **_problem(problem)} for problem in report.problems],
        "rows": [_row_to_json(row) for row in report.rows],
    }


def _row_to_json(row: ReportRow) -> dict[str, Any]:
    line = row.line
    return {
        "row": line.row,
        "sheet": line.sheet,
        "action": line.action.value if line.action else None,
        "result": row.result.value,
        "objective_id": row.objective_id or None,
        "account_id": line.account_id or None,
        "account_name": line.account_name or None,
        "title": line.title or None,
        "message": row.message or None,
        "http_status": row.http_status,
        "attempts": row.attempts,
        "changes": {name.value: list(change) for name, change in line.changes.items()},
        "problems": [_problem(problem) for problem in line.problems],
    }


def _column(column: MappedColumn) -> dict[str, Any]:
    return {"header": column.header, "column": column.column.header if column.column else None, "how": column.how}


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "column": problem.column,
        "cell": problem.cell,
        "code": problem.code,
        "severity": problem.severity.value,
        "message": problem.message,
    }


def result_rows(report: Report) -> tuple[ResultRow, ...]:
    """Return what the report adds to each row of the file: of several steps, the worst result and all ids."""
    rows: dict[tuple[str | None, int], list[ReportRow]] = {}
    for row in report.rows:
        rows.setdefault((row.line.sheet, row.line.row), []).append(row)
    joined = (some[0] if len(some) == 1 else _joined(some) for some in rows.values())
    return tuple(_result_row(row, has_sent=report.has_sent) for row in joined)


def _joined(rows: Sequence[ReportRow]) -> ReportRow:
    """Return one row for several steps, as the undo of a template run has."""
    worst = min(rows, key=lambda row: _WORST_FIRST.index(row.result) if row.result in _WORST_FIRST else len(Result))
    ids = dict.fromkeys(row.objective_id for row in rows if row.objective_id)
    messages = dict.fromkeys(row.message for row in rows if row.message)
    return worst._replace(
        objective_id=";".join(ids), message="; ".join(messages), attempts=sum(row.attempts for row in rows)
    )


def _result_row(row: ReportRow, *, has_sent: bool) -> ResultRow:
    line, is_done = row.line, row.result in GOOD
    finished_at = row.finished_at and datetime.fromisoformat(row.finished_at).astimezone(UTC).replace(tzinfo=None)
    cells = (
        line.row,
        line.action.value if line.action else None,
        row.result.value,
        row.objective_id or None,
        _whole_message(row) or None,
        row.http_status,
        row.attempts,
        finished_at,
    )
    reason = "" if is_done else f"{row.result.value}: {row.message}" if row.message else f"{row.result.value}"
    # in a file that was refused, rows without a fault need nothing
    is_spared = row.result is Result.NOT_ATTEMPTED and not has_sent and not row.message
    return ResultRow(
        line.sheet,
        line.row,
        cells,
        _tone(row.result),
        tuple(
            CellNote(problem.column, problem.wording, problem.severity is Severity.ERROR)
            for problem in line.problems
            if problem.column is not None
        ),
        reason=reason,
        needs_attention=bool(line.problems) or not (is_done or is_spared),
        account_id=line.account_id,
        account_name=line.account_name,
        title=line.title,
    )


def _tone(result: Result) -> str:
    if result is Result.UNCHANGED:
        return "unchanged"
    return "good" if result in GOOD else "bad" if result in _BAD else "neutral"


def _whole_message(row: ReportRow) -> str:
    """Return the message, what an update would change, and the warnings that neither speaks of."""
    changes = changes_in_words(row.line) if row.result is Result.WOULD_UPDATE else ()
    warnings = (p.message for p in row.line.problems if p.severity is Severity.WARNING)
    return "; ".join(part for part in (row.message, *changes, *warnings) if part)


def changes_in_words(line: Line) -> tuple[str, ...]:
    """Return each changed field with its before and after, as people see them."""
    return tuple(
        f"{OF_FIELD[name].header}: {in_words(name, before)} -> {in_words(name, after)}"
        for name, (before, after) in line.changes.items()
    )


def in_words(name: Field, value: Value | None) -> str:
    """Return a value of a field as a person would read it."""
    text = shown(written(value, OF_FIELD[name].kind)) if value else ""
    return f'"{clean(text, 100)}"' if text else "(empty)"


def summary(report: Report) -> Summary:
    """Return the head of the report's list sheet."""
    counts = sorted(report.counts.items())
    lines: list[tuple[str, Cell]] = [
        ("Run", report.run or "none (nothing was sent)"),
        ("File", report.file),
        ("Target", f"{report.target} (profile {report.profile})" if report.profile else report.target),
        ("Finished", "yes" if report.finished else f"no. To continue: bulkobj resume {report.run}"),
        ("Calls", report.calls),
        ("Rows", len(report.rows)),
        *((result.value, number) for result, number in counts),
    ]
    return Summary(tuple(lines), tuple(problem.message for problem in report.problems), report.run or "")


def not_done(report: Report) -> frozenset[tuple[str | None, int]]:
    """Return the rows that are not done, and that resuming will not do, by sheet and row number."""
    left_to_resume = {Result.UNKNOWN} if report.finished else {Result.UNKNOWN, Result.NOT_ATTEMPTED}
    return frozenset((row.line.sheet, row.line.row) for row in report.rows if row.result not in GOOD | left_to_resume)
