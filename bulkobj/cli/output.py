"""The texts of the commands: problems, plans, summaries and tables, with outside text made safe for a terminal."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bulkobj.cli.session import note, product, say, session, styled
from bulkobj.core.columns import OF_FIELD, is_ignored
from bulkobj.core.model import Action, Field, Problem, Result, Severity, Value
from bulkobj.core.text import clean, counted, duration, numbered
from bulkobj.planning.plan import Line, Live, Plan
from bulkobj.reports.report import Report, changes_in_words, in_words, not_done, to_json
from bulkobj.reports.writer import Finished
from bulkobj.validation.headers import How, MappedColumn
from bulkobj.workflows.checked_file import CheckedFile

_MOST_NAMED = 10
#: Kinds of runs whose rows can be fixed and sent again.
_RETRIED = frozenset({"import", "retry", "apply"})


def waiting(seconds: float) -> str:
    """Return the words for a wait for the rate limit."""
    return f"waiting for the rate limit, {duration(seconds)} left"


class Bar:
    """A progress bar on standard error; ``total`` None is a stage whose length is not known."""

    def __init__(self, stage: str, total: int | None) -> None:
        from rich.console import Console  # noqa: PLC0415 - rich is slow to import, and most commands need no bar
        from rich.progress import (  # noqa: PLC0415 - the same
            BarColumn,
            MofNCompleteColumn,
            Progress,
            RenderableColumn,
            TimeRemainingColumn,
        )

        counts = (MofNCompleteColumn(), TimeRemainingColumn(compact=True)) if total is not None else ()
        self._stage = stage
        self._waits_until = 0.0
        self._progress = Progress(
            RenderableColumn(_Label(self.label)),
            BarColumn(bar_width=20),
            *counts,
            console=Console(stderr=True, markup=False, highlight=False),
            transient=True,
        )
        self._task = self._progress.add_task(stage, total=total)
        self._progress.start()

    def label(self) -> str:
        """Return the stage, and the wait for the rate limit while it lasts."""
        left = self._waits_until - time.monotonic()
        return ": ".join(part for part in (self._stage, waiting(left) if left > 0 else "") if part)

    def update(self, done: int) -> None:
        """Show that so many are done; whoever waited waits no longer."""
        self._waits_until = 0.0
        self._progress.update(self._task, completed=done)

    def wait(self, seconds: float) -> None:
        """Count down a wait for the rate limit beside the bar."""
        self._waits_until = time.monotonic() + seconds

    def close(self) -> None:
        """Remove the bar."""
        self._progress.stop()


@dataclass(frozen=True, slots=True)
class _Label:
    """A text that rich makes anew for each frame."""

    text: Callable[[], str]

    def __rich__(self) -> str:
        return self.text()


def report_problems(report: Report) -> list[str]:
    """Return a line for each cause: errors, warnings, and last the errors of the file as a whole."""
    return _problems(report.all_problems(), several=_several(row.line for row in report.rows))


def columns_line(columns: Iterable[MappedColumn]) -> str:
    """Return the columns that go by another name, and those that are ignored: ``CSM → Owner; ignored: ARR``."""
    columns = tuple(columns)
    named = [
        f"{clean(one.header, 60)} → {one.column.header}"
        for one in columns
        if one.column is not None and one.how is not How.NAME
    ]
    ignored = [clean(one.header, 60) for one in columns if one.column is None and not is_ignored(one.header)]
    return "; ".join([*([", ".join(named)] if named else []), *([f"ignored: {', '.join(ignored)}"] if ignored else [])])


def columns_in_doubt(file: CheckedFile) -> list[str]:
    """Return the columns to ask about: missing ones, and headers of another name with an error in every row."""
    if all(one.column is not None and one.how is How.NAME for one in file.columns):
        return []
    guessed = {one.header for one in file.columns if one.how is How.ALIAS}
    problems = [problem for table in file.tables for problem in table.problems]
    missing = [str(problem.column) for problem in problems if problem.code == "missing-column"]
    rows = list(file.rows())
    wrong: Counter[str] = Counter()
    for row in rows:
        errors = [one for one in row.problems if one.severity is Severity.ERROR and one.code != "missing-value"]
        wrong.update({one.column for one in errors if one.column in guessed})
    return [*missing, *(header for header, number in wrong.items() if number == len(rows) > 1)]


def plan_problems(plan: Plan) -> list[str]:
    """Return a line for each problem of a plan, as :func:`report_problems` does."""
    return _problems(_all(plan), several=_several(plan.lines))


def _several(lines: Iterable[Line]) -> bool:
    """Return whether the rows are those of several sheets: a row number alone is not enough then."""
    return len({line.sheet for line in lines}) > 1


def _label(line: Line, *, several: bool) -> str:
    return f'row {line.row} of sheet "{clean(line.sheet or "", 40)}"' if several else f"row {line.row}"


def _problems(found: Iterable[Problem], *, several: bool) -> list[str]:
    groups: dict[tuple[object, ...], list[Problem]] = defaultdict(list)
    for problem in found:
        sheet = problem.sheet if several else None
        groups[problem.severity, problem.code, sheet, problem.column, problem.wording].append(problem)

    def rank(group: list[Problem]) -> int:
        if group[0].severity is not Severity.ERROR:
            return 1
        return 0 if group[0].row is not None else 2

    return [_problem_line(group, several=several) for group in sorted(groups.values(), key=rank)]


def _problem_line(group: Sequence[Problem], *, several: bool) -> str:
    """Return the line of a cause, with the rows that have it; the cell is named where it is one."""
    first, rows = group[0], [problem.row for problem in group if problem.row is not None]
    place = [f'sheet "{clean(first.sheet)}"'] if several and first.sheet else []
    if len(rows) == 1:
        place.append(f"row {rows[0]}")
    if first.column:
        place.append(clean(first.column, 60) + (f" ({first.cell})" if first.cell and len(rows) == 1 else ""))
    many = f" ({counted(len(rows), 'row')})\n    in rows {numbered(rows, 12)}" if len(rows) > 1 else ""
    where = ", ".join(place) + ": " if place else ""
    word = styled(first.severity.value, fg="red" if first.severity is Severity.ERROR else "yellow", bold=True)
    return f"{word}: {where}{clean(first.wording, 600)} [{first.code}]{many}"


_ACTION_ORDER = (Action.CREATE, Action.RUN_TEMPLATE, Action.UPDATE, Action.DELETE)


def plan_summary(plan: Plan) -> str:
    """Return the counts of a plan by action, and what would be emptied or deleted, in lines."""
    several = _several(plan.lines)
    lines = _problems(_all(plan), several=several)
    steps = Counter(line.step.action for line in plan.lines if line.step is not None)
    lines += [f"{action.value:>14}  {steps[action]:,}" for action in _ACTION_ORDER if steps[action]]
    rest = Counter(line.result for line in plan.lines if line.step is None)
    lines += [f"{result.value:>14}  {number:,}" for result, number in sorted(rest.items())]
    lines += _named("will be emptied", [text for line in plan.lines if (text := _emptied(line, several=several))])
    deleted = [line for line in plan.lines if line.step is not None and line.step.action is Action.DELETE]
    lines += _named("will be deleted", [f"{_label(line, several=several)}: {_called(line)}" for line in deleted])
    noted = [line for line in plan.lines if line.step is not None and line.message]
    lines += _named("note", [f"{_label(line, several=several)}: {clean(line.message, 200)}" for line in noted])
    return "\n".join(lines)


def _all(plan: Plan) -> list[Problem]:
    return [*plan.problems, *(problem for line in plan.lines for problem in line.problems)]


def _named(what: str, things: Sequence[str]) -> list[str]:
    if not things:
        return []
    more = [f"  … and {len(things) - _MOST_NAMED:,} more"] if len(things) > _MOST_NAMED else []
    return [f"{what}:", *(f"  {thing}" for thing in things[:_MOST_NAMED]), *more]


def _called(line: Line) -> str:
    title = f'"{clean(line.title, 60)}"' if line.title else clean(line.objective_id, 60)
    return f"{title} on account {clean(line.account_id, 60)}" if line.account_id else title


def _emptied(line: Line, *, several: bool) -> str:
    if line.step is None or line.step.action is not Action.UPDATE:
        return ""
    fields = [OF_FIELD[name].header for name, (before, after) in line.changes.items() if before and not after]
    return f"{_label(line, several=several)}: {', '.join(fields)} of {_called(line)}" if fields else ""


def plan_details(report: Report) -> str:
    """Return a dry run row by row, each field with its before and after."""
    lines, several = [], _several(row.line for row in report.rows)
    for row in report.rows:
        line = row.line
        what = f"{_label(line, several=several)}: {row.result.value} {_called(line)}"
        lines.append(f"{what}: {clean(row.message, 600)}" if row.message else what)
        if line.action is Action.UPDATE:
            lines += [f"    {change}" for change in changes_in_words(line)]
    return "\n".join(lines)


def first_rows(report: Report, live: Live) -> str:
    """Return the rows that were sent first, with the values that the service shows for them now."""
    held = {one.id: one for objectives in live.values() for one in objectives or ()}
    names = _names_by_id(report)
    lines, several = [], _several(row.line for row in report.rows)
    for row in report.rows:
        if not row.attempts:
            continue
        lines.append(f"{_label(row.line, several=several)}: {row.result.value} {clean(row.message, 300)}".rstrip())
        for one in (held[objective] for objective in row.objective_id.split(";") if objective in held):
            fields = {name: names.get((name, value), value) for name, value in one.fields.items()}
            lines += [f"    {OF_FIELD[name].header}: {in_words(name, value)}" for name, value in fields.items()]
    return "\n".join(lines)


def _names_by_id(report: Report) -> dict[tuple[Field, Value], Value]:
    """Return the names of the statuses and categories that the report's rows send."""
    return {
        (name, row.line.step.body[name]): change[1]
        for row in report.rows
        if row.line.step is not None
        for name, change in row.line.changes.items()
        if name in {Field.STATUS, Field.CATEGORY} and change[1] and name in row.line.step.body
    }


#: Colours on a terminal; the words say the same.
_STYLES: Mapping[Result, Mapping[str, Any]] = {
    Result.CREATED: {"fg": "green"},
    Result.UPDATED: {"fg": "green"},
    Result.DELETED: {"fg": "green"},
    Result.CONFLICT: {"fg": "yellow"},
    Result.UNKNOWN: {"fg": "yellow"},
    Result.INVALID: {"fg": "red"},
    Result.FAILED: {"fg": "red"},
}
_ORDER = (
    Result.CREATED,
    Result.UPDATED,
    Result.DELETED,
    Result.WOULD_CREATE,
    Result.WOULD_UPDATE,
    Result.WOULD_DELETE,
    Result.VALID,
    Result.UNCHANGED,
    Result.CONFLICT,
    Result.INVALID,
    Result.FAILED,
    Result.UNKNOWN,
    Result.NOT_ATTEMPTED,
)


def counts(report: Report) -> list[str]:
    """Return a line for each result with its number of rows."""
    return [
        styled(f"{result.value:>14}  {report.counts[result]:,}", **_STYLES.get(result, {}))
        for result in _ORDER
        if report.counts[result]
    ]


def open_ends(finished: Finished) -> list[str]:
    """Return a line for each thing that is left to do."""
    report, lines = finished.report, []
    if finished.duplicates:
        objectives = counted(finished.duplicates, "duplicate objective")
        lines.append(f"{objectives} found. The row messages say which ones to delete")
    lines += [f"not written: {clean(why, 600)}" for why in finished.unwritten]
    if finished.unwritten and report.run is not None:
        lines.append(f"the results are saved. To write the report: bulkobj report {report.run} -o PATH")
    if report.run is not None and not report.finished:
        lines.append(f"not finished. To continue: bulkobj resume {report.run}")
    elif report.run is not None and report.counts[Result.UNKNOWN]:
        lines.append(f"some rows are unknown. To look for them once more: bulkobj resume {report.run}")
    left = len(not_done(report))
    if left and finished.error is None and finished.kind in _RETRIED:
        lines.append(
            f"{counted(left, 'row')} not done. To save only those, ready to fix and import: "
            f"bulkobj report {report.run} --failures failed.xlsx"
        )
        lines.append(f"To try them again as they are: bulkobj retry {report.run}")
    return lines


def causes(report: Report) -> list[str]:
    """Return a line for each reason why rows were not done, with the rows."""
    several = _several(row.line for row in report.rows)
    found: dict[tuple[Result, str, str | None], list[int]] = defaultdict(list)
    for row in report.rows:
        if row.result in {Result.FAILED, Result.UNKNOWN, Result.CONFLICT}:
            found[row.result, row.message, row.line.sheet if several else None].append(row.line.row)
    return [
        f"{styled(result.value, **_STYLES[result])}: {'row' if len(rows) == 1 else 'rows'} {numbered(rows, 12)}"
        + (f' of sheet "{clean(sheet, 40)}"' if sheet else "")
        + f": {clean(message, 400)}"
        for (result, message, sheet), rows in found.items()
    ]


def json_report(report: Report) -> None:
    """Print the report as JSON on standard output."""
    json_document(to_json(report))


def json_document(document: object) -> None:
    """Print the one JSON document of the command on standard output."""
    session().answered = True
    product(json.dumps(document, ensure_ascii=True, indent=1), wrap=False)


def table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table on standard output, its columns as wide as they need to be."""
    texts = [[clean(str(cell), 120) for cell in row] for row in rows]
    widths = [max(len(text[i]) for text in [headers, *texts]) for i in range(len(headers))]
    for row in [headers, *texts]:
        product("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip(), wrap=False)


def ended(finished: Finished) -> int:
    """Show on standard error how it ended. Returns the exit code."""
    for line in causes(finished.report):
        say(line)
    for line in (*counts(finished.report), *(f"written: {path}" for path in finished.written)):
        note(line)
    for line in open_ends(finished):
        say(line)
    if finished.error is not None:
        say(f"bulkobj: {clean(str(finished.error), 2000)}")
    return finished.exit_code
