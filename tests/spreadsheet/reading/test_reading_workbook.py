"""Workbooks: what each kind of cell becomes, row numbers, hidden rows, formulas and errors."""

from __future__ import annotations

import io
from datetime import date, datetime, time

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkobj.spreadsheet.reading.values import visible
from bulkobj.spreadsheet.table import BadCell, Cell, Formatted, Stray, plain, shown
from tests.spreadsheet.reading.reading_kit import MAIN, problem, read, rows, sheet, table, xlsx

STRINGS = (
    f'<sst xmlns="{MAIN}"><si><t xml:space="preserve"> a </t></si>'
    '<si><r><t xml:space="preserve">rich </t></r><r><t>text</t></r>'
    '<rPh sb="0" eb="1"><t>spoken</t></rPh></si><si><t>1 &lt; 2 &amp;\n3</t></si><si/></sst>'
)


def cells(*contents: str, settings: str = "") -> tuple[Cell, ...]:
    """The cells of row 2 with those contents of ``<c>`` elements."""
    row = "".join(f'<c r="{letter}2"{content}</c>' for letter, content in zip("ABCDEFGH", contents, strict=False))
    header = "".join(f'<c r="{letter}1" t="str"><v>{letter}</v></c>' for letter in "ABCDEFGH"[: len(contents)])
    data = xlsx(sheet(f'<row r="2">{row}</row>', f'<row r="1">{header}</row>'), strings=STRINGS, settings=settings)
    return rows(read(data, "plan.xlsx"))[2]


def test_texts_come_as_they_stand() -> None:
    """Shared, rich, of the cell's own, a formula's result; what looks blank is blank."""
    assert cells(
        *(' t="s"><v>0</v>', ' t="s"><v>1</v>', ' t="s"><v>2</v>', ' t="s"><v>3</v>'),
        *(' t="inlineStr"><is><t>own</t></is>', ' t="str"><f>A1</f><v>result</v>', ' t="str"><v>\u00a0\u200b</v>'),
    ) == (" a ", "rich text", "1 < 2 &\n3", None, "own", "result", None)


def test_whole_numbers_are_whole_and_large_ones_are_left_alone() -> None:
    """From 1e15 on a later stage can tell that digits are lost."""
    found = cells(
        "><v>42</v>", "><v>42.0</v>", "><v>4.5</v>", "><v>-7E+2</v>", "><v>1E+15</v>", "><v>999999999999999</v>"
    )
    assert found == (42, 42, 4.5, -700, 1e15, 999_999_999_999_999)
    assert [type(cell) for cell in found] == [int, int, float, int, float, int]


def test_dates_are_what_the_person_sees() -> None:
    """Date, date and time, time of day, elapsed time; no dust of floating-point numbers."""
    found = cells(
        *(' s="1"><v>45330</v>', ' s="2"><v>45330.84027777778</v>', ' s="3"><v>0.5208333333333334</v>'),
        *(' s="4"><v>3.25</v>', ' s="2"><v>45330.000000001</v>', ' s="2"><v>45329.999999999</v>'),
        ' s="2"><v>45330.84028935185</v>',
    )
    assert tuple(map(plain, found)) == (
        *(date(2024, 2, 8), datetime(2024, 2, 8, 20, 10), time(12, 30)),  # noqa: DTZ001 - a sheet's own time
        *(3.25, date(2024, 2, 8), date(2024, 2, 8)),
        datetime(2024, 2, 8, 20, 10, 1),  # noqa: DTZ001 - as above
    )
    assert shown(found[3]) == "78:00"


def test_dates_may_be_counted_from_1904() -> None:
    """The workbook says so, in one of two ways."""
    for setting in ('date1904="1"', 'date1904="true"'):
        (found,) = cells(' s="1"><v>43868</v>', settings=setting)
        assert plain(found) == date(2024, 2, 8)


def test_dates_may_be_written_out() -> None:
    """Strict Open XML does."""
    assert cells(' t="d"><v>2024-02-08</v>', ' t="d"><v>2024-02-08T20:10:00</v>') == (
        date(2024, 2, 8),
        datetime(2024, 2, 8, 20, 10),  # noqa: DTZ001 - a sheet's own time
    )


def test_booleans_are_booleans() -> None:
    """Not the numbers that stand in the file."""
    assert cells(' t="b"><v>1</v>', ' t="b"><v>0</v>') == (True, False)


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!", "#SPILL!", "#NEWER!"])
def test_errors_are_bad_cells(error: str) -> None:
    """Those too that the workbook reader has never heard of; a text that looks like their markup stays."""
    assert cells(f' t="e"><v>{error}</v>', f' t="e"><f>X()</f><v>{error}</v>', ' t="str"><v>say t="e" twice</v>') == (
        BadCell("bad-cell", error),
        BadCell("bad-cell", error),
        'say t="e" twice',
    )


def test_a_formula_without_a_result_is_told_from_an_empty_result() -> None:
    """Programs that don't calculate leave out the value, or leave it empty; Excel writes an empty text."""
    assert cells(
        *("><f>B1&amp;1</f>", "><f>1+1</f><v></v>", "><f>1+1</f><v/>", "><f>1+1</f><v />"),
        *(' t="str"><f>IF(1,"")</f><v></v>', "><f>1+1</f><v>2</v>", '><f t="shared" si="0"/>'),
    ) == (
        *(BadCell("uncalculated-formula", "=B1&1"), *[BadCell("uncalculated-formula", "=1+1")] * 3),
        *(None, 2, BadCell("uncalculated-formula", "=")),
    )


def test_filled_cells_beside_the_table_are_outside_of_it() -> None:
    """Also bad ones, and those in rows without anything else; they make no row."""
    body = '<row r="2"><c r="A2"><v>1</v></c></row><row r="4"><c r="C4"><f>1</f></c></row>'
    found = table(read(xlsx(sheet(body))))
    assert [(record.number, record.cells, record.beyond) for record in found.records] == [(2, (1, None), ())]
    assert found.outside == (Stray(4, 2, "=1"),)


def test_rows_and_columns_keep_their_places() -> None:
    """A table that begins at C5 has its columns from A on and its rows from 1 on."""
    header = '<row r="5"><c r="C5" t="str"><v>Account ID</v></c><c r="E5" t="str"><v>Title</v></c></row>'
    found = table(read(xlsx(sheet('<row r="9"><c r="C9"><v>1</v></c><c r="E9"><v>2</v></c></row>', header))))
    assert (found.sheet, found.header_number, found.headers) == ("Plan", 5, ("", "", "Account ID", "", "Title"))
    assert [(record.number, record.cells) for record in found.records] == [(9, (None, None, 1, None, 2))]


@pytest.mark.parametrize(
    "row",
    [
        '<row r="3" spans="1:2" hidden="1"><c r="A3"><v>1</v></c></row>',
        '<row r="3" hidden="true"><c r="A3"><v>1</v></c></row>',
        "<row r='3' hidden='1'><c r='A3'><v>1</v></c></row>",
        """<row r="3" hidden = '1'><c r="A3"><v>1</v></c></row>""",
        "<row r='3' hidden='true'><c r='A3'><v>1</v></c></row>",
        '<row hidden="1"><c><v>1</v></c></row>',
        '<x:row xmlns:x="u" r="3" hidden="1"><x:c r="A3"><x:v>1</x:v></x:c></x:row>',
        '<row r="3" hidden="1"><c r="A3"><!-- one --><v>1</v></c></row>',
    ],
)
def test_hidden_rows_are_told(row: str) -> None:
    """However the XML is written."""
    body = f'<row r="2" hidden="0"><c r="A2"><v>1</v></c></row>{row}<row r="4"><c r="A4"><v>1</v></c></row>'
    records = table(read(xlsx(sheet(body)))).records
    assert [(record.number, record.hidden) for record in records] == [(2, False), (3, True), (4, False)]


def test_cells_without_a_reference_follow_the_one_before() -> None:
    """Some programs leave all references out; some rows may have them."""
    body = (
        '<row><c><v>1</v></c><c/></row><row r="5"><c r="B5"><v>2</v></c><c><f>X</f></c></row>'
        '<row hidden="1"><c><v>3</v></c></row><row r="7"><c r="A7"><v>4</v></c></row>'
    )
    records = table(read(xlsx(sheet(body)))).records
    assert [(record.number, record.cells, record.hidden) for record in records] == [
        (2, (1, None), False),
        (5, (None, 2), False),
        (6, (3, None), True),
        (7, (4, None), False),
    ]


def test_the_header_is_found_below_title_rows() -> None:
    """The row with most known headers is it, the earliest of several; what isn't a text has none."""
    header = (
        '<row r="1"><c r="A1" t="str"><v>Title</v></c></row>'
        '<row r="3"><c r="A3" t="str"><v>Account ID</v></c><c r="B3" t="str"><v> title </v></c>'
        '<c r="C3"><v>2024</v></c></row>'
        '<row r="4"><c r="A4" t="str"><v>Status</v></c><c r="B4" t="str"><v>Title</v></c></row>'
    )
    found = table(read(xlsx(sheet("", header))))
    assert (found.header_number, found.headers) == (3, ("Account ID", " title ", "2024"))


def test_headers_beginning_with_an_underscore_are_never_known() -> None:
    """A report's own columns don't make a row the header."""
    source = read("_action,_title,_status\nAccount ID,Title,x\na,b,c\n")
    assert table(source).header_number == 2


def test_the_first_row_is_the_header_where_none_is_known() -> None:
    """The first that isn't blank; only the first thirty are looked at."""
    assert table(read("\nx,y\n1,2\n")).header_number == 2
    assert table(read("x,y\n" + "1,2\n" * 29 + "Account ID,Title\n")).header_number == 1
    assert table(read("x,y\n" + "1,2\n\n" * 28 + "Account ID,Title\n1,2\n")).header_number == 58


def test_a_header_alone_is_empty() -> None:
    """As in a CSV file."""
    assert problem(read(xlsx(sheet("")))).code == "empty-file"
    assert problem(read(xlsx(sheet("", "")))).code == "empty-file"


values = st.one_of(
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="_'=#"), max_size=20
    ),
    st.integers(-(10**14), 10**14),
    st.floats(-1e9, 1e9).map(lambda number: round(number, 3)),
    st.booleans(),
    st.dates(date(1901, 1, 1), date(2200, 1, 1)),
    st.datetimes(datetime(1901, 1, 1), datetime(2200, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),  # noqa: DTZ001 - a sheet's own
)


def expected(value: str | float | bool | date) -> Cell:  # noqa: FBT001 - a cell's value
    """What a written value is read as."""
    if isinstance(value, datetime) and value.time() == time():
        return value.date()
    if isinstance(value, str):
        return value if visible(value) else None
    return int(value) if isinstance(value, float) and value.is_integer() else value


@settings(max_examples=15)
@given(st.lists(st.tuples(values, values), min_size=1, max_size=5))
def test_what_xlsxwriter_and_openpyxl_write_is_read_back(written: list[tuple[str, str]]) -> None:
    """Two libraries, two ways to write the same cells."""
    wanted = dict(enumerate((tuple(map(expected, row)) for row in written), 2))
    wanted = {number: row for number, row in wanted.items() if row != (None, None)}
    for data in (with_xlsxwriter(written), with_openpyxl(written)):
        source = read(data, "plan.xlsx")
        found = {number: tuple(map(plain, cells)) for number, cells in rows(source).items()} if wanted else {}
        assert found == wanted


DATED: dict[type, str] = {datetime: "yyyy-mm-dd hh:mm:ss", date: "yyyy-mm-dd"}


def with_xlsxwriter(written: list[tuple[str, str]]) -> bytes:
    """A workbook of those rows."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["Account ID", "Title"])
        for number, row in enumerate(written, 1):
            for column, value in enumerate(row):
                dated = DATED.get(type(value))
                page.write(number, column, value, book.add_format({"num_format": dated}) if dated else None)
    return target.getvalue()


def with_openpyxl(written: list[tuple[str, str]]) -> bytes:
    """The same by the other library."""
    book, target = openpyxl.Workbook(write_only=True), io.BytesIO()
    page = book.create_sheet("Plan")
    for row in [("Account ID", "Title"), *written]:
        page.append(row)
    book.save(target)
    return target.getvalue()


@pytest.mark.parametrize(
    ("code", "number", "seen"),
    [
        ("000000", "7310", "007310"),
        ("000000", "7310.0", "007310"),
        ("000000", "12345678", "12345678"),
        ('"ACME-"0000', "42", "ACME-0042"),
        ("0.00", "5", "5.00"),
        ("General", "5", "5"),
        ("0000.", "5", None),
    ],
)
def test_an_id_is_what_its_number_format_shows(code: str, number: str, seen: str | None) -> None:
    """Nobody who filled in the sheet has ever seen the bare number."""
    escaped = code.replace('"', "&quot;")
    styles = (
        f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="170" formatCode="{escaped}"/></numFmts>'
        '<cellStyleXfs><xf numFmtId="170"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs>'
        "</styleSheet>"
    )
    body = f'<row r="2"><c r="A2" s="1"><v>{number}</v></c><c r="B2" s="0"><v>{number}</v></c></row>'
    first, second = rows(read(xlsx(sheet(body), styles=styles), "plan.xlsx"))[2]
    assert (first.text if isinstance(first, Formatted) else shown(first)) == seen
    assert second == float(number)
