"""One worksheet of the admin's workbook, with the result columns, the colours and the notes put in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from bulkobj.spreadsheet.annotating.columns import Columns, columns_of, columns_xml
from bulkobj.spreadsheet.annotating.free_space import free_column
from bulkobj.spreadsheet.annotating.layout import SheetPlaces, places
from bulkobj.spreadsheet.annotating.note_boxes import Place, edit_shapes
from bulkobj.spreadsheet.annotating.notes import edit_notes, note_text
from bulkobj.spreadsheet.annotating.rows import RowEditor, row_places
from bulkobj.spreadsheet.annotating.styles import Styles
from bulkobj.spreadsheet.ooxml.cell_xml import cell_xml, column_letters
from bulkobj.spreadsheet.ooxml.package_edit import OFFICE, Parts
from bulkobj.spreadsheet.ooxml.xml_edit import CannotAnnotateError, Splices
from bulkobj.spreadsheet.table import Cell, Table
from bulkobj.spreadsheet.writing.report_columns import WIDTH, earlier_report
from bulkobj.spreadsheet.writing.results import RESULT_HEADERS, CellNote, ResultRow

_WIDTHS = dict(zip(RESULT_HEADERS, (7, 13, 15, 38, 60, 13, 11, 21), strict=True))
_RESULT = RESULT_HEADERS.index("_result")
#: Bytes of a sheet's XML; sixty thousand rows of a plan come to about half of them.
MAX_BYTES = 100_000_000
_LAST_COLUMN = 16_384
#: The sections that stand before ``legacyDrawing`` (ECMA-376 part 1, 18.3.1.99, CT_Worksheet).
_BEFORE_NOTES = (
    "sheetPr dimension sheetViews sheetFormatPr cols sheetData sheetCalcPr sheetProtection protectedRanges scenarios "
    "autoFilter sortState dataConsolidate customSheetViews mergeCells phoneticPr conditionalFormatting dataValidations "
    "hyperlinks printOptions pageMargins pageSetup headerFooter rowBreaks colBreaks customProperties cellWatches "
    "ignoredErrors smartTags drawing"
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
    _sheet: SheetPlaces = field(init=False)
    _columns: Columns = field(init=False)
    _changes: Splices = field(init=False)

    def annotate(self) -> None:
        """Put the changed sheet, and the parts of its notes, among the workbook's parts.

        Raises CannotAnnotateError where that can't be done soundly.
        """
        content = self.parts.read_xml(self.part)
        if len(content) > MAX_BYTES:
            raise CannotAnnotateError("its sheet is so large that it would take too long")
        numbers = {self.table.header_number, *(record.number for record in self.table.records)}
        self._sheet, self._changes = places(content, numbers), Splices(content)
        self._columns = columns_of(self._sheet)
        if not numbers <= self._sheet.rows.keys():
            raise CannotAnnotateError("rows of the workbook are not where they were when it was read")
        first = earlier_report(self.table.headers)
        if first is None:
            first = free_column(self._sheet, self._drawing(), self.table.header_number)
            if first + WIDTH > _LAST_COLUMN:
                raise CannotAnnotateError("there is no room for more columns at the right")
            self._add_columns(first)
        self._edit_rows(first)
        self._edit_notes()
        self.parts.put(self.part, self._changes.done())

    def _edit_rows(self, first: int) -> None:
        editor = RowEditor(self.styles, self._sheet.prefix, self._columns.styles)
        for record in self.table.records:
            result = self.results.get(record.number)
            marks = dict(self._marks(result)) if result else {}
            cells = dict(enumerate(self._cells(record.number, first, result), first))
            start, end = self._sheet.rows[record.number]
            row = self._sheet.content[start:end]
            self._changes.replace(start, end, editor.edit(row, record.number, cells, marks))

    def _cells(self, number: int, first: int, result: ResultRow | None) -> Iterator[str]:
        """Our cells of one row, as XML; a row without a result has empty ones."""
        values = result.cells if result else (None,) * WIDTH
        for offset, value in enumerate(values):
            style = self._style_of(offset, value, result)
            place = f"{column_letters(first + offset)}{number}"
            yield cell_xml(place, value, style, self._sheet.prefix, from_1904=self.from_1904)

    def _style_of(self, offset: int, value: Cell, result: ResultRow | None) -> int:
        if offset == _RESULT and result is not None:
            return self.styles.tone(result.tone)
        return self.styles.date_time() if isinstance(value, date) else 0

    def _noted(self, result: ResultRow) -> Iterator[tuple[int, CellNote]]:
        """The notes of a row with the columns that they are on."""
        for note in result.notes:
            if note.header in self.table.headers:
                yield self.table.headers.index(note.header), note

    def _marks(self, result: ResultRow) -> list[tuple[int, bool]]:
        """The columns of bad cells, and whether they hold an error; an error has the last word on a cell."""
        return sorted((column, note.is_error) for column, note in self._noted(result))

    def _drawing(self) -> bytes | None:
        """The part that says where charts and pictures stand."""
        name = self.parts.related(self.part, "drawing")
        return self.parts.read(name) if name else None

    def _add_columns(self, first: int) -> None:
        """The headers of our columns, in the look of the header beside them, and their widths."""
        number = self.table.header_number
        start, end = self._sheet.rows[number]
        row = self._sheet.content[start:end]
        looks = {cell.column: cell.style for cell in row_places(row).cells}
        style = self.styles.unmarked(looks.get(len(self.table.headers) - 1, 0))
        prefix = self._sheet.prefix
        cells = {
            column: cell_xml(f"{column_letters(column)}{number}", header, style, prefix)
            for column, header in enumerate(RESULT_HEADERS, first)
        }
        editor = RowEditor(self.styles, prefix, {})
        self._changes.replace(start, end, editor.edit(row, number, cells, {}))
        self._add_widths(dict(enumerate(_WIDTHS.values(), first)))
        self._widen_dimension(first + WIDTH)

    def _add_widths(self, widths: Mapping[int, float]) -> None:
        section, data = self._sheet.section("cols"), self._sheet.section("sheetData")
        new = columns_xml(self._columns, widths, self._sheet.prefix)
        self._columns = self._columns.with_widths(widths)
        if section is not None:
            self._changes.replace(section.start, section.end, new)
        elif data is not None:
            self._changes.insert(data.start, new)

    def _widen_dimension(self, columns: int) -> None:
        section = self._sheet.section("dimension")
        if section is not None:
            start, _, end = section.attributes.get("ref", "A1").partition(":")
            digits = (end or start).lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
            self._changes.set_attributes(section, ref=f"{start}:{column_letters(columns - 1)}{digits}")

    def _edit_notes(self) -> None:
        """Our notes in place of those of an earlier report, and the shapes that they appear in."""
        ours = self._our_notes()
        comments = self.parts.related(self.part, "comments")
        if not ours and comments is None:
            return
        edited = edit_notes(self.parts.read_xml(comments) if comments else None, ours)
        if comments is None:
            comments = self.parts.free_name("xl/comments{}.xml")
            self.parts.relate(self.part, "comments", comments)
            kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
            self.parts.declare(kind, part=comments)
        self.parts.put(comments, edited.content)
        drawing = self._notes_drawing()
        if drawing or edited.texts:
            old = self.parts.read(drawing) if drawing else None
            new = edit_shapes(old, edited.gone, edited.texts, self._columns)
            self.parts.put(drawing or self._new_notes_drawing(), new)

    def _our_notes(self) -> dict[Place, str]:
        messages: dict[Place, list[str]] = {}
        for result in self.results.values():
            for column, note in self._noted(result):
                messages.setdefault((result.row - 1, column), []).append(note.message)
        return {place: note_text(texts) for place, texts in messages.items()}

    def _notes_drawing(self) -> str | None:
        """The part that holds the shapes of the sheet's notes."""
        section = self._sheet.section("legacyDrawing")
        if section is None:
            return None
        wanted = next((value for key, value in section.attributes.items() if key.rpartition(":")[2] == "id"), None)
        return {one.id: one.target for one in self.parts.relationships(self.part)}[wanted or ""]

    def _new_notes_drawing(self) -> str:
        name = self.parts.free_name("xl/drawings/vmlDrawing{}.vml")
        self.parts.declare("application/vnd.openxmlformats-officedocument.vmlDrawing", extension="vml")
        new_id = self.parts.relate(self.part, "vmlDrawing", name)
        at = max(section.end for section in self._sheet.sections if section.name in _BEFORE_NOTES.split())
        tag = f'<{self._sheet.prefix}legacyDrawing xmlns:r="{OFFICE}" r:id="{new_id}"/>'
        self._changes.insert(at, tag.encode())
        return name
