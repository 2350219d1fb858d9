"""CSV files: delimiters, line ends, quoting, row numbers."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkobj.core.errors import UsageError
from bulkobj.spreadsheet import limits
from bulkobj.spreadsheet.formula_guard import unguard
from bulkobj.spreadsheet.limits import MAX_TEXT
from bulkobj.spreadsheet.reading.csv import parser as delimited
from bulkobj.spreadsheet.reading.values import visible
from bulkobj.spreadsheet.table import BadCell
from tests.spreadsheet.reading.reading_kit import problem, read, rows, table


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiter_and_line_ends_are_found(delimiter: str, end: str) -> None:
    """Each usual delimiter with each kind of line end."""
    text = f"Account ID{delimiter}Title{delimiter}Note{end}a{delimiter}b, c; d | e\tf"
    if delimiter != "\t":
        text = text.replace("\te", "")
    source = read(text.replace("b, c; d | e\tf", "b"))
    assert source.delimiter == delimiter
    assert rows(source) == {2: ("a", "b", None)}


def test_line_ends_may_be_mixed_and_stand_in_quotes() -> None:
    """A quoted line break belongs to its cell, whichever kind it is."""
    assert rows(read('Account ID,Title\r\na,b\rc,"d\r\ne\rf\ng"\nh,i')) == {
        2: ("a", "b"),
        3: ("c", "d\r\ne\rf\ng"),
        4: ("h", "i"),
    }


def test_the_delimiter_with_most_known_headers_wins() -> None:
    """Commas in the cells don't make a semicolon file a comma file."""
    source = read("a,b,c,d,e\nAccount ID;Title\nx,y,z;1,5\n")
    assert source.delimiter == ";"
    assert rows(source) == {3: ("x,y,z", "1,5")}


def test_without_known_headers_the_columns_decide() -> None:
    """The delimiter that divides every row is the right one."""
    assert read("one;two;three\n1,5;2;3\n").delimiter == ";"
    assert read("one\nx\n").delimiter == ","


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"'])
def test_a_sep_line_declares_the_delimiter_and_is_no_row(line: str) -> None:
    """Excel doesn't show that line: what stands below it is row 1."""
    source = read(f"{line}\r\nAccount ID;Title\r\na,x;b\r\n")
    assert table(source).header_number == 1
    assert rows(source) == {2: ("a,x", "b")}
    assert table(read(f"{line}\r\none;two\r\na;b\r\n")).header_number == 1


def test_a_given_delimiter_wins() -> None:
    """Also over a ``sep=`` line; a tab may be written as it is typed."""
    assert rows(read("sep=;\nAccount ID~Title\na~b", delimiter="~")) == {2: ("a", "b")}
    assert read("Account ID\tTitle\na\tb", delimiter="\\t").delimiter == "\t"


@pytest.mark.parametrize("delimiter", ["", ";;", "tab", '"', "\n"])
def test_what_cannot_be_a_delimiter_is_refused(delimiter: str) -> None:
    """An option's mistake is not the file's."""
    with pytest.raises(UsageError, match="--delimiter"):
        read("Account ID,Title\na,b", delimiter=delimiter)


def test_row_numbers_are_those_of_the_spreadsheet_program() -> None:
    """Header and blank rows count, a cell of several lines is one row."""
    source = read('My plan\n\nAccount ID,Title\n\na,"1\n2\n3"\n,\nb,x\n')
    assert table(source).header_number == 3
    assert list(rows(source)) == [5, 7]


def test_blank_looking_cells_are_blank_and_texts_stay_as_they_are() -> None:
    """Nothing is trimmed here; what can't be seen is nothing."""
    assert rows(read("Account ID,Title,Status\n a\u00a0,\u00a0\u202f\ufeff\u200b \t,x\u200b\n")) == {
        2: (" a\u00a0", None, "x\u200b")
    }


def test_too_many_cells_are_counted_and_too_few_are_blank() -> None:
    """Only cells with content beyond the last header count; trailing empty headers are none."""
    records = table(read("Account ID,,Title,,\na,b,c,,\na\na,b,c,d,,e\n")).records
    assert table(read("Account ID,,Title,,\na\n")).headers == ("Account ID", "", "Title")
    assert [(record.cells, record.extra) for record in records] == [
        (("a", "b", "c"), 0),
        (("a", None, None), 0),
        (("a", "b", "c"), 2),
    ]


def test_guards_are_taken_off_and_errors_recognised() -> None:
    """Also in headers; an apostrophe that guards nothing stays."""
    source = read("Account ID,Title,'=odd\n'=1+1,#N/A,'x\n#N/A!,'-5,#DIV/0!\n")
    assert table(source).headers == ("Account ID", "Title", "=odd")
    assert rows(source) == {
        2: ("=1+1", BadCell("bad-cell", "#N/A"), "'x"),
        3: ("#N/A!", "'-5", BadCell("bad-cell", "#DIV/0!")),
    }


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('Account ID,Title\na,"b\nc,d\ne,f\n', 2),  # never closed
        ('Account ID,Title\n"x\ny",1\n\nc,"d\ne,"f",g\n', 4),  # closed by the opening of another
        ('Account ID,Title\na,"b" c\n', 2),  # text after the end
        ('"Account ID,Title\na,b\n', 1),
    ],
)
def test_an_unclosed_quote_is_named_with_the_row_where_it_opens(text: str, row: int) -> None:
    """Not the row where reading ended."""
    found = problem(read(text))
    assert (found.code, found.row) == ("unreadable-file", row)
    assert f"row {row}" in found.message


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('Account ID,Title,A,B,C\n1,"5 in,a,b,c\n2,x,a,b,c\n3,7",a,b,c\n', 2),  # closed where a cell ends, by accident
        ('Account ID,Title,A,B\n1,"T,a,b\n2,T,a,b\n\n3,T,a,b\n4,T",a,b\n5,T,a,b\n', 2),  # a blank line among them
        ('Account ID,Title,A,B\n1,"T,a,b\n2,T\n3,T,a,b\n4,T",a,b\n', 2),  # a short row among them
        ('Account ID,Title,A,B\n1,"T,a,b\n2,T,a,b,\n3, T,a,b\n4,T,a,b\n5,T",a,b\n', 2),  # odd rows among them
        ('Action,Objective ID,Account ID\ndelete,"o1,A1\ndelete,o2,A2\ndelete,o3",A3\n', 2),  # few columns
        ('Account ID,Title,A,B\n1,x,a,b\n2,"T,a,b\n3,T",a,b\n', 3),
    ],
)
def test_a_quoted_cell_that_looks_like_rows_is_read_and_warned_of(text: str, row: int) -> None:
    """It is quoted correctly, so that it may be meant; a stray quotation mark looks the same."""
    source = read(text)
    assert [(one.code, one.row, one.severity) for one in source.problems] == [("suspicious-quote", row, "warning")]
    assert len(source.tables) == 1


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ('Account ID,Title\na, "b, c"\n', ("a", "b, c")),
        ('Account ID,Title\n "a" , "b, ""c"" , d" \n', ("a", 'b, "c" , d')),
        ('Account ID;Title\r\n"a" ;\t"b;c"\r\n', ("a", "b;c")),
        ('Account ID\tTitle\na\t "b\tc"\n', ("a", "b\tc")),
        ('Account ID,Title\na, 7" pipe\n', ("a", ' 7" pipe')),
        ('Account ID,Title\n"a, ""x"" , y",b\n', ('a, "x" , y', "b")),
    ],
)
def test_spaces_at_quotation_marks_do_not_shift_columns(text: str, cells: tuple[str, ...]) -> None:
    assert rows(read(text)) == {2: cells}


def test_a_default_delimiter_is_for_files_that_leave_it_open() -> None:
    """A ``sep=`` line and known headers are stronger; an option of the command line forces."""
    assert read("sep=,\nAccount ID,Title\na,b", delimiter=";", defaults=("delimiter",)).delimiter == ","
    assert read("Account ID,Title\na,b", delimiter=";", defaults=("delimiter",)).delimiter == ","
    assert read("one~two,x\na~b,y", delimiter="~", defaults=("delimiter",)).delimiter == "~"
    assert read("Account ID,Title\na,b", delimiter=";").delimiter == ";"


def test_the_end_mark_of_dos_is_no_row() -> None:
    assert rows(read("Account ID,Title\na,b\n\x1a")) == {2: ("a", "b")}
    assert rows(read("Account ID,Title\na,b\x1a\r\n")) == {2: ("a", "b")}


@pytest.mark.parametrize(
    "cell",
    ["Goals:\na, b, c, d, e\nf, g, h, i, j\nk, l", "one\ntwo\nthree", 'say "yes"\n,,', "x,y\nz", "1,2,3\n4,5,6,7"],
)
def test_texts_of_several_lines_are_not_taken_for_swallowed_rows(cell: str) -> None:
    """A paragraph with commas is just a text."""
    target = io.StringIO()
    csv.writer(target).writerows([["Account ID", "Title", "Status", "Start Date", "Note"], ["a", "b", "c", "d", cell]])
    assert rows(read(target.getvalue())) == {2: ("a", "b", "c", "d", cell)}


@pytest.mark.parametrize(
    "text",
    [
        'Account ID,Title,Description\nA,T,"One\npen,paper,tape"\n',
        'Account ID;Title;Description\nA;T;"Erstens\nx;y;z"\n',
        'Account ID,Title,A,B,C\n1, T,a,b,c\n2,T,a,b,c\n3,T,a,b,"Agenda:\ncall, mail, visit, demo, close"\n',
        'Plan,,\nAccount ID,Title,"Start\nDate",Status,Note\nA,T,,S,N\n',
    ],
)
def test_good_files_that_hold_several_lines_in_a_cell(text: str) -> None:
    """A list in a narrow file, one cell with a space before it, a header of two lines below a title."""
    assert not read(text).problems


def test_the_delimiter_of_a_long_file_with_old_mac_line_ends_is_found() -> None:
    """The sample ends where a row does, whatever ends rows."""
    text = "\r".join(["Account ID;Title", *(f"A-{n};{'T' * 60}" for n in range(5_000))])
    assert len(table(read(text)).records) == 5_000


def test_an_id_that_was_kept_from_being_a_number_is_the_text_that_is_seen() -> None:
    assert rows(read('Account ID,Title\n"=""00123""",="7"\n"=""""","=""a"" & 1"\n')) == {
        2: ("00123", "7"),
        3: (None, '="a" & 1'),
    }


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "Account ID,Title\n", "Account ID,Title\n,\n \n", "sep=;\n"])
def test_a_file_without_records_is_empty(text: str) -> None:
    """A header alone is empty too."""
    assert problem(read(text)).code == "empty-file"


def test_nul_is_refused_with_its_row() -> None:
    """Some program's idea of padding, or no text at all."""
    found = problem(read('Account ID,Title\n"a\nb",c\nd,e\0\n'))
    assert (found.code, found.row) == ("unreadable-file", 3)


def test_a_long_cell_is_fine_and_an_endless_one_is_not() -> None:
    """The limit is far above what any program allows, and the csv module's own limit is put back."""
    before = csv.field_size_limit()
    assert rows(read(f"Account ID,Title\na,{'x' * MAX_TEXT}\n")) == {2: ("a", "x" * MAX_TEXT)}
    found = problem(read(f"Account ID,Title\na,b\nc,{'x' * (MAX_TEXT + 1)}\n"))
    assert (found.code, found.row) == ("unreadable-file", 3)
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Account ID,Title\na" + ",b" * 1_001 + "\n", "column 1,002"),
        ("Account ID,Title\n" + "\n" * 1_048_576, "row 1,048,577"),
        ("Account ID,Title\n" + ("x," * 999 + "x\n") * 110, "in 1,000 columns"),
    ],
    ids=["columns", "rows", "cells"],
)
def test_beyond_the_limits_is_refused(text: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says how far the content goes."""
    for module in (limits, delimited):
        monkeypatch.setattr(module, "MAX_CELLS", 100_000)
    found = problem(read(text))
    assert found.code == "unreadable-file"
    assert words in found.message


def test_empty_cells_up_to_the_last_possible_column_are_no_content() -> None:
    """Some programs write them."""
    assert rows(read("Account ID,Title" + "," * 16_382 + "\na" + "," * 16_383 + "\n")) == {2: ("a", None)}


def test_a_csv_file_has_no_sheets() -> None:
    """``*`` asks for all there are; a name can't be right."""
    assert rows(read("Account ID,Title\na,b", sheets=("*",))) == {2: ("a", "b")}
    with pytest.raises(UsageError, match="no sheets"):
        read("Account ID,Title\na,b", sheets=("Plan",))


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0#\x1a"), max_size=8)


@given(st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=6), st.sampled_from(",;\t|"))
def test_what_the_csv_module_writes_is_read_back(written: list[list[str]], delimiter: str) -> None:
    """Each record keeps its texts and has the number of its row; ``#`` and the end mark of DOS mean something else."""
    target = io.StringIO()
    csv.writer(target, delimiter=delimiter).writerows([["Account ID", "Title"], *written])
    source = read(target.getvalue())
    expected = [tuple(unguard(text) if visible(text) else None for text in row) for row in written]
    filled = {number: row for number, row in enumerate(expected, 2) if any(row)}
    assert (rows(source) if filled else {}) == filled
