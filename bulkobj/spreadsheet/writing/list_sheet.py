"""The added sheet of a report: counts, problems of the whole file, and the rows that need attention, with links."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from bulkobj.spreadsheet.table import RESULTS_SHEET, STAMP_SHEET, Cell
from bulkobj.spreadsheet.writing.results import ResultRow, Summary

#: Names of the sheet in lower case, that of earlier versions included.
NAMES = (RESULTS_SHEET, f"{STAMP_SHEET} results")
_HEADERS = ("Cell", "Row", "Result", "Account ID", "Account name", "Title", "Message")


class Listed(NamedTuple):
    """A cell of the sheet: its value, its look (see the style modules), and the place it links to."""

    value: Cell
    look: str = ""
    link: str = ""


class Target(NamedTuple):
    """The cell that a line links to: its sheet, and its address such as ``C4``."""

    sheet: str
    address: str

    @property
    def location(self) -> str:
        """The place as a link names it."""
        return "'{}'!{}".format(self.sheet.replace("'", "''"), self.address)


def in_need(results: Iterable[ResultRow]) -> list[ResultRow]:
    """Return the rows that need attention, errors before warnings, otherwise in their order."""
    return sorted((one for one in results if one.needs_attention), key=lambda one: not one.is_error)


def list_rows(
    summary: Summary, rows: Iterable[ResultRow], target_of: Callable[[ResultRow], Target]
) -> Iterator[tuple[Listed, ...]]:
    """Yield the rows of the sheet; ``rows`` are those that need attention."""
    yield (Listed(RESULTS_SHEET, "title"),)
    for name, value in summary.lines:
        yield Listed(name), Listed(value)
    if summary.problems:
        yield ()
        yield (Listed("Problems of the file as a whole", "heading"),)
        yield from ((Listed(problem),) for problem in summary.problems)
    rows = list(rows)
    if not rows:
        return
    targets = [target_of(row) for row in rows]
    several = len({target.sheet for target in targets}) > 1
    yield ()
    yield (Listed(f"Rows that need attention: {len(rows):,}", "heading"),)
    yield tuple(Listed(header, "heading") for header in _HEADERS)
    for row, target in zip(rows, targets, strict=True):
        shown = f"{target.sheet}!{target.address}" if several else target.address
        yield (
            Listed(shown, "link", target.location),
            Listed(row.row),
            Listed(row.result, row.tone),
            *(Listed(text or None) for text in (row.account_id, row.account_name, row.title)),
            Listed(row.message or row.reason or None, "wrap"),
        )
