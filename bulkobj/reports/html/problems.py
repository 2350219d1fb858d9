"""What is wrong, by cause, each with the numbers of its rows; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bulkobj.core.model import Problem, Result, Severity
from bulkobj.core.text import counted
from bulkobj.reports.html.markup import filtering, foreign, lines, section, text
from bulkobj.reports.html.places import Places
from bulkobj.reports.report import Report


@dataclass(frozen=True, slots=True)
class _Cause:
    """What rows have in common: a problem's code and column, or a result that a message explains."""

    word: str
    tone: str
    name: str
    column: str | None = None


#: The rows of each message of a cause, by the sheet they are on.
_Rows = Mapping[tuple[str | None, str], list[int]]

_TONE = {Severity.ERROR: "bad", Severity.WARNING: "doubt"}
_EXPLAINED = {Result.FAILED: "bad", Result.CONFLICT: "doubt", Result.UNKNOWN: "doubt"}

# Where every row has a message of its own, the list would only be the rows once more.
_MOST_MESSAGES = 25
_RANK = {word.value: rank for rank, word in enumerate((Severity.ERROR, *_EXPLAINED, Severity.WARNING))}


def of_file(problems: Iterable[Problem]) -> str:
    """The problems of the file as a whole, errors first."""
    ordered = sorted(problems, key=lambda problem: problem.severity is not Severity.ERROR)
    items = lines(f"<li>{described(problem)}</li>" for problem in ordered)
    return section("file-problems", "The file as a whole", f'<ul class="faults">\n{items}\n</ul>' if items else "")


def described(problem: Problem) -> str:
    """One problem as markup: its severity in a word, where it is, what it says, its code."""
    sheet = f"sheet {foreign(problem.sheet)}, " if problem.sheet and problem.row is None else ""
    column = f"{foreign(problem.column)}: " if problem.column else ""
    word = f'<span class="word {_TONE[problem.severity]}">{problem.severity.value}</span>'
    return f"{word} {sheet}{column}{foreign(problem.message)} <code>{text(problem.code)}</code>"


def by_cause(report: Report, places: Places) -> str:
    """The problems of rows: a heading for each cause, below it each message with its rows; errors first."""
    causes: defaultdict[_Cause, defaultdict[tuple[str | None, str], list[int]]] = defaultdict(lambda: defaultdict(list))
    for cause, sheet, message, row in _found(report):
        causes[cause][sheet, message].append(row)
    ordered = sorted(causes.items(), key=lambda item: (_RANK[item[0].word], -_size(item[1])))
    return section("problems", "Problems by cause", lines(_cause(cause, rows, places) for cause, rows in ordered))


def _found(report: Report) -> Iterator[tuple[_Cause, str | None, str, int]]:
    for row in report.rows:
        line = row.line
        if row.result in _EXPLAINED:
            yield _Cause(row.result.value, _EXPLAINED[row.result], ""), line.sheet, row.message, line.row
        for problem in line.problems:
            cause = _Cause(problem.severity.value, _TONE[problem.severity], problem.code, problem.column)
            yield cause, line.sheet, problem.wording, line.row


def _size(rows: _Rows) -> int:
    return len({(sheet, row) for (sheet, _), numbers in rows.items() for row in numbers})


def _cause(cause: _Cause, rows: _Rows, places: Places) -> str:
    column = f" in {foreign(cause.column)}" if cause.column else ""
    heading = f"<h3>{_name(cause)}{column} <span>({counted(_size(rows), 'row')})</span></h3>"
    items = [_message(sheet, message, numbers, places) for (sheet, message), numbers in rows.items()]
    left = len(items) - _MOST_MESSAGES
    if left > 0:
        items[_MOST_MESSAGES:] = [f"<li>and {counted(left, 'message')} like these, with the rows below</li>"]
    return f'<div class="cause">\n{heading}\n<ul>\n{lines(items)}\n</ul>\n</div>'


def _name(cause: _Cause) -> str:
    if not cause.name:
        return f'<span class="word {cause.tone}">{filtering(cause.word, result=cause.word)}</span>'
    code = filtering(text(cause.name), search=cause.name)
    return f'<span class="word {cause.tone}">{cause.word}</span> <code>{code}</code>'


def _message(sheet: str | None, message: str, rows: list[int], places: Places) -> str:
    where = ", ".join(part for part in (places.sheet(sheet), "row" if len(rows) == 1 else "rows") if part)
    said = foreign(message) if message else "no reason was given"
    return f'<li>{said} <span class="where">{where} {places.numbers(sheet, rows)}</span></li>'
