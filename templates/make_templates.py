"""Makes the import templates. Run from the top of the repository: ``python templates/make_templates.py``."""

from __future__ import annotations

from pathlib import Path

from bulkobj.spreadsheet.writing.template.workbook import blank_csv, blank_workbook


def main() -> None:
    """Write the templates beside this script: without a tenant's names, as there is no tenant."""
    folder = Path(__file__).parent
    (folder / "objectives-import.xlsx").write_bytes(blank_workbook({}, ()))
    (folder / "objectives-import.csv").write_bytes(blank_csv())


if __name__ == "__main__":
    main()
