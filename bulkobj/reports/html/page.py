"""The report as one HTML page, for people who approve a plan or ask what became of it; pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bulkobj.core.columns import OF_FIELD, Kind
from bulkobj.core.model import Field, Problem, Result, Severity, Value
from bulkobj.core.text import counted
from bulkobj.planning.plan import Change, Line
from bulkobj.reports.html.rendering import render
from bulkobj.reports.html.verdict import TONES, facts, is_invalid, kind, verdict
from bulkobj.reports.report import GOOD, Report, ReportRow
from bulkobj.spreadsheet.table import shown
from bulkobj.validation.cells import written

_TONE = {Severity.ERROR: "bad", Severity.WARNING: "doubt"}
_EXPLAINED = {Result.FAILED: "bad", Result.CONFLICT: "doubt", Result.UNKNOWN: "doubt"}
_RANK = {word.value: rank for rank, word in enumerate((Severity.ERROR, *_EXPLAINED, Severity.WARNING))}
# Where every row has a message of its own, the list would only be the rows once more.
_MOST_MESSAGES = 25
#: Spans of row numbers that a message links to.
_MOST_SPANS = 60
#: A longer text scrolls in a box of its own, so that one description is not a page.
_LONG = 1200


def html_report(report: Report, *, made_at: datetime | None = None) -> bytes:
    """Return the report as an HTML page in UTF-8.

    ``made_at``, a time with its zone, is shown where no row has a time of its own. Results, actions and codes of
    problems are named as in the report's other formats.
    """
    places = Places(tuple(dict.fromkeys(row.line.sheet for row in report.rows)))
    open_results = [result for result in TONES if report.counts[result] and result not in GOOD]
    return render(
        "report.html",
        "script.js",
        report=report,
        kind=kind(report),
        verdict=verdict(report),
        facts=list(facts(report, made_at)),
        mapping=[one for one in report.columns if one.column is None or one.column.header != one.header],
        tones={result.value: tone for result, tone in TONES.items()},
        counts=[(result.value, report.counts[result]) for result in TONES if report.counts[result]],
        open_total=sum(report.counts[result] for result in open_results) if len(open_results) > 1 else 0,
        file_problems=_worst_first(report.problems),
        causes=_causes(report, places),
        problems_first=report.refused or is_invalid(report),
        accounts=_accounts(report),
        rows=[_row(row, places) for row in report.rows],
    )


@dataclass(frozen=True, slots=True)
class Places:
    """The sheets that the rows come from; a row is named by its sheet only where there are several."""

    sheets: tuple[str | None, ...]

    def anchor(self, sheet: str | None, row: int) -> str:
        """Return the id of the row's element."""
        return f"row-{self.sheets.index(sheet) + 1}-{row}" if len(self.sheets) > 1 else f"row-{row}"

    def sheet(self, sheet: str | None) -> str | None:
        """Return the sheet's name, where it is needed."""
        return sheet if len(self.sheets) > 1 else None

    def spans(self, sheet: str | None, rows: Sequence[int]) -> dict[str, Any]:
        """Return row numbers with the anchors of their rows, neighbours joined (``7-9``); the rest is counted."""
        found: list[list[int]] = []
        for row in rows:
            if found and row == found[-1][1] + 1:
                found[-1][1] = row
            else:
                found.append([row, row])
        links = [
            (
                self.anchor(sheet, first) if sheet in self.sheets else "",
                f"{first}" if first == last else f"{first}-{last}",
            )
            for first, last in found[:_MOST_SPANS]
        ]
        return {"links": links, "more": sum(last - first + 1 for first, last in found[_MOST_SPANS:])}


def _worst_first(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: problem.severity is not Severity.ERROR)


#: What rows have in common: a word (severity or result), its colour, a problem's code (else "") and column.
Cause = tuple[str, str, str, str | None]


def _causes(report: Report, places: Places) -> list[dict[str, Any]]:
    """Return the causes, errors first, each with its messages and their rows."""
    causes: defaultdict[Cause, defaultdict[tuple[str | None, str], list[int]]] = defaultdict(lambda: defaultdict(list))
    for cause, sheet, message, row in _found(report):
        causes[cause][sheet, message].append(row)
    ordered = sorted(causes.items(), key=lambda item: (_RANK[item[0][0]], -_size(item[1])))
    return [_cause(cause, rows, places) for cause, rows in ordered]


def _found(report: Report) -> Iterator[tuple[Cause, str | None, str, int]]:
    for row in report.rows:
        line = row.line
        if row.result in _EXPLAINED:
            yield (row.result.value, _EXPLAINED[row.result], "", None), line.sheet, row.message, line.row
        for problem in line.problems:
            cause = (problem.severity.value, _TONE[problem.severity], problem.code, problem.column)
            yield cause, line.sheet, problem.wording, line.row


def _size(rows: Mapping[tuple[str | None, str], list[int]]) -> int:
    return len({(sheet, row) for (sheet, _), numbers in rows.items() for row in numbers})


def _cause(cause: Cause, rows: Mapping[tuple[str | None, str], list[int]], places: Places) -> dict[str, Any]:
    word, tone, code, column = cause
    messages = [
        {"text": message, "sheet": places.sheet(sheet), "several": len(numbers) > 1, **places.spans(sheet, numbers)}
        for (sheet, message), numbers in list(rows.items())[:_MOST_MESSAGES]
    ]
    left = len(rows) - len(messages)
    about = {"word": word, "tone": tone, "code": code, "column": column}
    return about | {"size": _size(rows), "messages": messages, "left": counted(left, "message") if left else ""}


def _accounts(report: Report) -> list[dict[str, Any]]:
    """Return the results of each account's rows; accounts with rows that are not done come first."""
    found: defaultdict[str, Counter[Result]] = defaultdict(Counter)
    names: dict[str, str] = {}
    for row in report.rows:
        found[row.line.account_id][row.result] += 1
        names[row.line.account_id] = names.get(row.line.account_id) or row.line.account_name
    ordered = sorted(found.items(), key=lambda item: all(result in GOOD for result in item[1]))
    return [
        {
            "id": account,
            "name": names[account],
            "rows": counts.total(),
            "counts": [(result.value, counts[result]) for result in TONES if counts[result]],
        }
        for account, counts in ordered
    ]


def _row(row: ReportRow, places: Places) -> dict[str, Any]:
    line = row.line
    return {
        "line": line,
        "result": row.result.value,
        "anchor": places.anchor(line.sheet, line.row),
        "sheet": places.sheet(line.sheet),
        "done": row.result in GOOD,
        "action": line.action.value if line.action is not None and line.action.value not in row.result.value else "",
        "objective": row.objective_id,
        "http_status": row.http_status if row.result not in GOOD else None,
        "attempts": row.attempts,
        "message": "" if line.faulty else row.message,  # that of a faulty row only repeats its problems
        "problems": _worst_first(line.problems),
        "changes": [_change(name, change) for name, change in _changes(line).items()],
        "new": all(before is None for before, _ in _changes(line).values()),
    }


def _changes(line: Line) -> Mapping[Field, Change]:
    """Return the changes to show: a new objective's title stands above them already."""
    return {name: change for name, change in line.changes.items() if change != (None, line.title)}


def _change(name: Field, change: Change) -> dict[str, Any]:
    before, after = (None if value is None else _words(name, value) for value in change)
    about = {"field": OF_FIELD[name].header, "wide": name is Field.DESCRIPTION}
    return about | {"before": before, "after": after, "long": _LONG}


def _words(name: Field, value: Value) -> str:
    if isinstance(value, tuple):
        return "\n".join(value)
    return shown(written(value, Kind.DATE)) if OF_FIELD[name].kind is Kind.DATE else value
