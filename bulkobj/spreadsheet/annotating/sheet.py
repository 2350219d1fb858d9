"""One worksheet of the admin's workbook, with the result columns, the marks and the notes put in."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from lxml import etree

from bulkobj.spreadsheet.annotating.free_space import Area, Sizes, keep_sizes, merged, obstacles
from bulkobj.spreadsheet.annotating.notes import Place, edit_notes, note_text
from bulkobj.spreadsheet.annotating.styles import Styles
from bulkobj.spreadsheet.ooxml.cell_xml import new_cell
from bulkobj.spreadsheet.ooxml.package_edit import Parts
from bulkobj.spreadsheet.ooxml.xml_tree import OFFICE, CannotAnnotateError, Element, M, local, unsound
from bulkobj.spreadsheet.table import Table, column_index, column_letters
from bulkobj.spreadsheet.writing.report_columns import WIDTH, earlier_report
from bulkobj.spreadsheet.writing.results import RESULT_HEADERS, Mark, ResultRow, column_at_fault, marks_of
from bulkobj.spreadsheet.writing.styles import RESULT_WIDTHS

#: Bytes of a sheet's XML.
MAX_BYTES = 100_000_000
_LAST_COLUMN = 16_384
_USUAL_WIDTH, _USUAL_HEIGHT = 8.43, 15.0
_ROWS_ABOVE, _SEEN_AT_ONCE = 3, 25
_LETTERS_IN_LINE = 60  # of the column _message
#: The sections of a worksheet in their order, as far as it matters here (ECMA-376 part 1, CT_Worksheet).
_SECTIONS = (
    "sheetPr dimension sheetViews sheetFormatPr cols sheetData sheetCalcPr sheetProtection protectedRanges scenarios "
    "autoFilter sortState dataConsolidate customSheetViews mergeCells phoneticPr conditionalFormatting dataValidations "
    "hyperlinks printOptions pageMargins pageSetup headerFooter rowBreaks colBreaks customProperties cellWatches "
    "ignoredErrors smartTags drawing legacyDrawing"
)


@dataclass(slots=True)
class AnnotatedSheet:
    """A sheet's part, its table, the results by row number, the workbook's styles and calendar."""

    parts: Parts
    part: str
    table: Table
    results: Mapping[int, ResultRow]
    styles: Styles
    from_1904: bool
    _root: Element = field(init=False)
    _rows: dict[int, Element] = field(init=False, default_factory=dict)
    _covered: dict[Place, Place] = field(init=False)
    _first: int = field(init=False)

    def annotate(self) -> None:
        """Put the changed sheet, and the parts of its notes, among the workbook's parts.

        Raises CannotAnnotateError where that can't be done soundly.
        """
        content = self.parts.read(self.part)
        if len(content) > MAX_BYTES:
            raise CannotAnnotateError("its sheet is so large that it would take too long")
        self._root = self.parts.xml(self.part)
        if self._root.tag != f"{M}worksheet":
            raise unsound(f"a {local(self._root)} in place of a worksheet")
        self._rows = dict(numbered(self._root.iterfind(f"{M}sheetData/{M}row")))
        if not {self.table.header_number, *(record.number for record in self.table.records)} <= self._rows.keys():
            raise CannotAnnotateError("rows of the workbook are not where they were when it was read")
        self._covered = dict(self._merged_cells())
        earlier = earlier_report(self.table.headers)
        self._first = self._free_column() if earlier is None else earlier
        if earlier is None:
            self._add_columns()
        marks = self._marks()
        self._edit_rows(marks)
        notes = {place: note_text(mark.message for mark in some) for place, some in marks.items()}
        drawing = edit_notes(self.parts, self.part, self._root, notes)
        if drawing is not None:
            _insert(self._root, etree.Element(f"{M}legacyDrawing", {f"{{{OFFICE}}}id": drawing}, nsmap={"r": OFFICE}))
        self.parts.put(self.part, self._root)

    def place_of(self, result: ResultRow) -> Place:
        """Return the row's first cell at fault."""
        first = self._first_cell(result.row)
        return self._anchor(result.row, column_at_fault(result, self.table.headers, first))

    def open_at(self, place: Place | None) -> None:
        """Make the workbook open on this sheet, at that cell."""
        root = self.parts.xml(self.part)
        view = root.find(f"{M}sheetViews/{M}sheetView")
        if view is None:
            views = etree.Element(f"{M}sheetViews")
            view = etree.SubElement(views, f"{M}sheetView", {"workbookViewId": "0"})
            _insert(root, views)
        view.set("tabSelected", "1")
        if place is not None:
            _scroll(view, *place)
        self.parts.put(self.part, root)

    def _first_cell(self, row: int) -> int:
        """Return the column of the row's first cell that isn't hidden behind a merged one of another row."""
        columns = range(self.table.first_column, len(self.table.headers))
        return next((column for column in columns if self._anchor(row, column) == (row, column)), columns.start)

    def _anchor(self, row: int, column: int) -> Place:
        """Return the cell that is seen there: of merged cells the first one."""
        return self._covered.get((row, column), (row, column))

    def _merged_cells(self) -> Iterator[tuple[Place, Place]]:
        """Yield each merged cell of the table with the first of those that it is merged with."""
        bottom = self.table.last_number
        for area in merged(self._root):
            for row in range(area.top, min(area.bottom, bottom) + 1):
                for column in range(area.left, min(area.right + 1, len(self.table.headers))):
                    yield (row, column), (area.top, area.left)

    def _marks(self) -> dict[Place, list[Mark]]:
        marks: dict[Place, list[Mark]] = {}
        for result in self.results.values():
            for mark in marks_of(result, self.table.headers, self._first_cell(result.row)):
                marks.setdefault(self._anchor(result.row, mark.column), []).append(mark)
        return marks

    def _free_column(self) -> int:
        """Return the first of eight free columns: beside the table if they are free over all its rows."""
        top, first = self.table.header_number, len(self.table.headers)
        bottom = self.table.last_number
        beside, widest = Area(top, first, bottom, first + WIDTH - 1), first
        is_free = True
        for number, row in self._rows.items():
            filled = [column for column, cell in placed(row) if len(cell)]
            widest = max([widest, *(column + 1 for column in filled)])
            if top <= number <= bottom and any(beside.left <= column <= beside.right for column in filled):
                is_free = False
        covered = list(obstacles(self.parts, self.part, self._root, self._sizes()))
        if is_free and not any(area.meets(beside) for area in covered):
            column = first
        else:
            column = max([widest, *(area.right + 1 for area in covered if area.bottom >= top)])
        if column + WIDTH > _LAST_COLUMN:
            raise CannotAnnotateError("there is no room for more columns at the right")
        return column

    def _sizes(self) -> Sizes:
        usual = self._root.find(f"{M}sheetFormatPr")
        said: Mapping[str, str] = {} if usual is None else dict(usual.attrib)
        widths = {}
        for one in self._root.iterfind(f"{M}cols/{M}col"):
            is_hidden = one.get("hidden") in ("1", "true")
            for column in range(int(one.attrib["min"]) - 1, min(int(one.attrib["max"]), _LAST_COLUMN)):
                widths[column] = 0.0 if is_hidden else float(one.get("width", _USUAL_WIDTH))
        heights = {number: float(row.attrib["ht"]) for number, row in self._rows.items() if "ht" in row.attrib}
        width = float(said.get("defaultColWidth", _USUAL_WIDTH))
        height = float(said.get("defaultRowHeight", _USUAL_HEIGHT)) or _USUAL_HEIGHT
        return Sizes(
            lambda column: _pixels(widths.get(column, width)), lambda row: round(heights.get(row, height) * 4 / 3)
        )

    def _add_columns(self) -> None:
        """Add the headers of our columns, in the look of the last header of the table, and their widths."""
        number = self.table.header_number
        row = self._rows[number]
        looks = {column: int(cell.get("s", "0")) for column, cell in placed(row)}
        style = self.styles.unmarked(looks.get(len(self.table.headers) - 1, 0))
        cells = enumerate(RESULT_HEADERS, self._first)
        fill_row(
            row, {column: new_cell(f"{column_letters(column)}{number}", header, style) for column, header in cells}
        )
        before = self._sizes()
        self._add_widths(dict(enumerate(RESULT_WIDTHS.values(), self._first)))
        for name in self.parts.related(self.part, "drawing"):
            drawing = self.parts.xml(name)
            if keep_sizes(drawing, before, self._sizes()):
                self.parts.put(name, drawing)
        dimension = self._root.find(f"{M}dimension")
        if dimension is not None:
            start, _, end = dimension.get("ref", "A1").partition(":")
            bottom = (end or start).lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
            right = max(column_index((end or start).removesuffix(bottom)), self._first + WIDTH - 1)
            dimension.set("ref", f"{start}:{column_letters(right)}{bottom}")

    def _add_widths(self, widths: Mapping[int, float]) -> None:
        """Give columns these widths; such a column is neither hidden nor styled."""
        section = self._root.find(f"{M}cols")
        if section is None:
            section = etree.Element(f"{M}cols")
            _insert(self._root, section)
        first, last = min(widths) + 1, max(widths) + 1
        kept: list[Element] = []
        for one in list(section):
            left, right = int(one.attrib["min"]), int(one.attrib["max"])
            section.remove(one)
            for start, stop in ((left, min(right, first - 1)), (max(left, last + 1), right)):
                if start <= stop:
                    piece = copy.copy(one)
                    piece.set("min", str(start))
                    piece.set("max", str(stop))
                    kept.append(piece)
        for column, width in widths.items():
            number = str(column + 1)
            attributes = {"min": number, "max": number, "width": str(width), "customWidth": "1"}
            kept.append(etree.Element(f"{M}col", attributes))
        section.extend(sorted(kept, key=lambda one: int(one.attrib["min"])))

    def _edit_rows(self, marks: Mapping[Place, Sequence[Mark]]) -> None:
        by_row: dict[int, dict[int, bool]] = {}
        for (number, column), some in marks.items():
            by_row.setdefault(number, {})[column] = any(mark.is_error for mark in some)
        for record in self.table.records:
            result = self.results.get(record.number)
            row = self._rows[record.number]
            cells = dict(self._result_cells(record.number, result))
            self._restyle(row, record.number, cells, by_row.get(record.number, {}))
            if result is not None and len(result.message) > _LETTERS_IN_LINE and row.get("customHeight") != "1":
                # LibreOffice draws wrapped text over the next row unless the height is given
                lines = sum(1 + len(line) // _LETTERS_IN_LINE for line in result.message.split("\n"))
                row.set("ht", f"{lines * _USUAL_HEIGHT:g}")
        others = by_row.keys() & self._rows.keys() - {record.number for record in self.table.records}
        for number in others:
            self._restyle(self._rows[number], number, {}, by_row[number])

    def _result_cells(self, number: int, result: ResultRow | None) -> Iterator[tuple[int, Element]]:
        """Yield our cells of one row; those of a row without a result are empty."""
        values = result.cells if result else (None,) * WIDTH
        for column, (header, value) in enumerate(zip(RESULT_HEADERS, values, strict=True), self._first):
            look = "wrap" if header == "_message" and value else "date" if isinstance(value, date) else ""
            if header == "_result" and result is not None:
                look = result.tone
            place = f"{column_letters(column)}{number}"
            yield column, new_cell(place, value, self.styles.look(look), from_1904=self.from_1904)

    def _restyle(self, row: Element, number: int, new: dict[int, Element], marks: Mapping[int, bool]) -> None:
        """Put in new cells and marks (True: an error); other cells lose the mark of an earlier report."""
        there = set()
        for column, cell in list(placed(row)):
            there.add(column)
            if column in new:
                if cell.find(f"{M}f") is not None:
                    raise CannotAnnotateError(
                        f"a result column of an earlier report holds a formula by now, in row {number}"
                    )
                row.remove(cell)
                continue
            own = int(cell.get("s", "0"))
            style = self.styles.unmarked(own)
            if column in marks:
                style = self.styles.marked(style, is_error=marks[column])
            if style != own:
                cell.set("s", str(style))
        for column in marks.keys() - there:
            style = self.styles.marked(self._blank_style(row, column), is_error=marks[column])
            new[column] = new_cell(f"{column_letters(column)}{number}", None, style)
        fill_row(row, new)

    def _blank_style(self, row: Element, column: int) -> int:
        """Return the style of a cell that isn't in the file: its row's, else its column's."""
        if "s" in row.attrib:
            return int(row.attrib["s"])
        columns = self._root.iterfind(f"{M}cols/{M}col")
        found = (one for one in columns if int(one.attrib["min"]) <= column + 1 <= int(one.attrib["max"]))
        return next((int(one.get("style", "0")) for one in found), 0)


def numbered(rows: Iterable[Element]) -> Iterator[tuple[int, Element]]:
    """Yield rows with their numbers; a row that doesn't say its number follows the one before."""
    number = 0
    for row in rows:
        number = int(row.get("r", number + 1))
        yield number, row


def placed(row: Element) -> Iterator[tuple[int, Element]]:
    """Yield the cells of a row with their columns; a cell that doesn't say its place follows the one before."""
    column = -1
    for cell in row.iterchildren(f"{M}c"):
        place = cell.get("r")
        column = column_index(place.rstrip("0123456789")) if place else column + 1
        yield column, cell


def fill_row(row: Element, new: Mapping[int, Element]) -> None:
    """Put new cells into a row, in the order of columns."""
    row.attrib.pop("spans", None)  # only a hint for speed, and wrong by now
    there = list(placed(row))
    for column in sorted(new, reverse=True):
        after = [cell for place, cell in there if place < column]
        row.insert(row.index(after[-1]) + 1 if after else 0, new[column])


def _insert(root: Element, section: Element) -> None:
    """Put a section where the schema of worksheets wants it."""
    before = _SECTIONS.split(f" {local(section)}", maxsplit=1)[0].split()
    places = [place for place, one in enumerate(root) if local(one) in before]
    root.insert(places[-1] + 1 if places else 0, section)


def _scroll(view: Element, row: int, column: int) -> None:
    """Scroll to a row, select its cell; frozen rows and columns stay."""
    pane = view.find(f"{M}pane")
    top = max(row - _ROWS_ABOVE, 1)
    active = None
    if pane is not None and pane.get("state", "").startswith("frozen"):
        across, down = (int(float(pane.get(name, "0"))) for name in ("xSplit", "ySplit"))
        active = pane.get("activePane", "topLeft")
        pane.set("topLeftCell", f"{column_letters(across)}{max(top, down + 1) if down else top}")
    elif pane is None:
        view.set("topLeftCell", f"A{top if row > _SEEN_AT_ONCE else 1}")
    place = f"{column_letters(column)}{row}"
    for old in view.findall(f"{M}selection"):
        if old.get("pane") == active:
            view.remove(old)
    chosen = {"pane": active} if active else {}
    new = etree.Element(f"{M}selection", chosen | {"activeCell": place, "sqref": place})
    last = view.findall(f"{M}pane") + view.findall(f"{M}selection")
    view.insert(view.index(last[-1]) + 1 if last else 0, new)


def _pixels(width: float) -> int:
    """Return the pixels of a width in characters, by Excel's own rule for its usual font."""
    return math.floor(width * 7 + 5) if width >= 1 else round(width * 12)
