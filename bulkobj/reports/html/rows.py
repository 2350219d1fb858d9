"""The rows of the file, each with its result, what is wrong with it, and its fields before and after; pure."""

from __future__ import annotations

from collections.abc import Iterator

from bulkobj.core.columns import OF_FIELD, Kind
from bulkobj.core.model import Field, Severity, Value
from bulkobj.core.text import counted
from bulkobj.planning.plan import Change, Line
from bulkobj.reports.html.markup import foreign, lines, section, text
from bulkobj.reports.html.overview import TONES, result_options
from bulkobj.reports.html.places import Places
from bulkobj.reports.html.problems import described
from bulkobj.reports.report import GOOD, Report, ReportRow
from bulkobj.spreadsheet.table import shown
from bulkobj.validation.cells import written

# Beyond so many characters a text scrolls in a box of its own, so that one description is not a page.
_LONG = 1200

_CONTROLS = """\
<form class="filter" role="search" aria-label="Filter the rows" hidden>
<p><label for="by-result">Result</label>
<select id="by-result" name="result">
<option value="">all</option>
{options}
</select></p>
<p><label for="by-account">Account</label>
<select id="by-account" name="account"><option value="">all</option></select></p>
<p class="wide"><label for="by-search">Search</label>
<input id="by-search" name="search" type="search" autocomplete="off" spellcheck="false"></p>
<p><button type="reset">Show all</button></p>
</form>"""


def rows(report: Report, places: Places) -> str:
    """All rows in the order of the file, and what filters them where scripts run."""
    if not report.rows:
        return section("rows", "Rows", "<p>There is no row to report.</p>")
    controls = _CONTROLS.format(options=result_options(report.counts))
    status = f'<p class="shown" role="status">{counted(len(report.rows), "row")}</p>'
    items = lines(_row(row, places) for row in report.rows)
    return section("rows", "Rows", f'{controls}\n{status}\n<ol class="rows" role="list">\n{items}\n</ol>')


def _row(row: ReportRow, places: Places) -> str:
    line = row.line
    sheet = places.sheet(line.sheet)
    open_row = "" if row.result in GOOD else " data-not-done"
    known = f'data-result="{row.result.value}" data-account="{text(line.account_id)}"{open_row}'
    number = f'<p class="place">Row {line.row}{f"<br>{sheet}" if sheet else ""}</p>'
    result = f'<p class="word {TONES[row.result]}">{row.result.value}</p>'
    title = f'<p class="title">{foreign(line.title)}</p>' if line.title else ""
    about = "".join((title, _meta(row), _said(row), _problems(line), _changes(line)))
    return f'<li id="{places.anchor(line.sheet, line.row)}" {known}>{number}\n{result}\n<div>{about}</div></li>'


def _meta(row: ReportRow) -> str:
    facts = "".join(f"<span>{fact}</span> " for fact in _facts(row))
    return f'<p class="meta">{facts.rstrip()}</p>' if facts else ""


def _facts(row: ReportRow) -> Iterator[str]:
    line = row.line
    if line.account_id:
        yield f"account {foreign(line.account_id)}"
    if line.action is not None and line.action.value not in row.result.value:
        yield line.action.value
    if row.objective_id:
        yield f"objective {foreign(row.objective_id)}"
    if row.http_status is not None and row.result not in GOOD:
        yield f"HTTP {row.http_status}"
    if row.attempts > 1:
        yield counted(row.attempts, "attempt")


def _said(row: ReportRow) -> str:
    """The row's message; that of a faulty row only repeats its problems."""
    return f'<p class="said">{foreign(row.message)}</p>' if row.message and not row.line.faulty else ""


def _problems(line: Line) -> str:
    ordered = sorted(line.problems, key=lambda problem: problem.severity is not Severity.ERROR)
    items = "".join(f"<li>{described(problem)}</li>" for problem in ordered)
    return f'<ul class="faults">{items}</ul>' if items else ""


def _changes(line: Line) -> str:
    """Each field before and after; what is created has no before, and its title stands above already."""
    told = {name: change for name, change in line.changes.items() if change != (None, line.title)}
    items = "".join(_change(name, change) for name, change in told.items())
    new = " new" if all(before is None for before, _ in told.values()) else ""
    return f'<dl class="changes{new}">{items}</dl>' if items else ""


def _change(name: Field, change: Change) -> str:
    before, after = change
    parts = [] if before is None else [f"<del>{_value(name, before)}</del>"]
    parts += [] if after is None else [f"<ins>{_value(name, after)}</ins>"]
    becomes = ' <span aria-hidden="true">→</span><span class="unseen">becomes</span> '
    wide = ' class="wide"' if name is Field.DESCRIPTION else ""
    return f"<div{wide}><dt>{OF_FIELD[name].header}</dt><dd>{becomes.join(parts)}</dd></div>"


def _value(name: Field, value: Value) -> str:
    words = _words(name, value)
    if not words:
        return '<span class="empty">(empty)</span>'
    return f'<bdi class="long" tabindex="0">{text(words)}</bdi>' if len(words) > _LONG else foreign(words)


def _words(name: Field, value: Value) -> str:
    if isinstance(value, tuple):
        return "\n".join(value)
    return shown(written(value, Kind.DATE)) if OF_FIELD[name].kind is Kind.DATE else value
