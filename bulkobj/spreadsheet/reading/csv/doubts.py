"""Warnings of what had to be guessed to read a CSV file; pure."""

from __future__ import annotations

from collections.abc import Iterator

from bulkobj.core.model import Problem, Severity
from bulkobj.core.text import quoted
from bulkobj.spreadsheet.reading.csv.decoding import Decoded
from bulkobj.spreadsheet.reading.csv.parser import Parsed


def doubts(decoded: Decoded, parsed: Parsed) -> Iterator[Problem]:
    """Yield a warning of a guessed encoding, with one text that it affects, and of quotation marks that look wrong."""
    if decoded.is_guess:
        yield _guessed(decoded.encoding, parsed)
    for row in parsed.suspicious:
        message = "this row has a quoted cell with lines that look like rows of the file. Check its quotation marks"
        yield Problem("suspicious-quote", message, row, severity=Severity.WARNING)


def _guessed(encoding: str, parsed: Parsed) -> Problem:
    affected = (
        (number, cell)
        for number, row in enumerate(parsed.grid.rows, 1)
        for cell in row
        if isinstance(cell, str) and not cell.isascii()
    )
    number, text = next(affected, (None, ""))
    message = f"the encoding was guessed as {encoding}, which makes {quoted(text)}. Check it, or use --encoding NAME"
    return Problem("guessed-encoding", message, number, severity=Severity.WARNING)
