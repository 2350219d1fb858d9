"""Print the time of `expand` for 500 accounts and 5 goals, and time and size of an overview of 5,000 objectives.

Run: python -m tests.bench.bench_plans
"""

from __future__ import annotations

import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from unittest import mock

from bulkobj.config.settings import Options, load_settings
from bulkobj.core.model import Field, Named, Objective
from bulkobj.validation.names import Directory, Kind
from bulkobj.workflows.checked_file import FileRequest
from bulkobj.workflows.export.accounts import AccountChoice
from bulkobj.workflows.export.content import Account, Export
from bulkobj.workflows.export.files import write_export
from bulkobj.workflows.plans.expand import Expansion, expand
from bulkobj.workflows.ui import Unattended
from tests.service.server import SandboxServer

ACCOUNTS, GOALS, OBJECTIVES = 500, 5, 5_000


def expansion(folder: Path) -> None:
    """Expand goals over HTTP, and print the time and the size."""
    with SandboxServer(folder / "served", rate="1000/1") as server:
        server.put("accounts", [{"id": f"A{n}", "name": f"Account {n}"} for n in range(ACCOUNTS)], replace=True)
        rows = [f"Goal {n} for {{account}},Adoption,In Progress,start,quarter-end" for n in range(GOALS)]
        goals = "\n".join(["Title,Category,Status,Start Date,End Date", *rows]).encode()
        with mock.patch.dict("os.environ", BULKOBJ_TOKEN=server.token, BULKOBJ_STATE_DIR=str(folder / "state")):
            settings = load_settings(Options(base_url=server.url))
        begun, path = time.perf_counter(), folder / "plan.xlsx"
        how = Expansion(AccountChoice(everything=True))
        made = expand(FileRequest("goals.csv", goals), how, path, settings, Unattended())
        seconds = time.perf_counter() - begun
        print(f"expand {ACCOUNTS} accounts x {GOALS} goals: {made.rows:,} rows in {seconds:.1f} s, {_size(path)}")


def overview(folder: Path) -> None:
    """Write an export as a workbook and as a page, and print times and sizes."""
    day = date(2026, 1, 1)
    fields = {
        Field.TITLE: "Roll out to the sales team",
        Field.STATUS: "s1",
        Field.CATEGORY: "c1",
        Field.OWNER: "ann@x.y",
    }
    accounts = tuple(
        Account(Named(f"A{n}", f"Account {n}"), tuple(_objective(f"o{n}-{m}", fields, day, n + m) for m in range(10)))
        for n in range(OBJECTIVES // 10)
    )
    directory = Directory({Kind.STATUS: (Named("s1", "In Progress"),), Kind.CATEGORY: (Named("c1", "Adoption"),)})
    export = Export(accounts, directory, "fake:443", "2026-11-25", date(2026, 11, 25))
    for ending in ("xlsx", "html"):
        begun, path = time.perf_counter(), folder / f"objectives.{ending}"
        write_export(export, path)
        print(f"export of {OBJECTIVES:,} objectives as .{ending}: {time.perf_counter() - begun:.1f} s, {_size(path)}")


def _objective(id_: str, fields: dict[Field, str], day: date, shift: int) -> Objective:
    dates = {Field.START_DATE: day + timedelta(days=shift), Field.END_DATE: day + timedelta(days=shift + 80)}
    spelled = {name: f"{value}T00:00:00.000Z" for name, value in dates.items()}
    return Objective(id_, "a", {**fields, **spelled})


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        expansion(Path(name))
        overview(Path(name))
