"""The boxes in which notes on cells appear: shapes in VML, which spreadsheet programs still want beside the notes.

VML as Excel writes it isn't always well-formed XML, so shapes are found by pattern, and the rest isn't touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping

from bulkobj.spreadsheet.annotating.columns import Columns
from bulkobj.spreadsheet.ooxml.xml_edit import Splices, unsound

#: A cell by its row and column, both from 0, as VML counts them.
Place = tuple[int, int]

_SPACES = {"v": "vml", "o": "office:office", "x": "office:excel"}
_SHAPE_TAG = re.compile(rb"<(/?)[\w.-]+:shape\b[^<>]*>")
_IS_NOTE = re.compile(rb"""ObjectType\s*=\s*["']Note["']""")
_ROW = re.compile(rb"<(?:[\w.-]+:)?Row>\s*(\d+)\s*</")
_COLUMN = re.compile(rb"<(?:[\w.-]+:)?Column>\s*(\d+)\s*</")
_ANCHOR = re.compile(rb"(<(?:[\w.-]+:)?Anchor>)([^<]*)(</)")
_NUMBER = re.compile(rb"_x0000_s(\d+)")
_START = (
    b'<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    b'xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="%b"/>'
    b"</o:shapelayout></xml>"
)
_BLOCK = 1024  # numbers of shapes come in blocks, of which a drawing says which ones it uses
_TYPE = (
    b'<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    b'<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
_WIDTH = 300  # pixels
_LINE = 17
_LETTERS_IN_LINE = 44
_MOST_STEPS = 100  # over hidden columns or rows, of which there may be thousands


def edit_shapes(content: bytes | None, gone: Collection[Place], texts: Mapping[Place, str], columns: Columns) -> bytes:
    """The VML part without the boxes of the ``gone`` notes, and with boxes large enough for these texts.

    A box that is there stays what it is, and only becomes higher where its text needs it.
    """
    content = _empty(len(texts)) if content is None else content
    changes = Splices(content)
    there: set[Place] = set()
    for place, shape in _notes(content):
        there.add(place)
        if place in gone:
            changes.replace(*shape, b"")
        elif place in texts:
            changes.replace(*shape, _higher(content[slice(*shape)], place, texts[place], columns))
    _append(changes, {place: text for place, text in texts.items() if place not in there}, columns)
    return changes.done()


def _empty(shapes: int) -> bytes:
    """A VML part that is to hold so many shapes."""
    blocks = range(1, shapes // _BLOCK + 2)
    return _START % ",".join(map(str, blocks)).encode()


def _notes(content: bytes) -> Iterator[tuple[Place, tuple[int, int]]]:
    """The cells that have a box, and where the boxes stand."""
    for start, end in _shapes(content):
        shape = content[start:end]
        row, column = _ROW.search(shape), _COLUMN.search(shape)
        if _IS_NOTE.search(shape) and row and column:
            yield (int(row[1]), int(column[1])), (start, end)


def _shapes(content: bytes) -> Iterator[tuple[int, int]]:
    start = None
    for tag in _SHAPE_TAG.finditer(content):
        if not tag[1]:
            start = None if tag[0].endswith(b"/>") else tag.start()
        elif start is not None:
            yield start, tag.end()
            start = None


def _append(changes: Splices, texts: Mapping[Place, str], columns: Columns) -> None:
    if not texts:
        return
    content = changes.content
    end, root = content.rfind(b"</xml>"), content.find(b"<xml")
    if min(end, root) < 0:
        raise unsound("drawings of an unknown kind")
    missing = "".join(
        f' xmlns:{prefix}="urn:schemas-microsoft-com:{name}"'
        for prefix, name in _SPACES.items()
        if f"xmlns:{prefix}=".encode() not in content
    )
    changes.insert(root + len("<xml"), missing.encode())
    first = max((int(number) for number in _NUMBER.findall(content)), default=_BLOCK) + 1
    shapes = [_shape(number, *item, columns).encode() for number, item in enumerate(texts.items(), first)]
    known_type = b"" if b'"_x0000_t202"' in content else _TYPE
    changes.insert(end, known_type + b"".join(shapes))


def _shape(number: int, place: Place, text: str, columns: Columns) -> str:
    row, column = place
    height = _height(text)
    anchor = ", ".join(map(str, _anchor(place, height, columns)))
    return (
        f'<v:shape id="_x0000_s{number}" type="#_x0000_t202" style="position:absolute;width:{_WIDTH * 3 // 4}pt;'
        f'height:{height * 3 // 4}pt;z-index:1;visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto">'
        '<v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/>'
        '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>'
        f'<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{anchor}</x:Anchor>'
        f"<x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
    )


def _height(text: str) -> int:
    """The height in pixels of a box for that text."""
    lines = sum(1 + len(line) // _LETTERS_IN_LINE for line in text.split("\n"))
    return min(max(lines, 2), 20) * _LINE + 14


def _anchor(place: Place, height: int, columns: Columns) -> tuple[int, ...]:
    """The box right of the cell: column, pixels into it, row, pixels into it; the same of the opposite corner."""
    row, column = place
    right, into_right = _along(column + 1, 15 + _WIDTH, columns.width)
    bottom, into_bottom = _along(row, 4 + height, lambda index: columns.height(index + 1))
    return column + 1, 15, row, 4, right, into_right, bottom, into_bottom


def _along(index: int, pixels: int, size: Callable[[int], int]) -> tuple[int, int]:
    """The column or row that lies so many pixels after the start of another, and the pixels into it."""
    for _ in range(_MOST_STEPS):
        if pixels <= size(index):
            break
        pixels -= size(index)
        index += 1
    return index, pixels


def _higher(shape: bytes, place: Place, text: str, columns: Columns) -> bytes:
    """The box with its lower edge moved down to where the text ends, if it isn't there yet."""
    anchor = _ANCHOR.search(shape)
    numbers = [int(number) for number in re.findall(rb"-?\d+", anchor[2])] if anchor else []
    if anchor is None or len(numbers) != 8:
        return shape
    lower = _anchor(place, _height(text), columns)[6:]
    if tuple(numbers[6:]) >= lower:
        return shape
    new = ", ".join(map(str, [*numbers[:6], *lower])).encode()
    return shape[: anchor.start(2)] + new + shape[anchor.end(2) :]
