"""The page in a real browser, by role and name, as people and their assistive programs find things."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect

from tests.web.browser_kit import CHROMIUM, MISSING, Visit, chromium, serious, width
from tests.web.web_kit import QUICK, SAMPLES, Page, creates

pytestmark = [pytest.mark.proof, pytest.mark.skipif(CHROMIUM is None, reason=MISSING)]

MISTAKES = creates(2, status="In Progres") + b"BLUE-1010,No category,Nonsense,In Progress,2027-01-11,2027-03-26\n"
Visiting = Callable[..., Visit]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of the module."""
    with chromium() as running:
        yield running


@pytest.fixture
def visiting(browser: Browser, new_page: Callable[..., Page]) -> Iterator[Visiting]:
    """Visit a page of one's own; nothing is requested from elsewhere, and no script fails."""
    visits: list[tuple[Visit, Page]] = []

    def visit(page: Page | None = None, **how: object) -> Visit:
        page = page or new_page(is_open=False)
        visits.append((Visit(browser.new_context(**how), page), page))  # type: ignore[arg-type] # as Playwright takes them
        return visits[-1][0]

    yield visit
    for visited, page in visits:
        visited.context.close()
        assert [url for url in visited.asked if not url.startswith(page.url)] == []
        assert visited.faults == []


def test_a_plan_is_corrected_imported_and_undone(visiting: Visiting) -> None:
    """Without a word of help: suggestions, a cell edited in place, the plan, the result, and back again."""
    visit = visiting()
    tab = visit.tab
    visit.check(MISTAKES)
    grid = tab.get_by_role("grid", name="Rows")
    wrong = grid.locator('[aria-invalid="true"]')
    expect(wrong).to_have_count(3)
    expect(tab.get_by_role("button", name="Show plan")).to_be_disabled()
    visit.press('Use "In Progress"')
    expect(wrong).to_have_count(1)
    wrong.first.click()
    tab.keyboard.type("Adoption")
    tab.keyboard.press("Enter")
    visit.press("Save changes")
    expect(wrong).to_have_count(0)
    with tab.expect_download() as download:
        tab.get_by_role("link", name="Download corrected file").click()
    corrected = MISTAKES.replace(b"In Progres,", b"In Progress,").replace(b"Nonsense", b"Adoption")
    assert download.value.path().read_bytes() == corrected
    visit.press("Show plan")
    visit.wait_for("Plan")
    visit.press("Import 3 rows into sandbox")
    visit.wait_for("Result")
    visit.press("Undo")
    visit.wait_for("Plan")
    tab.get_by_role("spinbutton", name=re.compile("delete")).fill("3")
    visit.press(re.compile("^Undo 3 rows"))
    visit.wait_for("Result")
    expect(tab.get_by_role("status", name="Target")).to_contain_text("sandbox, profile default")


def test_a_cell_can_be_filled_chosen_and_left_as_it_was(visiting: Visiting) -> None:
    """By a script's fill, by the list above the grid, and Escape takes a change back."""
    visit = visiting()
    tab = visit.tab
    visit.check(MISTAKES)
    wrong = tab.get_by_role("grid", name="Rows").locator('[aria-invalid="true"]')
    wrong.nth(0).fill("In Progress")
    wrong.nth(1).click()
    tab.get_by_label("Choose Status, row 3").select_option("In Progress")
    wrong.nth(2).click()
    tab.keyboard.type("Something")
    tab.keyboard.press("Escape")
    expect(wrong.nth(2)).to_have_text("Nonsense")
    visit.press("Save changes")
    expect(wrong).to_have_count(1)


def test_a_problem_leads_to_its_cell(visiting: Visiting) -> None:
    """And the filter leaves the rows with problems."""
    visit = visiting()
    visit.check(creates(40) + MISTAKES.partition(b"\n")[2])
    visit.tab.get_by_role("link", name="42", exact=True).click()
    expect(visit.tab.locator(":focus")).to_have_text("In Progres")
    visit.tab.get_by_label("Only problems").check()
    expect(visit.tab.get_by_role("grid", name="Rows").get_by_role("rowheader")).to_have_text(["42", "43", "44"])


def test_the_main_path_by_keyboard_alone(visiting: Visiting) -> None:
    """Tab, Enter, arrows and typing reach all of it."""
    visit = visiting()
    tab = visit.tab
    visit.check(MISTAKES)

    def tab_to(name: str) -> None:
        for _ in range(60):
            tab.keyboard.press("Tab")
            if tab.evaluate("(document.activeElement.textContent || '').trim()").startswith(name):
                return
        raise AssertionError(name)

    tab_to('Use "In Progress"')
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("grid", name="Rows").locator('[aria-invalid="true"]')).to_have_count(1)
    tab_to("BLUE-1010")
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight"):
        tab.keyboard.press(key)
    expect(tab.locator(":focus")).to_have_text("Nonsense")
    tab.keyboard.type("Adoption")
    tab.keyboard.press("Enter")
    tab_to("Save changes")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("button", name="Show plan")).to_be_enabled()
    tab_to("Show plan")
    tab.keyboard.press("Enter")
    visit.wait_for("Plan")
    tab_to("Import 3 rows")
    tab.keyboard.press("Enter")
    visit.wait_for("Result")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits_a_phone(visiting: Visiting, scheme: str) -> None:
    """axe-core finds nothing serious, and nothing sticks out at 360 pixels."""
    visit = visiting(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    found: dict[str, object] = {}

    def look(name: str) -> None:
        found[name] = (serious(visit.tab), width(visit.tab))

    look("Start")
    visit.check((SAMPLES / "quarterly-plan-with-mistakes.xlsx").read_bytes(), "quarterly-plan-with-mistakes.xlsx")
    visit.tab.get_by_role("gridcell").first.focus()
    look("Check")
    visit.go("/")
    visit.check((SAMPLES / "quarterly-plan.xlsx").read_bytes(), "quarterly-plan.xlsx")
    visit.press("Show plan")
    visit.wait_for("Plan")
    look("Plan")
    visit.tab.get_by_role("spinbutton", name=re.compile("delete")).fill("3")
    visit.press(re.compile("^Import"))
    visit.wait_for("Result")
    look("Result")
    for path in ("/runs", "/export", "/settings", "/nothing"):
        visit.go(path)
        look(path)
    visit.faults.clear()  # the browser tells of the page that is not there
    assert found == dict.fromkeys(found, ([], 360))


def test_a_run_survives_a_reload_and_shows_in_another_tab(visiting: Visiting, new_page: Callable[..., Page]) -> None:
    """The other tab says that a run is at work, and leads to it."""
    page = new_page(replace(QUICK, rate="6/1"), is_open=False)
    visit = visiting(page)
    visit.check(creates(18))
    visit.press("Show plan")
    visit.wait_for("Plan")
    visit.press("Import 18 rows into sandbox")
    visit.wait_for("Progress")
    expect(visit.tab.get_by_role("progressbar")).to_be_visible()
    expect(visit.tab.get_by_role("button", name="Stop")).to_be_visible()
    visit.tab.reload()
    visit.wait_for("Progress")
    other = visit.context.new_page()
    other.goto(page.url)
    other.get_by_role("link", name="Show it").click()
    other.get_by_role("heading", name="Progress", exact=True).wait_for()
    visit.wait_for("Result")
    other.get_by_role("heading", name="Result", exact=True).wait_for()
    assert page.get("/").status_code == 403  # a program without the cookie


def test_a_stopped_run_is_resumed(visiting: Visiting, new_page: Callable[..., Page]) -> None:
    """Stop ends it as Ctrl-C does; Resume sends the rest, each row once."""
    page = new_page(replace(QUICK, rate="6/1"), is_open=False)
    visit = visiting(page)
    visit.check(creates(18))
    visit.press("Show plan")
    visit.press("Import 18 rows into sandbox")
    visit.wait_for("Progress")
    visit.press("Stop")
    visit.wait_for("Result")
    visit.press("Resume")
    visit.wait_for("Result")
    expect(visit.tab.get_by_text("every row is as it was asked to be")).to_be_visible()


def test_an_export_is_downloaded(visiting: Visiting) -> None:
    """Of all accounts, as a workbook."""
    visit = visiting()
    visit.go("/export")
    with visit.tab.expect_download() as download:
        visit.press("Export")
    assert download.value.path().read_bytes().startswith(b"PK")
