"""Whatever people do with a plan, each row's objective is there once, with the values given last."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from openpyxl import Workbook, load_workbook

from bulkobj.sandbox.seeds import seeds
from tests.cli.cli_kit import Ran, against
from tests.service.server import SandboxServer

HEADERS = ("Account ID", "Title", "Category", "Status", "Start Date", "End Date")
ACCOUNTS = ("BLUE-1010", "BRIG-1014", "ACME-1001")
STATUSES = ("In Progress", "Completed", "On Hold")

Row = dict[str, str]


@dataclass
class Person:
    """An admin with a plan, who saves it and imports it in every way."""

    server: SandboxServer
    folder: Path
    random: Random
    rows: list[Row] = field(default_factory=list)
    results: Path | None = None
    files: int = 0

    def add(self) -> None:
        """Add a row; now and then one that equals another."""
        if self.rows and self.random.random() < 0.2:
            self.rows.append(dict(self.random.choice(self.rows)))
            return
        values = (self.random.choice(ACCOUNTS), f"Goal {len(self.rows)}", "Adoption", "In Progress", "2027-01-11")
        self.rows.append(dict(zip(HEADERS, (*values, "2027-03-26"), strict=True)))

    def save(self) -> Path:
        """Save the plan under a new name, in any order and format."""
        self.files += 1
        rows = [HEADERS, *(tuple(row.values()) for row in self.random.sample(self.rows, len(self.rows)))]
        if self.random.random() < 0.5:
            path = self.folder / f"plan-{self.files}.csv"
            text = io.StringIO()
            csv.writer(text, delimiter=self.random.choice(",;")).writerows(rows)
            path.write_text(text.getvalue(), "utf-8")
            return path
        path = self.folder / f"plan-{self.files}.xlsx"
        book = Workbook()
        for row in rows:
            book.worksheets[0].append(row)
        book.save(path)
        return path

    def bring(self, path: Path, *args: str) -> Ran:
        """Import a file, from this computer or another one, and keep the results."""
        state = self.folder / ("state" if self.random.random() < 0.6 else f"other-{self.files}")
        results = self.folder / f"results-{self.files}{path.suffix}"
        command = ("import", path, "--yes", "--report", results, *args)
        ran = against(self.server, *command, BULKOBJ_STATE_DIR=str(state))
        self.results = results
        return ran

    def imports(self) -> None:
        assert self.bring(self.save()).code == 0

    def changes(self) -> None:
        """Change a cell, which is an update of what is there."""
        row = self.random.choice(self.rows)
        twins = [one for one in self.rows if (one["Account ID"], one["Title"]) == (row["Account ID"], row["Title"])]
        if len(twins) == 1:
            self.imports()
            row["Status"] = self.random.choice(STATUSES)
            assert self.bring(self.save(), "--existing", "update").code == 0

    def edits_results(self) -> None:
        """Change a cell of the results file, and import that."""
        self.imports()
        assert self.results is not None
        status = self.random.choice(STATUSES)
        if self.results.suffix == ".csv":
            records = list(
                csv.DictReader(io.StringIO(self.results.read_text("utf-8-sig")), delimiter=self._delimiter())
            )
            edited = records[0]
            edited["Status"] = status
            with self.results.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, records[0])
                writer.writeheader()
                writer.writerows(records)
        else:
            book = load_workbook(self.results)
            sheet = book.worksheets[0]
            edited = {header: str(cell.value) for header, cell in zip(HEADERS, sheet[2], strict=False)}
            sheet.cell(2, HEADERS.index("Status") + 1).value = status
            book.save(self.results)
        path = self.results
        self.files += 1
        assert self.bring(path).code == 0
        mine = [
            one for one in self.rows if (one["Account ID"], one["Title"]) == (edited["Account ID"], edited["Title"])
        ]
        mine[0]["Status"] = status

    def _delimiter(self) -> str:
        assert self.results is not None
        return ";" if ";" in self.results.read_text("utf-8-sig").splitlines()[0] else ","

    def is_interrupted(self) -> None:
        """The token expires in the midst; the file is refused until the run is resumed."""
        self.add()
        self.add()
        path, after = self.save(), self.random.randrange(4, 10)
        token = self.server.token
        self.server.expire_token(after=after, successor="another-token")
        stopped = against(self.server, "import", path, "--yes", "--concurrency", 1, BULKOBJ_TOKEN=token)
        self.server.set_token(token)
        assert stopped.code in {0, 4}
        assert against(self.server, "resume").code == 0

    def check(self) -> None:
        """Each row has its objective, with the values given last, and no other is there."""
        self.imports()
        wanted = sorted(tuple(row.values())[:4] for row in self.rows)
        names = {one["id"]: one["displayName"] for kind in ("statuses", "categories") for one in seeds()[kind]}
        held = sorted(
            (one["accountId"], one["title"], names[one["categoryId"]], names[one["statusId"]])
            for one in self.server.objectives()
            if one["title"].startswith("Goal ")
        )
        assert held == wanted


@pytest.mark.parametrize("seed", range(6))
def test_each_objective_is_there_once(server: SandboxServer, tmp_path: Path, seed: int) -> None:
    """A random sequence of imports, changes, results files and interruptions."""
    person = Person(server, tmp_path, Random(seed))
    person.add()
    ways = (person.imports, person.add, person.changes, person.edits_results, person.is_interrupted)
    for _ in range(6):
        person.random.choice(ways)()
    person.check()
