"""Where a row of the file is found in the page, and what it is called; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bulkobj.reports.html.markup import foreign
from bulkobj.reports.report import ReportRow


@dataclass(frozen=True, slots=True)
class Places:
    """The sheets that the rows come from, in their order; a row is called by its sheet only where there are several."""

    sheets: tuple[str | None, ...]

    @classmethod
    def of(cls, rows: Iterable[ReportRow]) -> Places:
        """The places of all rows."""
        return cls(tuple(dict.fromkeys(row.line.sheet for row in rows)))

    @property
    def several(self) -> bool:
        """Whether a row number alone does not say which row it is."""
        return len(self.sheets) > 1

    def anchor(self, sheet: str | None, row: int) -> str:
        """The id of the row's element."""
        return f"row-{self.sheets.index(sheet) + 1}-{row}" if self.several else f"row-{row}"

    def sheet(self, sheet: str | None) -> str:
        """Markup that names the sheet, where that is needed."""
        return f"sheet {foreign(sheet)}" if self.several and sheet is not None else ""

    def numbers(self, sheet: str | None, rows: Sequence[int], most: int = 60) -> str:
        """Row numbers as links to the rows, neighbours drawn together (``4, 7-9``); of many, the last are counted."""
        spans = _spans(rows)
        links = [self._link(sheet, first, last) for first, last in spans[:most]]
        left = sum(last - first + 1 for first, last in spans[most:])
        return ", ".join(links) + (f" and {left:,} more" if left else "")

    def _link(self, sheet: str | None, first: int, last: int) -> str:
        numbers = str(first) if first == last else f"{first}-{last}"
        return f'<a href="#{self.anchor(sheet, first)}">{numbers}</a>' if sheet in self.sheets else numbers


def _spans(rows: Iterable[int]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for row in rows:
        if spans and row == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], row)
        else:
            spans.append((row, row))
    return spans
