"""A report as a pandas frame: the columns of the file, then those of the results."""

from __future__ import annotations

from bulkobj.core.columns import meaning
from bulkobj.core.model import Action, Result
from bulkobj.planning.plan import Line, Plan
from bulkobj.reports.report import of_plan, to_json
from bulkobj.spreadsheet.reading.reader import ReadOptions, read_file
from bulkobj.spreadsheet.writing.results import RESULT_HEADERS

CSV = b"Account ID,Title\na-1,One\na-2,\n"


def test_frame_has_the_columns_of_a_written_report() -> None:
    """Blank cells are None, as in the file; other columns keep their types."""
    lines = (
        Line(2, None, Action.CREATE, Result.WOULD_CREATE, account_id="a-1", account_name="Acme", title="One"),
        Line(3, None, Action.CREATE, Result.INVALID, account_id="a-2", message="Title is missing"),
    )
    report = of_plan(Plan(lines), "p.csv", "sandbox", 0, dry_run=True)
    frame = report.about(read_file("p.csv", CSV, ReadOptions(), meaning), (), "acme").frame()
    assert list(frame.columns) == ["Account ID", "Title", *RESULT_HEADERS]
    assert frame["_result"].tolist() == ["would-create", "invalid"]
    assert frame["_row"].tolist() == [2, 3]
    assert frame["Title"].tolist() == ["One", None]
    assert frame["_message"].tolist() == [None, "Title is missing"]
    assert list(report.frame().columns) == list(RESULT_HEADERS)


def test_json_names_the_account_the_profile_and_the_columns() -> None:
    """What is not known is null."""
    line = Line(2, None, Action.CREATE, Result.WOULD_CREATE, account_id="a-1", account_name="Acme")
    report = of_plan(Plan((line,)), "p.csv", "sandbox", 3, dry_run=True)
    told = to_json(report)
    assert (told["profile"], told["columns"], told["calls"], told["finished"]) == (None, [], 3, True)
    assert told["rows"][0]["account_name"] == "Acme"
