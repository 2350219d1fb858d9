"""The Python interface: frames as plans, frames as results."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bulkobj import api
from bulkobj.errors import BulkobjError, UsageError
from tests.service.server import SandboxServer

PLAN: dict[str, Any] = {
    "Account ID": ["ACME-1001", "BLUE-1010"],
    "Title": ["First", "Second"],
    "Category": "Adoption",
    "Status": "In Progress",
    "Start Date": pd.Timestamp("2027-01-11"),
    "End Date": [date(2027, 3, 26), datetime.fromisoformat("2027-03-26T20:10:00")],
}


@pytest.fixture
def settings(server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> api.Settings:
    monkeypatch.setenv("BULKOBJ_TOKEN", server.token)
    return api.load_settings(api.Options(base_url=server.url, rate="99/3"))


def test_a_frame_is_a_plan(server: SandboxServer, settings: api.Settings, tmp_path: Path) -> None:
    """Rows are numbered by position; a frame leaves no file behind."""
    finished = api.import_file(pd.DataFrame(PLAN), settings)
    assert finished.exit_code == 0
    assert [(row.line.row, row.result) for row in finished.report.rows] == [(1, "created"), (2, "created")]
    made = {one["title"]: one for one in server.objectives() if one["title"] in {"First", "Second"}}
    assert made["First"]["endDate"] == "2027-03-26T00:00:00.000Z"
    assert made["Second"]["endDate"] == "2027-03-26T20:10:00.000Z"
    assert not list(tmp_path.glob("*-results-*"))


def test_importing_a_frame_again_changes_nothing(settings: api.Settings) -> None:
    api.import_file(pd.DataFrame(PLAN), settings)
    again = api.import_file(pd.DataFrame(PLAN), settings)
    assert again.report.counts == {"unchanged": 2}


def test_blanks_of_pandas_are_blank_cells(server: SandboxServer, settings: api.Settings) -> None:
    """None, NaN and NaT; and whole numbers that a gap made floats are whole."""
    frame = pd.DataFrame(PLAN | {"Account ID": [100234.0, np.nan], "Owner": [None, np.nan]})
    frame.loc[0, "End Date"] = pd.NaT
    report = api.validate(frame, settings).report
    assert report.rows[0].line.account_id == "100234"
    assert {problem.code for problem in report.rows[0].line.problems} == {"missing-date"}
    assert "missing-value" in {problem.code for problem in report.rows[1].line.problems}
    assert [problem.row for problem in report.rows[1].line.problems if problem.code == "missing-value"] == [2]


def test_texts_are_texts(server: SandboxServer, settings: api.Settings) -> None:
    """What a spreadsheet program would take for a formula, a number or several lines comes back to the letter."""
    titles = ["=1+1", "'quoted", 'a, "b"; c', "line\nbreak", "007", "-5"]
    frame = pd.DataFrame(
        {**{k: v for k, v in PLAN.items() if isinstance(v, str)}, "Account ID": "ACME-1001", "Title": titles}
    )
    assert api.import_file(frame, settings).exit_code == 0
    assert set(titles) <= {one["title"] for one in server.objectives()}


def test_an_export_as_a_frame_can_be_edited(server: SandboxServer, settings: api.Settings) -> None:
    """Untouched, nothing is sent; an edit is one update."""
    frame = api.export_frame(settings, accounts=["ACME-1001"])
    assert set(frame["Account ID"]) == {"ACME-1001"}
    assert api.import_file(frame, settings).report.counts == {"unchanged": len(frame)}
    frame.loc[0, "Title"] = "Edited"
    counts = api.import_file(frame, settings).report.counts
    assert counts == {"updated": 1, "unchanged": len(frame) - 1}
    assert "Edited" in {one["title"] for one in server.objectives()}


def test_settings_as_a_frame(settings: api.Settings) -> None:
    frame = api.settings_frame(settings)
    assert list(frame.columns) == ["kind", "name", "id"]
    assert "In Progress" in set(frame[frame["kind"] == "status"]["name"])


def test_a_run_of_a_frame_can_be_undone_and_reported(
    server: SandboxServer, settings: api.Settings, tmp_path: Path
) -> None:
    finished = api.import_file(pd.DataFrame(PLAN), settings)
    run = str(finished.report.run)
    api.rewrite_report(run, tmp_path / "again.csv", settings)
    again = pd.read_csv(tmp_path / "again.csv")
    assert list(again["_row"]) == [1, 2]
    assert api.undo(run, settings).exit_code == 0
    assert not {"First", "Second"} & {one["title"] for one in server.objectives()}


def test_problems_are_in_the_report_and_errors_are_raised(settings: api.Settings) -> None:
    wrong = api.import_file(pd.DataFrame(PLAN | {"Status": "In Progres"}), settings)
    assert (wrong.exit_code, wrong.report.counts) == (3, {"invalid": 2})
    with pytest.raises(BulkobjError) as raised:
        api.undo("nothing", settings)
    assert raised.value.exit_code == UsageError.exit_code == 2
