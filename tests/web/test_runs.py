"""Runs in the page: what failed, trying it again, taking it back, and runs of the terminal."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from bulkobj.config.settings import Options
from tests.cli.cli_kit import bulkobj
from tests.service.server import SandboxServer
from tests.web.web_kit import HEADER, SAMPLES, Page, buttons, creates, heading, invalid

NewPage = Callable[..., Page]
PLAN = (SAMPLES / "quarterly-plan.csv").read_bytes()


@pytest.fixture
def served(new_page: NewPage, server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Page:
    """A page whose target is a service that tests can break."""
    monkeypatch.setenv("BULKOBJ_TOKEN", server.token)
    monkeypatch.setenv("BULKOBJ_BASE_URL", server.url)
    return new_page(Options(rate="99/3", settle=0.3, timeout=5))


def test_failed_rows_can_be_downloaded_and_retried(served: Page, server: SandboxServer) -> None:
    """The failures hold them in the file's own columns; Retry asks for exactly them, and ends at a Result."""
    server.fault("status", method="POST", path="/objectives", status=422, count=1)
    result = served.imported(creates(3))
    assert heading(result) == "Result"
    assert "1 of 3 rows is not done" in result.text
    failures = served.get(f"{result.url.path}/failures").text
    assert failures.count("\n") == 2
    assert failures.lstrip("\ufeff").startswith("Account ID,Title,Category")
    plan = served.settled(served.post(f"{result.url.path}/retry"))
    assert "Retry 1 row into" in "".join(buttons(plan))
    assert heading(served.agreed(plan)) == "Result"
    titles = [one["title"] for one in server.objectives() if str(one["title"]).startswith("Planned ")]
    assert sorted(titles) == ["Planned 0", "Planned 1", "Planned 2"]


def test_rows_that_exist_already_are_shown_on_check(page: Page) -> None:
    """They are found by Show plan; another choice plans them, and no refused run is left behind."""
    page.imported(creates(2))
    other = page.planned(page.upload(creates(2, status="Not Started")))
    assert heading(other) == "Check"
    assert "already" in other.text
    assert invalid(other)
    assert "Show plan" not in buttons(other)
    assert len(page.site.store.all()) == 1


def test_the_choice_for_existing_rows_is_heeded(page: Page) -> None:
    """With update, the objectives get the row's values."""
    page.imported(creates(2))
    plan = page.planned(page.upload(creates(2, status="Not Started")), existing="update")
    assert "update 2" in plan.text
    assert "In Progress" in plan.text
    assert page.planned(page.upload(creates(2)), existing="nonsense").status_code == 400


def test_importing_again_changes_nothing(page: Page) -> None:
    """Without a question, as nothing would be sent."""
    page.imported(creates(2))
    again = page.planned(page.upload(creates(2)))
    assert heading(again) == "Result"
    assert "unchanged" in again.text


def test_the_first_rows_only_then_the_rest_or_not(page: Page) -> None:
    """The first rows are read back and shown; no ends the run there, to be resumed."""
    plan = page.planned(page.upload(creates(5)), first="2")
    shown = page.settled(page.post(plan.url.path, {"answer": "yes"}))
    assert heading(shown) == "First rows"
    assert len(re.findall(r"<td>created</td>", shown.text)) == 2
    stopped = page.settled(page.post(shown.url.path, {"answer": "no"}))
    assert heading(stopped) == "Result"
    assert "Resume" in buttons(stopped)
    resumed = page.settled(page.post(f"{stopped.url.path}/resume"))
    assert "every row is as it was asked to be" in resumed.text
    assert page.planned(page.upload(creates(5)), first="0").status_code == 400


def test_the_ceiling_of_the_profile_stays(new_page: NewPage, tmp_path: Path) -> None:
    """`max_deletes` is lifted by no number that is entered."""
    (tmp_path / "config.toml").write_text("[profiles.default]\nmax_deletes = 2\n")
    refused = (page := new_page()).planned(page.upload(PLAN))
    assert heading(refused) == "Check"
    assert "too-many-deletes" in page.get(f"{refused.url.path}").text or "max_deletes" in refused.text
    assert page.site.store.all() == []


def test_runs_of_the_page_and_of_the_terminal_are_the_same(page: Page) -> None:
    """Each shows the other's, and can take it back."""
    path = page.imported(creates(1)).url.path
    run = path.rpartition("/")[2]
    assert run in bulkobj("runs").out
    undone = bulkobj("undo", run, "--yes", "--rate", "99/3", "--json")
    assert undone.column("result") == ["deleted"]
    assert "undone" in page.get("/runs").text
    Path("plan.csv").write_bytes(creates(1, account="ACME-1001"))
    imported = bulkobj("import", "plan.csv", "--sandbox", "--yes", "--rate", "99/3", "--json")
    assert f"/runs/{imported.report['run']}" in page.get("/runs").text
    assert heading(page.settled(page.post(f"/runs/{imported.report['run']}/undo"))) == "Plan"


def test_an_undo_can_be_declined(page: Page) -> None:
    """Then the objectives stay."""
    result = page.imported(creates(1))
    plan = page.settled(page.post(f"{result.url.path}/undo"))
    assert heading(page.settled(page.post(plan.url.path, {"answer": "no"}))) == "Result"
    again = page.settled(page.post(f"{result.url.path}/undo"))
    assert heading(page.agreed(again, deletes="1")) == "Result"


@pytest.mark.parametrize("run", ["nothing", "..%2f..%2fetc%2fpasswd", "%00", "x" * 300])
def test_a_run_that_is_not_there(page: Page, run: str) -> None:
    """A name is no path."""
    assert page.get(f"/runs/{run}").status_code in {400, 404}
    assert page.get(f"/runs/{run}/report").status_code in {400, 404}


def test_hostile_texts_and_names_are_shown_as_texts(page: Page) -> None:
    """Of the file, of its name, and of its cells: nothing becomes markup, a path or a header."""
    hostile = '<img src=x onerror=alert(1)>"\u202e'
    content = (
        HEADER
        + f'BLUE-1010,"{hostile.replace(chr(34), chr(34) * 2)}",Adoption,</script><b>,2027-01-11,2027-03-26\n'.encode()
    )
    check = page.upload(content, '../../"><script>alert(1)</script>\r\nX: y.csv')
    text = page.get(check).text
    assert "<img" not in text
    assert "<b>" not in text
    assert "<script>" not in text
    assert "⟦U+202E⟧" in text
    kept = list((page.site.settings().state_dir / "uploads").rglob("*.csv"))
    assert [path.parent.name for path in kept] == ["original"]
    download = page.get(f"{check}/corrected").headers["content-disposition"]
    assert "\n" not in download
    assert "x" not in page.get(f"{check}/corrected").headers


@pytest.mark.parametrize(
    "name", ["..", ".", "", "/etc/passwd", "C:\\Windows\\win.ini", "a/../../b.csv", "nul\0l.csv", "x" * 400 + ".xlsx"]
)
def test_file_names_stay_in_their_folder(page: Page, name: str) -> None:
    """Whatever a browser, or something else, calls the file."""
    page.upload(creates(1))
    page.client.post("/files", files={"file": (name, creates(1))})
    folder = page.site.settings().state_dir / "uploads"
    for path in folder.rglob("*"):
        assert folder in path.resolve().parents
    for path in folder.glob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("content", [b"", b"\0\1\2", b"PK\3\4broken", b"%PDF-1.4", b"a,b\n1,2\n"])
def test_files_that_are_no_plan_say_so_on_check(page: Page, content: bytes) -> None:
    """Without a plan to show, and without a crash."""
    shown = page.settled(page.client.post("/files", files={"file": ("plan.csv", content)}))
    assert heading(shown) == "Check"
    assert "error" in shown.text
    assert "Show plan" not in buttons(shown)
