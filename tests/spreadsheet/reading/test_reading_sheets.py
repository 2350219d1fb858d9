"""Which sheets are read, and the hidden one by which bulkobj knows its own workbooks."""

from __future__ import annotations

import pytest

from bulkobj.core.errors import UsageError
from bulkobj.spreadsheet.table import STAMP_SHEET, SourceFile
from tests.spreadsheet.reading.reading_kit import problem, read, sheet, xlsx


def page(text: str = "x", header: tuple[str, ...] = ("Account ID", "Title")) -> str:
    """A sheet with that header and one row."""
    return sheet(row(2, text), row(1, *header))


def row(number: int, *texts: str) -> str:
    """A row of texts."""
    cells = "".join(
        f'<c r="{letter}{number}" t="str"><v>{text}</v></c>' for letter, text in zip("ABCD", texts, strict=False)
    )
    return f'<row r="{number}">{cells}</row>'


NOTES = page(header=("What", "Who"))
STAMP = sheet("", row(1, "bulkobj", "1") + row(3, "layout", "one-sheet"))
WHOLE = sheet("", row(1, "bulkobj", "1") + row(2, "layout", "sheet-per-account"))


def names(source: SourceFile) -> list[str | None]:
    """The sheets that were read."""
    assert source.problems == ()
    return [table.sheet for table in source.tables]


def test_the_sheet_with_known_headers_is_read() -> None:
    """One known header is not enough; the others are left alone, wherever they stand."""
    assert names(read(xlsx(NOTES, page(), page(header=("Title", "Who"))))) == ["Second"]


def test_without_known_headers_the_best_sheet_is_read() -> None:
    """The first with most of them, and not a blank one."""
    assert names(read(xlsx(sheet("", ""), NOTES, NOTES))) == ["Second"]
    assert names(read(xlsx(NOTES, page(header=("Title", "Who"))))) == ["Second"]


def test_two_sheets_with_known_headers_are_ambiguous() -> None:
    """The message names them and the option."""
    found = problem(read(xlsx(page(), NOTES, page())))
    assert found.code == "ambiguous-sheet"
    assert '"Plan" and "Third"' in found.message
    assert "--sheet" in found.message


def test_names_in_messages_cannot_steer_a_terminal() -> None:
    """A sheet's name is text of a stranger."""
    found = problem(read(xlsx(page(), page(), names=("Plan", "\u202etxt"))))
    assert "\u202e" not in found.message


@pytest.mark.parametrize(
    ("wanted", "read_sheets"),
    [
        (("Second",), ["Second"]),
        ((" second ",), ["Second"]),
        (("Third", "Plan"), ["Plan", "Third"]),
        (("Third", "third"), ["Third"]),
        (("*",), ["Plan", "Third"]),
        (("*", "Second"), ["Plan", "Second", "Third"]),
    ],
)
def test_sheets_may_be_named(wanted: tuple[str, ...], read_sheets: list[str]) -> None:
    """Exactly, or without regard to case; ``*`` stands for all with known headers."""
    assert names(read(xlsx(page(), NOTES, page()), sheets=wanted)) == read_sheets


def test_an_exact_name_comes_first() -> None:
    """Names that differ in case alone are possible in files, if not in Excel."""
    source = read(xlsx(page("upper"), page("lower"), names=("PLAN", "plan")), sheets=("plan",))
    assert source.tables[0].records[0].cells[0] == "lower"


@pytest.mark.parametrize("name", ["Fourth", "", STAMP_SHEET])
def test_a_sheet_that_is_not_there_is_a_usage_error(name: str) -> None:
    """The stamp is never data."""
    with pytest.raises(UsageError, match="Plan"):
        read(xlsx(page(), STAMP, names=("Plan", STAMP_SHEET)), sheets=(name,))


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_hidden_sheets_are_read_only_by_name(state: str) -> None:
    """Nobody sees what stands there."""
    data = xlsx(page("seen"), page("unseen"), states={"Second": state})
    assert names(read(data)) == ["Plan"]
    assert names(read(data, sheets=("*",))) == ["Plan"]
    assert names(read(data, sheets=("Second",))) == ["Second"]


def test_where_all_sheets_are_hidden_one_must_be_named() -> None:
    """Nothing is read that nobody sees."""
    found = problem(read(xlsx(page(), states={"Plan": "hidden"})))
    assert found.code == "empty-file"
    assert "--sheet" in found.message


def test_the_stamp_is_read_and_is_no_data() -> None:
    """Its rows come without the blank ones; further sheets of its name are left out too."""
    data = xlsx(page(), STAMP, page(), names=("Plan", STAMP_SHEET, f"{STAMP_SHEET}_2"), states={STAMP_SHEET: "hidden"})
    source = read(data)
    assert names(source) == ["Plan"]
    assert source.stamp == (("bulkobj", "1"), ("layout", "one-sheet"))


def test_an_export_with_a_sheet_per_account_is_read_whole() -> None:
    """The stamp says that the sheets belong together; without it they are ambiguous."""
    assert names(read(xlsx(page(), WHOLE, page(), names=("A", STAMP_SHEET, "B")))) == ["A", "B"]
    assert problem(read(xlsx(page(), STAMP, page(), names=("A", STAMP_SHEET, "B")))).code == "ambiguous-sheet"


def test_a_broken_sheet_beside_the_right_one_does_no_harm() -> None:
    """It is left alone as others are; where no sheet is right, it is the problem."""
    broken = sheet("<row r='x'/>")
    assert names(read(xlsx(broken, page()))) == ["Second"]
    assert problem(read(xlsx(broken, NOTES))).code == "unreadable-file"


def test_a_long_sheet_is_recognised_by_its_beginning() -> None:
    """The header is found without reading the rest, and then all of it is read."""
    long = sheet("".join(row(number, "x" * 50, "y") for number in range(2, 9_002)))
    source = read(xlsx(NOTES, long))
    assert len(source.tables[0].records) == 9_000
    prefixed = long.replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns=", "xmlns:x=")
    assert len(read(xlsx(NOTES, prefixed)).tables[0].records) == 9_000


def test_a_sheet_may_begin_with_a_very_long_row() -> None:
    """Its header is looked for in all of it then."""
    long = sheet("", row(1, "Account ID", "Title", "x" * 500_000) + row(2, "a", "b", "c"))
    assert names(read(xlsx(NOTES, long))) == ["Second"]


def test_all_empty_sheets_are_an_empty_file() -> None:
    """Several headers without rows are as empty as one."""
    empty = sheet("", row(1, "Account ID", "Title"))
    assert problem(read(xlsx(empty, empty), sheets=("*",))).code == "empty-file"
    assert names(read(xlsx(empty, page()), sheets=("*",))) == ["Plan", "Second"]
