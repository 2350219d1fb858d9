"""From a file to a result, by HTTP alone: the main path works without a script."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.web.web_kit import SAMPLES, Page, buttons, creates, heading, invalid

NewPage = Callable[..., Page]


def test_upload_check_plan_import_result(page: Page) -> None:
    """The sample goes through every page, named as users rely on."""
    check = page.upload((SAMPLES / "quarterly-plan.xlsx").read_bytes(), "quarterly-plan.xlsx")
    shown = page.get(check)
    assert "Show plan" in buttons(shown)
    assert invalid(shown) == []
    plan = page.planned(check)
    assert "Import 44 rows into sandbox" in buttons(plan)
    assert "Import quarterly-plan.xlsx into sandbox (profile default): create" in plan.text
    result = page.agreed(plan, deletes="3")
    assert heading(result) == "Result"
    assert "every row is as it was asked to be" in result.text
    run = result.url.path
    report = page.get(f"{run}/report")
    assert report.content.startswith(b"PK")
    assert "attachment; filename*=UTF-8''quarterly-plan-results-" in report.headers["content-disposition"]
    assert page.get(f"{run}/report?as=json").json()["counts"]["created"] == 33
    assert run in page.get("/runs").text


def test_a_wrong_number_of_deletions_sends_nothing(page: Page) -> None:
    """The plan stays open for the right one."""
    plan = page.planned(page.upload((SAMPLES / "quarterly-plan.xlsx").read_bytes(), "quarterly-plan.xlsx"))
    for typed in ("2", "", "3.0", "03", "y"):
        again = page.post(plan.url.path, {"answer": "yes", "deletes": typed})
        assert (again.status_code, heading(again)) == (422, "Plan")
        assert "Nothing was sent" in again.text
    assert page.site.store.all() == []
    assert heading(page.agreed(plan, deletes="3")) == "Result"


def test_a_plan_that_is_declined_sends_nothing(page: Page) -> None:
    """The user is back at Check, and can plan again."""
    check = page.upload(creates(2))
    plan = page.planned(check)
    assert heading(page.settled(page.post(plan.url.path, {"answer": "no"}))) == "Check"
    assert page.site.store.all() == []
    late = page.post(plan.url.path, {"answer": "yes"})
    assert page.site.store.all() == []
    assert heading(late) != "Plan"
    assert heading(page.agreed(page.planned(check))) == "Result"


def test_errors_are_marked_and_keep_the_plan_away(page: Page) -> None:
    """Only cells with an error are marked; a warning is none."""
    shown = page.get(page.upload(creates(2, status="In Progres") + b"BLUE-1010,No dates,Adoption,In Progress,,\n"))
    assert invalid(shown) == ["In Progres"] * 2
    assert "Show plan" not in buttons(shown)
    assert 'Use "In Progress"' in buttons(shown)


def test_a_suggested_name_is_used_in_all_its_rows(page: Page) -> None:
    """Then the corrected file can be downloaded, with nothing else changed."""
    content = creates(3, status="In Progres")
    check = page.upload(content)
    said = {"kind": "status", "name": "In Progres", "meant": "In Progress"}
    shown = page.settled(page.post(f"{check}/use", said))
    assert invalid(shown) == []
    assert "Download corrected file" in shown.text
    assert page.get(f"{check}/corrected").content == content.replace(b"In Progres,", b"In Progress,")


def test_undo_shows_its_own_plan(page: Page) -> None:
    """And ends at a Result, after the number of deletions was entered."""
    result = page.imported(creates(2))
    plan = page.settled(page.post(f"{result.url.path}/undo"))
    assert "Undo 2 rows in sandbox" in buttons(plan)
    assert 'name="deletes"' in plan.text
    undone = page.agreed(plan, deletes="2")
    assert heading(undone) == "Result"
    assert re.search(r"undo of \d{8}-\d{6}", undone.text)


def test_one_run_at_a_time(page: Page) -> None:
    """A second tab takes the place of a plan that nobody has agreed to; the first tab says that it is over."""
    first = page.planned(page.upload(creates(1)))
    second = page.planned(page.upload(creates(2)))
    assert heading(second) == "Plan"
    assert page.post(first.url.path, {"answer": "yes"}).status_code == 400
    assert heading(page.agreed(second)) == "Result"


def test_a_restart_loses_no_upload(new_page: NewPage) -> None:
    """Another server on the same state folder checks the file again."""
    check = new_page().upload(creates(1))
    again = new_page()
    assert heading(again.settled(again.get(check))) == "Check"
