"""What is committed as samples and templates is what the scripts beside them make, and what bulkobj makes of them."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bulkobj.core.columns import meaning
from bulkobj.spreadsheet.reading.reader import ReadOptions, read_file
from bulkobj.spreadsheet.writing.template.workbook import blank_csv, blank_workbook
from tests.cli.cli_kit import against
from tests.service.server import SandboxServer

TOP = Path(__file__).parents[2]
SAMPLES = TOP / "samples"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, SAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def content(name: str, data: bytes) -> Any:
    source = read_file(name, data, ReadOptions(), meaning)
    return [(table.sheet, table.headers, table.records) for table in source.tables], source.problems


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("quarterly-plan.xlsx", "plan_workbook"),
        ("quarterly-plan-with-mistakes.xlsx", "mistakes_workbook"),
        ("quarterly-plan.csv", "plan_csv"),
    ],
)
def test_the_samples_are_what_their_script_makes(name: str, make: str) -> None:
    made = getattr(script("make_samples"), make)()
    assert content(name, made) == content(name, (SAMPLES / name).read_bytes())


@pytest.mark.parametrize("name", ["quarterly-plan.xlsx", "quarterly-plan.csv", "quarterly-plan-with-mistakes.xlsx"])
def test_the_results_are_what_bulkobj_makes_of_the_samples(server: SandboxServer, tmp_path: Path, name: str) -> None:
    """Row by row: the action, the result and the message."""
    shutil.copy(SAMPLES / name, tmp_path / name)
    again = tmp_path / f"again{Path(name).suffix}"
    against(server, "import", tmp_path / name, "--yes", "--report", again)
    kept = script("make_results").results_of(name)
    assert told(kept) == told(again)


def told(path: Path) -> list[tuple[Any, ...]]:
    """The report's own columns that are the same each time."""
    source = read_file(path.name, path.read_bytes(), ReadOptions(), meaning)
    (table,) = source.tables
    wanted = [table.headers.index(name) for name in ("_row", "_action", "_result", "_message", "_http_status")]
    return [tuple(str(record.cells[index]) for index in wanted) for record in table.records]


def test_the_templates_are_what_bulkobj_makes() -> None:
    """Without a tenant's names, as there is no tenant."""
    assert (TOP / "templates/objectives-import.csv").read_bytes() == blank_csv()
    committed = (TOP / "templates/objectives-import.xlsx").read_bytes()
    assert content("t.xlsx", committed) == content("t.xlsx", blank_workbook({}, ()))
