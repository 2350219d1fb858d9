"""The sheet of an export that one looks at: counts, charts, a timeline, and what is overdue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from openpyxl.chart import BarChart, LineChart, Reference
from openpyxl.chart.label import DataLabelList
from openpyxl.worksheet.worksheet import Worksheet

from bulkobj.spreadsheet.table import Cell
from bulkobj.spreadsheet.writing.cells import exact_cell
from bulkobj.spreadsheet.writing.styles import Style, fit_page

#: A name with its number of objectives.
Count = tuple[str, int]

_WIDTHS = {"A": 42, "B": 12, "C": 14, "D": 16, "E": 32, "F": 34}
#: Columns at which charts begin, and their widths in cm; rows that a chart takes, and its height in cm.
_CHART_PLACES: tuple[tuple[str, float], ...] = (("A", 16.0), ("E", 12.5))
_CHART_ROWS, _CHART_HEIGHT, _FIRST_CHART_ROW, _WIDE_CHART = 15, 7.2, 5, 29.0
_COLOURS = {"By status": "1F3A5F", "By category": "2E7D6B", "By owner": "7A5C9E", "Overdue by owner": "B3261E"}


@dataclass(frozen=True, slots=True)
class Month:
    """A month such as ``2027-03``: the objectives that start in it, that end in it, and that are under way in it."""

    name: str
    starting: int
    ending: int
    under_way: int


@dataclass(frozen=True, slots=True)
class Overdue:
    """An objective that should have ended."""

    account: str
    title: str
    owner: str
    status: str
    end: date
    days: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The overview of an export's objectives; counts are ordered, the largest first."""

    tenant: str
    today: date
    accounts: int
    objectives: int
    by_status: tuple[Count, ...] = ()
    by_category: tuple[Count, ...] = ()
    by_owner: tuple[Count, ...] = ()
    overdue_by_owner: tuple[Count, ...] = ()
    months: tuple[Month, ...] = ()
    overdue: tuple[Overdue, ...] = ()


def write_overview(sheet: Worksheet, overview: Overview) -> None:
    """Fill in a write-only sheet: the charts on top, below them the tables that they show, and what is overdue."""
    for letter, width in _WIDTHS.items():
        sheet.column_dimensions[letter].width = width
    sheet.sheet_view.showGridLines = False
    fit_page(sheet)
    tables = [
        ("By status", overview.by_status),
        ("By category", overview.by_category),
        ("By owner", overview.by_owner),
        ("Overdue by owner", overview.overdue_by_owner),
    ]
    writer = _Writer(sheet)
    writer.line("Overview of objectives", style=Style.TITLE)
    accounts, objectives, overdue = overview.accounts, overview.objectives, len(overview.overdue)
    writer.line(f"{objectives:,} objectives of {accounts:,} accounts in {overview.tenant} on {overview.today:%Y-%m-%d}")
    writer.line(f"{overdue:,} overdue: an End Date before that day, and a status that is not closed")
    charts = sum(bool(counts) for _, counts in tables)
    writer.leave_room(((charts + 1) // 2 + bool(overview.months)) * _CHART_ROWS)
    for heading, counts in tables:
        writer.counts(heading, counts)
    writer.months(overview.months)
    writer.overdue(overview.overdue)


class _Writer:
    """Appends rows to the sheet, and places charts in the room above them, two in a row."""

    def __init__(self, sheet: Worksheet) -> None:
        self._sheet, self._row, self._charts = sheet, 0, 0

    def line(self, *cells: Cell, style: Style = Style.TEXT) -> None:
        """Append a row; numbers and dates have their formats."""
        made = [exact_cell(self._sheet, cell, style) for cell in cells]
        for cell, value in zip(made, cells, strict=True):
            if isinstance(value, int):
                cell.value = value
                cell.style = Style.NUMBER.value
        self._sheet.append(made)
        self._row += 1

    def leave_room(self, rows: int) -> None:
        """Append blank rows for the charts."""
        for _ in range(rows):
            self.line()

    def counts(self, heading: str, counts: Sequence[Count]) -> None:
        """Append a table of names and numbers, and place a bar chart of it."""
        if not counts:
            return
        self.line()
        self.line(heading, "Objectives", style=Style.HEADER)
        first = self._row
        for name, number in counts:
            self.line(name, number)
        chart = BarChart()
        chart.type, chart.gapWidth, chart.legend = "bar", 40, None
        chart.y_axis.delete, chart.y_axis.majorGridlines = True, None
        chart.x_axis.scaling.orientation = "maxMin"  # the first row of the table on top
        self._fill(chart, heading, first, columns=1)
        chart.series[0].graphicalProperties.solidFill = _COLOURS[heading]
        chart.dataLabels = DataLabelList(showVal=True, showSerName=False, showCatName=False, showLegendKey=False)
        self._place(chart, *_CHART_PLACES[self._charts % 2])

    def months(self, months: Sequence[Month]) -> None:
        """Append the timeline, and place a chart of it."""
        if not months:
            return
        self.line()
        self.line("Timeline", "Starting", "Ending", "Under way", style=Style.HEADER)
        first = self._row
        for month in months:
            self.line(month.name, month.starting, month.ending, month.under_way)
        chart = BarChart()
        chart.type, chart.gapWidth, chart.legend.position = "col", 60, "b"
        chart.y_axis.delete = False
        self._fill(chart, "Timeline by month", first, columns=2)
        line = LineChart()
        line.add_data(self._reference(first, first + len(months), 4), titles_from_data=True)
        line.series[0].smooth = False
        chart += line
        self._charts += self._charts % 2  # a row of its own
        self._place(chart, "A", _WIDE_CHART)

    def _fill(self, chart: BarChart, title: str, first: int, columns: int) -> None:
        """Give the chart its numbers: the columns from B, with the names in A."""
        chart.title = title
        chart.x_axis.delete = False
        for column in range(2, 2 + columns):
            chart.add_data(self._reference(first, self._row, column), titles_from_data=True)
        chart.set_categories(self._reference(first + 1, self._row, 1))

    def _reference(self, first: int, last: int, column: int) -> Reference:
        return Reference(self._sheet, min_col=column, min_row=first, max_row=last)

    def _place(self, chart: BarChart, column: str, width: float) -> None:
        chart.width, chart.height = width, _CHART_HEIGHT  # type: ignore[assignment] # cm; the stubs have whole ones
        self._sheet.add_chart(chart, f"{column}{_FIRST_CHART_ROW + self._charts // 2 * _CHART_ROWS}")
        self._charts += 1

    def overdue(self, overdue: Sequence[Overdue]) -> None:
        """Append what is overdue, the longest first; its headers are none that an import reads."""
        if not overdue:
            return
        self.line()
        headers = ("Overdue", "Days late", "Was to end", "State now", "In charge of it", "On account")
        self.line(*headers, style=Style.HEADER)
        for one in overdue:
            self.line(one.title, one.days, one.end, one.status, one.owner, one.account)
