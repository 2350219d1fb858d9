"""Whole numbers that a cell's format shows with more characters than they have: ``007310``, ``ACME-0042``.

The workbook reader tells of the number alone, and the person who filled in the sheet has never seen that one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bulkobj.spreadsheet.ooxml.xml_reader import Attributes, local, parse
from bulkobj.spreadsheet.reading.xlsx.sheet_walker import column_index

#: A format's pieces: a digit's place is ``"0"``, all else stands as it is.
Format = Sequence[str]

#: A quoted text, an escaped character, white space of a character's width, a place, a sign that needs no quotes.
_PIECE = re.compile(r'"([^"]*)"|\\(.)|_(.)|(0)|([-() ])')
_PLACE = "0"
_NUMBER = re.compile(
    rb'<c r="([A-Z]{1,3})(\d{1,7})"([^<>]*)>(?:<f(?: [^<>]*)?(?:(?<=/)>|>[^<]*</f>))?<v>(\d{1,15})</v></c>'
)
_STYLE = re.compile(rb'\ss="(\d{1,6})"')
_TYPE = re.compile(rb'\st="(?!n")')


def padding(code: str) -> Format | None:
    """The pieces of a number format that shows a whole number with zeros or texts before it; None for all others."""
    pieces: list[str] = []
    end = 0
    for match in _PIECE.finditer(code):
        if match.start() != end:
            return None
        end = match.end()
        quoted, escaped, space, place, sign = match.groups()
        pieces.append(_PLACE if place else " " if space else f'"{quoted or escaped or sign or ""}')
    places = pieces.count(_PLACE)
    return pieces if end == len(code) and places and len(pieces) > 1 else None


def formatted(digits: str, pieces: Format) -> str:
    """The digits of a whole number as the format shows them."""
    places = pieces.count(_PLACE)
    digits = digits.zfill(places)
    left = [digits[: len(digits) - places + 1], *digits[len(digits) - places + 1 :]]
    return "".join(left.pop(0) if piece == _PLACE else piece.removeprefix('"') for piece in pieces)


def padding_styles(styles: bytes) -> dict[int, Format]:
    """The cell styles whose number format is such a one, by their index in ``styles.xml``."""
    codes: dict[str, Format] = {}
    found: dict[int, Format] = {}
    inside, seen = False, 0

    def start(name: str, attributes: Attributes) -> None:
        nonlocal inside, seen
        match local(name):
            case "numFmt":
                pieces = padding(attributes.get("formatCode", ""))
                if pieces is not None:
                    codes[attributes.get("numFmtId", "")] = pieces
            case "cellXfs":
                inside = True
            case "xf" if inside:
                if (pieces := codes.get(attributes.get("numFmtId", ""))) is not None:
                    found[seen] = pieces
                seen += 1

    def end(name: str) -> None:
        nonlocal inside
        inside = inside and local(name) != "cellXfs"

    parse(styles, start, end)
    return found


def shown_numbers(sheet: bytes, styles: Mapping[int, Format]) -> dict[tuple[int, int], str]:
    """What is seen in the cells of a worksheet that have one of those styles: by row from 1 and column from 0."""
    seen: dict[tuple[int, int], str] = {}
    for match in _NUMBER.finditer(sheet) if styles else ():
        letters, row, attributes, digits = match.groups()
        style = _STYLE.search(attributes)
        pieces = styles.get(int(style[1])) if style else None
        if pieces is not None and not _TYPE.search(attributes):
            seen[int(row), column_index(letters.decode())] = formatted(digits.decode(), pieces)
    return seen
