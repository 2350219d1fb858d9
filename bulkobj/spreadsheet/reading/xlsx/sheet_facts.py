"""One pass over a worksheet's XML, for what the workbook reader doesn't tell: used range, hidden rows, bad cells.

Nearly all rows of nearly all files look alike. A regular expression recognises those at the speed of C and cuts them
out; only the rest of the document goes through an XML parser. A row is cut out only if the expression accounts for
every byte of it, so that nothing hides from the check of the used range.
"""

from __future__ import annotations

import html
import re

from bulkobj.spreadsheet.limits import MAX_COLUMNS, check_faults, check_range
from bulkobj.spreadsheet.reading.table_detection import SheetFacts
from bulkobj.spreadsheet.reading.values import bad_cell
from bulkobj.spreadsheet.reading.xlsx.sheet_walker import Walker, column_index, fault_of
from bulkobj.spreadsheet.table import BadCell

_ROW = rb'<row r="(\d{1,7})"([^<>]*)>(?:%b)*+</row>'  # no groups within `*+`: Python 3.11 takes fright at them
_VALUE = rb"><v>[^<]++</v></c>| ?/>|><is><t[^<>]*+>[^<]*+</t></is></c>"
_FORMULA = rb"<f(?: [^<>]*+)?+(?:(?<=/)>|>[^<]*+</f>)"
_RESULT = rb">(?:" + _FORMULA + rb")?+(?:<v>[^<]*+</v>|<v ?/>)?+</c>"
#: A row of values and blanks up to column Z, without errors or formulas. In cells, `\1` is the row's own number.
_SIMPLE_ROW = re.compile(_ROW % (rb'<c r="[A-Z]\1"(?: [st]="(?!e")[^"<>]++")*+(?:%b)' % _VALUE))
_PLAIN_ROW = re.compile(_ROW % (rb'<c r="[A-Z]{1,3}\1"(?: [st]="[^"<>]++")*+(?:%b|%b)' % (_VALUE, _RESULT)))
_DECLARATION = re.compile(rb"\A(?:\xef\xbb\xbf)?<\?xml [^<>]*\?>")
#: Comments, character data and instructions: within one, what was cut out was no row, and its end may be cut out too.
_CONCEALING = re.compile(rb"<[!?]")
_HIDDEN = re.compile(rb"""\shidden\s*=\s*["'](?:1|true)["']""")
_UNCALCULATED = re.compile(
    rb'<c r="([A-Z]+)(\d+)"([^<>]*+)>' + _FORMULA.replace(b"[^<]*+", b"([^<]*+)") + rb"(<v></v>|<v ?/>)?</c>"
)
_ERROR = re.compile(rb'<c r="([A-Z]+)(\d+)"[^<>]* t="e"[^<>]*>(?:' + _FORMULA + rb")?(?:<v>([^<]*)</v>)?")
_LETTERS = re.compile(rb'<c r="([A-Z]{2,3})')
_FILLED = re.compile(rb'<c r="([A-Z]+)(\d+)"[^<>]*+(?<!/)>')
_ERROR_TYPE = re.compile(rb"""\st\s*=\s*(["'])e\1""")
#: Cells up to which the used range is of no concern, so that it need not be known exactly.
_SMALL = 10_000_000

_COLUMNS_TO_Z = 26

_Bad = dict[tuple[int, int], BadCell]


def scan(xml: bytes) -> SheetFacts:
    """The facts of a worksheet part; UnreadableError where it isn't safe and well-formed XML."""
    check_range(xml.count(b"<row"), 1)
    simple, not_simple = _cut(_SIMPLE_ROW, xml)
    plain, rest = _cut(_PLAIN_ROW, not_simple)
    if _CONCEALING.search(_DECLARATION.sub(b"", rest)):
        return Walker(xml).facts
    walker = Walker(rest)
    if walker.implicit and len(rest) < len(xml):  # places are counted from the cell before, so count all cells
        return Walker(xml).facts
    others = walker.facts
    rows = max(simple.rows, plain.rows)
    columns = max(_COLUMNS_TO_Z, _columns(set(_LETTERS.findall(not_simple))))
    if columns > MAX_COLUMNS or rows * columns > _SMALL:
        rows, columns = _extent_without_blanks(xml)
    return SheetFacts(
        max(rows, others.rows),
        max(columns, others.columns),
        {*simple.hidden, *plain.hidden, *others.hidden},
        {**_errors(not_simple), **_uncalculated(not_simple), **others.bad},
    )


def _cut(pattern: re.Pattern[bytes], xml: bytes) -> tuple[SheetFacts, bytes]:
    """The rows of that pattern, as far as their tags tell of them, and the document without them."""
    pieces = pattern.split(xml)
    rest, numbers, attributes = pieces[::3], pieces[1::3], pieces[2::3]
    hidden = {
        int(number)
        for number, others in zip(numbers, attributes, strict=True)
        if b"hidden" in others and _HIDDEN.search(others)
    }
    return SheetFacts(rows=max(map(int, numbers), default=0), hidden=hidden), b"".join(rest)


def errors_as_text(xml: bytes) -> bytes:
    """The worksheet with its error cells turned into texts: python-calamine refuses sheets with the newer errors."""

    def replaced(match: re.Match[bytes]) -> bytes:
        in_a_tag = xml.rfind(b"<", 0, match.start()) > xml.rfind(b">", 0, match.start())
        return match[0].replace(b"e", b"str") if in_a_tag else match[0]

    return _ERROR_TYPE.sub(replaced, xml)


def _extent_without_blanks(xml: bytes) -> tuple[int, int]:
    """How far the content of the plain rows goes; blank cells that only have a format don't count."""
    last = 0
    letters: set[bytes] = set()
    for match in _FILLED.finditer(xml):
        letters.add(match[1])
        last = max(last, int(match[2]))
    return last, _columns(letters)


def _columns(letters: set[bytes]) -> int:
    return max((column_index(some.decode("ascii")) + 1 for some in letters), default=0)


def _uncalculated(xml: bytes) -> _Bad:
    cells: _Bad = {}
    found = 0  # a hostile sheet may have the same place many times
    for match in _UNCALCULATED.finditer(xml):
        letters, digits, attributes, formula, value = match.groups()
        kind = "str" if b' t="str"' in attributes else None
        bad = fault_of(kind, _unescaped(formula), None if value is None else "")
        if bad:
            found += 1
            check_faults(found)
            cells[int(digits), column_index(letters.decode("ascii"))] = bad
    return cells


def _errors(xml: bytes) -> _Bad:
    cells: _Bad = {}
    if b't="e"' in xml:
        for found, match in enumerate(_ERROR.finditer(xml), 1):
            check_faults(found)
            letters, digits, value = match.groups()
            cells[int(digits), column_index(letters.decode("ascii"))] = bad_cell(_unescaped(value) or "#N/A")
    return cells


def _unescaped(text: bytes | None) -> str:
    return html.unescape((text or b"").decode("utf-8", "replace"))
