"""`bulkobj rollover`: the export of one period becomes the plan of the next. Makes no call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from bulkobj.core.columns import ACCOUNT_ID, ACCOUNT_NAME, COLUMNS, END_DATE, START_DATE, STATUS, TITLE
from bulkobj.core.errors import UsageError
from bulkobj.core.model import Action
from bulkobj.core.suggestion import closest
from bulkobj.core.text import counted, folded
from bulkobj.spreadsheet.stamp import Stamp
from bulkobj.workflows.checked_file import CheckedFile, FileRequest, check_file
from bulkobj.workflows.plans.periods import Period, moved_cell
from bulkobj.workflows.plans.plan_file import (
    Cells,
    PlanFile,
    cell_of,
    check_plan_target,
    is_invalid,
    problems_of,
    row_pairs,
    write_plan_file,
)

_KEPT = tuple(column for column in COLUMNS if column.field is not None or column in {ACCOUNT_ID, ACCOUNT_NAME})


@dataclass(frozen=True, slots=True)
class Rollover:
    """Options of a rollover; ``titles`` are pairs of a text in titles and its replacement."""

    by: Period
    status: str | None = None
    only_statuses: tuple[str, ...] = ()
    without_statuses: tuple[str, ...] = ()
    titles: tuple[tuple[str, str], ...] = ()


def rollover(request: FileRequest, how: Rollover, output: Path) -> PlanFile:
    """Write next period's plan from an export: ids dropped, dates moved, every row a create."""
    check_plan_target(output)
    file = check_file(request)
    report = problems_of(file)
    if is_invalid(report):
        return PlanFile(None, 0, 0, report)
    _check_statuses((*how.only_statuses, *how.without_statuses, *filter(None, [how.status])), file)
    rows = list(_rows(file, how))
    if not rows:
        raise UsageError("no row is left to roll over. Check --only-status and --without-status")
    write_plan_file(output, [cells for cells, _ in rows], file.stamp and _stamp(file.stamp))
    accounts = {cells.get(ACCOUNT_ID.header) or cells.get(ACCOUNT_NAME.header) for cells, _ in rows}
    return PlanFile(output, len(rows), len(accounts), report, _notes(sum(same for _, same in rows)))


def _stamp(stamp: Stamp) -> Stamp:
    return replace(stamp, kind="template", layout="one-sheet", bases={})


def _rows(file: CheckedFile, how: Rollover) -> Iterator[tuple[Cells, bool]]:
    """Yield the cells of each new row, and whether its title is still the old one."""
    only, without = ({folded(name) for name in names} for names in (how.only_statuses, how.without_statuses))
    for table, record, row in row_pairs(file.tables):
        cells = {one.header: cell_of(table, record, row, one, file.request.timezone) for one in _KEPT}
        status = folded(cells[STATUS.header] or "")
        if (only and status not in only) or status in without:
            continue
        for column in (START_DATE, END_DATE):
            value = cells[column.header]
            if isinstance(value, date):
                cells[column.header] = moved_cell(value, how.by)
        title = str(cells[TITLE.header] or "")
        for old, new in how.titles:
            cells[TITLE.header] = str(cells[TITLE.header] or "").replace(old, new)
        if how.status is not None:
            cells[STATUS.header] = how.status
        yield {"Action": Action.CREATE.value, **cells}, cells[TITLE.header] == title


def _check_statuses(names: Iterable[str], file: CheckedFile) -> None:
    """Raise UsageError for a status that neither the export's tenant nor a row has."""
    known = [name for (kind, _), name in (file.stamp.settings if file.stamp else {}).items() if kind == "status"]
    if not known:
        return  # an export without a stamp: its import checks the names
    known += [row.given(STATUS).text for row in file.rows() if row.given(STATUS)]  # type: ignore[union-attr] # checked
    for name in names:
        if folded(name) not in map(folded, known):
            close = closest(name, known)
            raise UsageError(f'unknown status "{name}"' + (f'. Did you mean "{close}"?' if close else ""))


def _notes(unchanged: int) -> tuple[str, ...]:
    if not unchanged:
        return ()
    titles = counted(unchanged, "title is", "titles are")
    advice = "Use --replace-title 'Q1=Q2', or import with --existing duplicate"
    return (f"{titles} the same as before, so an import finds them as already-exists. {advice}",)
