"""One pass over a worksheet's XML, for what the workbook reader doesn't tell: used range, hidden rows, bad cells.

Nearly all rows of nearly all files look alike. A regular expression recognises those at the speed of C and cuts them
out; only the rest of the document goes through an XML parser. A row is cut out only if the expression accounts for
every byte of it, so that nothing hides from the check of the used range.
"""

from __future__ import annotations

import html
import re

from bulkobj.spreadsheet.grid import SheetFacts
from bulkobj.spreadsheet.limits import MAX_COLUMNS
from bulkobj.spreadsheet.sheetwalk import Walker, column_index, fault_of
from bulkobj.spreadsheet.table import BadCell

_FORMULA = rb"<f(?: [^<>]*+)?+(?:(?<=/)>|>[^<]*+</f>)"
_CELL = (
    rb'<c r="[A-Z]([A-Z]{1,2})?+\1"(?: [st]="(?:(e)|[^"<>]++)")*+'  # `\1` is the row's own number
    rb"(?:><v>[^<]++</v></c>| ?/>|><is><t[^<>]*+>[^<]*+</t></is></c>"
    rb"|>(?:()" + _FORMULA + rb")?+(?:<v>[^<]*+</v>|<v ?/>)?+</c>)"
)
#: Its groups: number, other attributes, and whether there is a column beyond Z, an error, a formula.
_PLAIN_ROW = re.compile(rb'<row r="(\d{1,7})"([^<>]*+)>(?:' + _CELL + rb")*+</row>")
_HIDDEN = re.compile(rb'\shidden="(?:1|true)"')
_UNCALCULATED = re.compile(
    rb'<c r="([A-Z]+)(\d+)"([^<>]*+)>' + _FORMULA.replace(b"[^<]*+", b"([^<]*+)") + rb"(<v></v>|<v ?/>)?+</c>"
)
_ERROR = re.compile(rb'<c r="([A-Z]+)(\d+)"[^<>]* t="e"[^<>]*>(?:' + _FORMULA + rb")?(?:<v>([^<]*)</v>)?")
_LETTERS = re.compile(rb'<c r="([A-Z]{2,3})')
_FILLED = re.compile(rb'<c r="([A-Z]+)(\d+)"[^<>]*+(?<!/)>')
_ERROR_TYPE = re.compile(rb"""(<(?:[\w.-]+:)?c\s[^<>]*?\bt\s*=\s*["'])e(?=["'])""")
#: Cells up to which the used range is of no concern, so that it need not be known exactly.
_SMALL = 2_000_000

_Bad = dict[tuple[int, int], BadCell]


def scan(xml: bytes) -> SheetFacts:
    """The facts of a worksheet part; UnreadableError where it isn't safe and well-formed XML."""
    pieces = _PLAIN_ROW.split(xml)
    between, *columns = (pieces[start :: _PLAIN_ROW.groups + 1] for start in range(_PLAIN_ROW.groups + 1))
    rest = b"".join(between)
    if b"<!" in rest or rest.count(b"<?") > 1:  # comments and the like could hide what the cut rows are
        return Walker(xml).facts
    walker = Walker(rest)
    if walker.implicit and len(rest) < len(xml):  # places are counted from the cell before, so count all cells
        return Walker(xml).facts
    return _joined(_facts(xml, *columns), walker.facts)


def _facts(
    xml: bytes,
    numbers: list[bytes],
    attributes: list[bytes],
    wide: list[bytes],
    errors: list[bytes],
    formulas: list[bytes],
) -> SheetFacts:
    """The facts of the plain rows, of which the parameters hold the groups."""
    last, columns = max(map(int, numbers), default=0), _columns({b"Z"})
    if any(wide):
        columns = _columns({b"Z", *_LETTERS.findall(xml)})
    if columns > MAX_COLUMNS or last * columns > _SMALL:
        last, columns = _extent_without_blanks(xml)
    hidden = {
        int(number)
        for number, others in zip(numbers, attributes, strict=True)
        if b"hidden" in others and _HIDDEN.search(others)
    }
    bad: _Bad = {}
    if any(formula is not None for formula in formulas):
        bad |= _uncalculated(xml)
    if any(errors):
        bad |= _errors(xml)
    return SheetFacts(last, columns, hidden, bad)


def _joined(some: SheetFacts, others: SheetFacts) -> SheetFacts:
    rows, columns = max(some.rows, others.rows), max(some.columns, others.columns)
    return SheetFacts(rows, columns, {*some.hidden, *others.hidden}, {**some.bad, **others.bad})


def errors_as_text(xml: bytes) -> bytes:
    """The worksheet with its error cells turned into texts: python-calamine refuses sheets with the newer errors."""
    return _ERROR_TYPE.sub(rb"\1str", xml)


def _extent_without_blanks(xml: bytes) -> tuple[int, int]:
    """How far the content of the plain rows goes; blank cells that only have a format don't count."""
    filled = set(_FILLED.findall(xml))
    return max((int(digits) for _, digits in filled), default=0), _columns({letters for letters, _ in filled})


def _columns(letters: set[bytes]) -> int:
    return max((column_index(some.decode("ascii")) + 1 for some in letters), default=0)


def _uncalculated(xml: bytes) -> _Bad:
    cells: _Bad = {}
    for letters, digits, attributes, formula, value in _UNCALCULATED.findall(xml):
        kind = "str" if b' t="str"' in attributes else None
        bad = fault_of(kind, _unescaped(formula), "" if value else None)
        if bad:
            cells[int(digits), column_index(letters.decode("ascii"))] = bad
    return cells


def _errors(xml: bytes) -> _Bad:
    cells: _Bad = {}
    for letters, digits, value in _ERROR.findall(xml):
        bad = fault_of("e", None, _unescaped(value))
        if bad:
            cells[int(digits), column_index(letters.decode("ascii"))] = bad
    return cells


def _unescaped(text: bytes) -> str:
    return html.unescape(text.decode("utf-8", "replace"))
