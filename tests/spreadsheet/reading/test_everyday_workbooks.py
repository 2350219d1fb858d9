"""Workbooks as people keep them: merged cells, notes, totals, hidden and struck-out rows, lists beside the plan."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date

import openpyxl
import pytest
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from bulkobj.core.columns import meaning
from bulkobj.spreadsheet.reading.reader import ReadOptions, read_file
from bulkobj.spreadsheet.table import SourceFile, Stray, Table
from tests.spreadsheet.reading.reading_kit import FILES, MAIN, sheet, unzipped, xlsx, zipped

HEADERS = ("Account ID", "Title", "Status", "Owner", "Start Date")
ROWS = (
    ("a1", "One", "Done", "x@example.com", None),
    ("a2", "Two", None, None, None),
    ("a3", "Three", None, None, None),
)


def book(*fills: Callable[[Worksheet], object], top: int = 1, left: int = 1) -> bytes:
    """A workbook of one plan, with what else the functions put into it."""
    made, target = openpyxl.Workbook(), io.BytesIO()
    page = made.worksheets[0]
    page.title = "Plan"
    for number, row in enumerate((HEADERS, *ROWS), top):
        for column, value in enumerate(row, left):
            page.cell(number, column, value)
    for fill in fills:
        fill(page)
    made.save(target)
    return target.getvalue()


def read(data: bytes, *sheets: str) -> SourceFile:
    """Read it with all headers that the program knows."""
    return read_file("plan.xlsx", data, ReadOptions(sheets), meaning)


def table(data: bytes) -> Table:
    """The only table."""
    source = read(data)
    assert source.problems == ()
    return source.tables[0]


def put(**cells: str | float | date) -> Callable[[Worksheet], None]:
    """Fill in cells by their addresses."""

    def fill(page: Worksheet) -> None:
        for address, value in cells.items():
            page[address] = value

    return fill


def column(found: Table, header: str) -> list[object]:
    """The cells of a column."""
    place = found.headers.index(header)
    return [record.cells[place] for record in found.records]


def test_merged_cells_count_for_each_of_their_rows() -> None:
    """The first column of the range has the value; what a program left under the range is not seen."""
    found = table(
        book(
            put(E2=date(2027, 1, 11), D3="left over"),
            lambda page: (page.merge_cells("D2:D4"), page.merge_cells("E2:E3")),
        )
    )
    assert column(found, "Owner") == ["x@example.com"] * 3
    assert column(found, "Start Date") == [date(2027, 1, 11), date(2027, 1, 11), None]


def test_merged_cells_make_no_row_of_a_blank_one() -> None:
    """Nor do those of the header or above count below it."""
    found = table(
        book(
            put(A1="Plan of 2027", B9="Nine", A9="a9"),
            lambda page: [page.merge_cells(ref) for ref in ("A1:E1", "A3:A4", "D8:D9", "B9:B12")],
            top=3,
        )
    )
    assert found.header_number == 3
    assert [record.number for record in found.records] == [4, 5, 6, 9]
    assert found.records[0].cells[:2] == (None, "One")


def test_rows_that_cannot_be_seen_are_hidden() -> None:
    """Hidden ones, and those of less than one point."""

    def fill(page: Worksheet) -> None:
        page.row_dimensions[2].height = 0.5
        page.row_dimensions[3].hidden = True
        page.row_dimensions[4].height = 1

    assert [record.hidden for record in table(book(fill)).records] == [True, True, False]


def test_sheet_that_hides_rows_by_default() -> None:
    """Rows of their own height, or said to be visible, are seen."""
    rows = '<row r="2"{}><c r="A2"><v>1</v></c></row><row r="3" hidden="0"><c r="A3"><v>1</v></c></row>'
    data = sheet(rows.format("")).replace(
        "<sheetData>", '<sheetFormatPr defaultRowHeight="15" zeroHeight="1"/><sheetData>'
    )
    assert [record.hidden for record in table(xlsx(data)).records] == [True, False]
    seen = sheet(rows.format(' ht="15"')).replace("<sheetData>", '<sheetFormatPr zeroHeight="true"/><sheetData>')
    assert [record.hidden for record in table(xlsx(seen)).records] == [False, False]


def test_hidden_columns_of_the_table() -> None:
    """By their attribute or by a width of nothing; columns beside the table are of no interest."""

    def fill(page: Worksheet) -> None:
        page.column_dimensions["B"].hidden = True
        page.column_dimensions["D"].width = 0.01
        page.column_dimensions["G"].hidden = True

    assert table(book(fill)).hidden_columns == (1, 3)


def test_rows_that_are_struck_out() -> None:
    """All filled cells must be; text may be struck out piece by piece."""

    def fill(page: Worksheet) -> None:
        for address in ("A2", "B2", "C2", "D2", "A3"):
            page[address].font = Font(strike=True)

    assert [record.struck for record in table(book(fill)).records] == [True, False, False]
    struck = "<si><r><rPr><strike/></rPr><t>a</t></r></si><si><r><rPr><strike val='0'/></rPr><t>b</t></r></si>"
    body = "".join(f'<row r="{n + 2}"><c r="A{n + 2}" t="s"><v>{n}</v></c></row>' for n in range(2))
    data = xlsx(sheet(body), strings=f'<sst xmlns="{MAIN}">{struck}</sst>')
    assert [record.struck for record in table(data).records] == [True, False]


def test_notes_beside_the_table_are_outside_of_it() -> None:
    """At either side, also in rows of their own, under a heading of theirs, or below a blank header."""
    found = table(book(put(A3="!", H2="Legend", H3="red: late", I9="note"), left=2))
    assert found.headers == ("", *HEADERS)
    assert found.first_column == 1
    assert [record.number for record in found.records] == [2, 3, 4]
    assert found.outside == (
        Stray(2, 7, "Legend"),
        Stray(3, 0, "!"),
        Stray(3, 7, "red: late"),
        Stray(9, 8, "note"),
    )


def test_list_beside_the_plan_is_outside_of_it() -> None:
    """Its known header would be there twice; behind a blank column, only headers that are new belong to the table."""
    found = table(book(put(G1="Status", H1="Meaning", G2="Done", H2="finished")))
    assert found.headers == HEADERS
    assert [one.text for one in found.outside] == ["Status", "Meaning", "Done", "finished"]
    assert table(book(put(G1="Category", G2="Adoption"))).headers == (*HEADERS, "", "Category")
    assert table(book(put(G1="_row", H1="_result"))).headers == (*HEADERS, "", "_row", "_result")
    assert table(book(put(F2="x", G1="Status", G2="Done"))).headers == (*HEADERS, "", "Status")


def test_totals_and_remarks_below_are_a_footer() -> None:
    """Below the last row with an account, an id, a title or a template; rows above are rows, whatever they lack."""
    found = table(book(put(C5="Done", C7="3 of 4 done", A8="Total:", E8=4)))
    assert [record.number for record in found.records] == [2, 3, 4]
    assert [record.number for record in found.footer] == [5, 7, 8]
    assert found.last_number == 4
    assert [record.number for record in table(book(put(C5="Done", B6="Six"))).records] == [2, 3, 4, 5, 6]
    for company in (put(A5="Total Corp"), put(A5="Total", B5="A title")):
        assert table(book(company)).footer == ()


def test_footer_of_a_csv() -> None:
    """The same; without any account or title all rows count."""
    source = read_file("plan.csv", b"Account ID,Title,Status\na1,One,Done\n,,3 done\n", ReadOptions(), meaning)
    assert [record.number for record in source.tables[0].footer] == [3]
    source = read_file("plan.csv", b"Account ID,Title,Status\n,,Done\n", ReadOptions(), meaning)
    assert [record.number for record in source.tables[0].records] == [2]


def with_sheets(**sheets: tuple[tuple[object, ...], ...]) -> bytes:
    """A workbook of those sheets."""
    made, target = openpyxl.Workbook(), io.BytesIO()
    made.remove(made.worksheets[0])
    for name, rows in sheets.items():
        page = made.create_sheet(name)
        for row in rows:
            page.append(row)
    made.save(target)
    return target.getvalue()


PLAN = (HEADERS, *ROWS)


def test_lists_are_no_rivals_of_a_plan() -> None:
    """A list of statuses and owners is no plan, nor is one of accounts while there is a plan."""
    lists = (("Status", "Category", "Owner"), ("Done", "Adoption", "x"))
    accounts = (("Account ID", "Account Name", "CSM"), ("a1", "Acme", "x"))
    source = read(with_sheets(Lists=lists, Accounts=accounts, Plan=PLAN))
    assert [one.sheet for one in source.tables] == ["Plan"]
    assert [one.sheet for one in read(with_sheets(Lists=lists, Accounts=accounts)).tables] == ["Accounts"]


def test_two_plans_are_candidates() -> None:
    """A terminal can ask which one is meant."""
    source = read(with_sheets(First=PLAN, Lists=(("Status",), ("Done",)), Second=PLAN))
    assert [problem.code for problem in source.problems] == ["ambiguous-sheet"]
    assert source.candidates == ("First", "Second")
    assert [one.sheet for one in read(with_sheets(First=PLAN, Second=PLAN), "Second").tables] == ["Second"]


def test_ods_tells_the_same() -> None:
    """Merged cells, hidden columns and rows, struck-out rows, notes beside the table."""
    parts = unzipped((FILES / "plan.ods").read_bytes())
    styles = (
        '<style:style style:name="gone"><style:text-properties style:text-line-through-style="solid"/></style:style>'
        '<style:style style:name="low"><style:table-row-properties style:row-height="0.1mm"/></style:style>'
    )

    def cells(*texts: str, style: str = "") -> str:
        look = f' table:style-name="{style}"' if style else ""
        return "".join(
            f'<table:table-cell{look} office:value-type="string"><text:p>{text}</text:p></table:table-cell>' if text
            else "<table:table-cell/>" for text in texts
        )  # fmt: skip

    owner = cells("me").replace("<table:table-cell", '<table:table-cell table:number-rows-spanned="2"', 1)
    body = (
        '<table:table table:name="Plan"><table:table-column/><table:table-column table:visibility="collapse"/>'
        f"<table:table-row>{cells('Account ID', 'Title', 'Owner')}</table:table-row>"
        f"<table:table-row>{cells('a1', 'One')}{owner}</table:table-row>"
        f'<table:table-row table:style-name="low">{cells("a2", "Two", style="gone")}<table:covered-table-cell/>'
        f"{cells('', 'note', style='gone')}</table:table-row></table:table>"
    )
    content = parts["content.xml"].decode()
    before, _, rest = content.partition("<office:spreadsheet>")
    after = rest[rest.index("</office:spreadsheet>") :]
    automatic = f"<office:automatic-styles>{styles}</office:automatic-styles><office:body>"
    before = before.replace("<office:body>", automatic)
    parts["content.xml"] = f"{before}<office:spreadsheet>{body}{after}".encode()
    found = table(zipped(parts))
    assert [(record.number, record.cells, record.hidden, record.struck) for record in found.records] == [
        (2, ("a1", "One", "me"), False, False),
        (3, ("a2", "Two", "me"), True, True),
    ]
    assert found.hidden_columns == (1,)
    assert found.outside == (Stray(3, 4, "note"),)


@pytest.mark.parametrize("name", ["plan.xls", "plan.ods"])
def test_hidden_rows_of_other_formats(name: str) -> None:
    source = read_file(name, (FILES / name).read_bytes(), ReadOptions(), meaning)
    assert [record.hidden for record in source.tables[0].records] == [False, False, True]
