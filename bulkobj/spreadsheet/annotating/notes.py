"""Notes on cells and the boxes in which they appear: those of people kept, ours added, earlier ones of ours removed.

Every line of ours begins with ``bulkobj:``. So it is known again in a note that a person has continued, and in one that
lost its author (LibreOffice keeps none). A threaded comment, whose note is a placeholder by an author ``tc=...``, is
left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from lxml import etree

from bulkobj.spreadsheet.ooxml.cell_xml import MAX_TEXT, xstring
from bulkobj.spreadsheet.ooxml.package_edit import Parts
from bulkobj.spreadsheet.ooxml.xml_tree import (
    MAIN,
    OFFICE,
    CannotAnnotateError,
    Element,
    M,
    parse,
    required,
    unsound,
)
from bulkobj.spreadsheet.table import column_index, column_letters

#: A cell by its row (from 1) and column (from 0).
Place = tuple[int, int]

AUTHOR = "bulkobj"
_OURS = re.compile(r"(?:^|(?<!\n)\n++)bulkobj: [^\n]*")
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})")
_COMMENTS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_VML_TYPE = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_V, _O, _X = (f"urn:schemas-microsoft-com:{name}" for name in ("vml", "office:office", "office:excel"))
_NO_SHAPES = (
    f'<xml xmlns:v="{_V}" xmlns:o="{_O}" xmlns:x="{_X}"><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="{{}}"/>'
    "</o:shapelayout></xml>"
)
_TYPE = (
    f'<v:shapetype xmlns:v="{_V}" xmlns:o="{_O}" id="_x0000_t202" coordsize="21600,21600" o:spt="202" '
    'path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/>'
    '<v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)
_SHAPE = (
    f'<v:shape xmlns:v="{_V}" xmlns:o="{_O}" xmlns:x="{_X}" id="_x0000_s{{number}}" type="#_x0000_t202" '
    'style="position:absolute;width:225pt;height:{height}pt;z-index:1;visibility:hidden" fillcolor="#ffffe1" '
    'o:insetmode="auto"><v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/>'
    '<v:path o:connecttype="none"/><v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div>'
    '</v:textbox><x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
    "<x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
)
_BLOCK = 1024  # numbers of shapes come in blocks; a drawing says which ones it uses
_LINE, _LETTERS_IN_LINE, _MOST_LINES = 13, 44, 20  # points; characters
_NUMBER = re.compile(r"_x0000_s(\d+)")


def note_text(messages: Iterable[str]) -> str:
    """Return our part of a note: a line for each message."""
    lines = (f"{AUTHOR}: " + " ".join(message.split()) for message in dict.fromkeys(messages))
    return "\n".join(lines)[:MAX_TEXT]


def edit_notes(parts: Parts, part: str, sheet: Element, ours: Mapping[Place, str]) -> str | None:
    """Put ``ours`` (made by :func:`note_text`) on the cells of a sheet in place of those of an earlier report.

    Returns the id of a drawing of boxes that the sheet must name, where it names none yet.
    """
    name = next(iter(parts.related(part, "comments")), None)
    if not ours and name is None:
        return None
    root = parts.xml(name) if name else _no_comments()
    notes = _Notes(root, dict(ours))
    if name is None:
        name = parts.free_name("xl/comments{}.xml")
        parts.relate(part, "comments", name)
        parts.declare(_COMMENTS_TYPE, part=name)
        parts.put(name, root)
    elif notes.changed:
        parts.put(name, root)
    drawing = boxes_part(parts, part, sheet)
    if notes.gone or notes.texts:
        shapes = boxes(parts.read(drawing)) if drawing else _no_shapes(len(notes.texts))
        _edit_boxes(shapes, notes)
        if drawing is None:
            drawing = parts.free_name("xl/drawings/vmlDrawing{}.vml")
            parts.declare(_VML_TYPE, extension="vml")
            parts.put(drawing, shapes)
            return parts.relate(part, "vmlDrawing", drawing)
        parts.put(drawing, shapes)
    return None


def boxes_part(parts: Parts, part: str, sheet: Element) -> str | None:
    """Return the name of the part with the boxes of the sheet's notes, and its form controls."""
    named = sheet.find(f"{M}legacyDrawing")
    if named is None:
        return None
    return {one.id: one.target for one in parts.relationships(part)}[named.get(f"{{{OFFICE}}}id", "")]


def boxes(content: bytes) -> Element:
    """Return a drawing of boxes. Excel leaves ``<br>`` open in it, which no XML does."""
    try:
        return parse(re.sub(rb"<br\s*>", b"<br/>", content))
    except CannotAnnotateError as fault:
        raise unsound("drawings of an unknown kind") from fault


def _no_comments() -> Element:
    root = etree.Element(f"{M}comments", nsmap={None: MAIN})
    etree.SubElement(root, f"{M}authors")
    etree.SubElement(root, f"{M}commentList")
    return root


def _no_shapes(shapes: int) -> Element:
    blocks = range(1, shapes // _BLOCK + 2)
    return parse(_NO_SHAPES.format(",".join(map(str, blocks))).encode())


class _Notes:
    """The comments part, edited: cells whose note is gone, and the whole text of the notes that ours are in."""

    def __init__(self, root: Element, ours: dict[Place, str]) -> None:
        self.changed = False
        self.gone: set[Place] = set()
        self.texts: dict[Place, str] = {}
        authors = required(root, "authors", "comments")
        notes = required(root, "commentList", "comments")
        names = [author.text or "" for author in authors]
        for note in list(notes.iterchildren(f"{M}comment")):
            author = int(note.get("authorId", "0"))
            self._edit(note, ours, is_threaded=author < len(names) and names[author].startswith("tc="))
        if ours:
            self._append(authors, notes, names, ours)

    def _edit(self, note: Element, ours: dict[Place, str], *, is_threaded: bool) -> None:
        """Take our lines out of a note, and put the new ones in."""
        place = cell_place(note.get("ref", ""))
        if is_threaded:
            ours.pop(place, None)
            return
        text = required(note, "text", "a comment")
        whole = "".join(piece.text or "" for piece in _pieces(text))
        has_ours = _OURS.search(whole) is not None
        if not (has_ours or place in ours):
            return
        self.changed = True
        if not _OURS.sub("", whole).strip():
            _remove(note)
            if place not in ours:
                self.gone.add(place)
        else:
            for piece in list(_pieces(text)):
                _take_out(piece)
            if place in ours:
                added = f"\n\n{ours.pop(place)}"
                _add_run(text, added)
                self.texts[place] = "".join(piece.text or "" for piece in _pieces(text))

    def _append(self, authors: Element, notes: Element, names: list[str], ours: dict[Place, str]) -> None:
        """Add notes on cells that have none."""
        self.changed = True
        if AUTHOR not in names:
            names.append(AUTHOR)
            etree.SubElement(authors, f"{M}author").text = AUTHOR
        author = str(names.index(AUTHOR))
        for (row, column), text in sorted(ours.items()):
            place = f"{column_letters(column)}{row}"
            note = etree.SubElement(notes, f"{M}comment", {"ref": place, "authorId": author})
            etree.SubElement(note, f"{M}text").append(_run(text))
        self.texts |= ours


def _pieces(text: Element) -> Iterator[Element]:
    """Yield the ``<t>`` of a note's text: a bare one, or those of its runs."""
    yield from text.iterfind(f"{M}t")
    yield from text.iterfind(f"{M}r/{M}t")


def _take_out(piece: Element) -> None:
    left = _OURS.sub("", piece.text or "")
    if left == (piece.text or ""):
        return
    piece.text = left
    piece.set(_SPACE, "preserve")
    parent = piece.getparent()
    if not left and parent is not None and parent.tag == f"{M}r":
        _remove(parent)


def _add_run(text: Element, added: str) -> None:
    """Add a run to the others; a bare ``<t>`` becomes a run, because a text is either bare or made of runs."""
    bare = text.find(f"{M}t")
    if bare is not None:
        run = etree.Element(f"{M}r")
        text.replace(bare, run)
        run.append(bare)
    runs = text.findall(f"{M}r")
    if not runs:
        raise unsound("a comment without text")
    runs[-1].addnext(_run(added))


def _run(text: str) -> Element:
    run = etree.Element(f"{M}r", nsmap={None: MAIN})
    look = etree.SubElement(run, f"{M}rPr")
    for name, value in (("sz", {"val": "9"}), ("color", {"indexed": "81"}), ("rFont", {"val": "Tahoma"})):
        etree.SubElement(look, M + name, value)
    etree.SubElement(look, f"{M}family", {"val": "2"})
    etree.SubElement(run, f"{M}t", {_SPACE: "preserve"}).text = xstring(text)
    return run


def _remove(element: Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def cell_place(reference: str) -> Place:
    """Return the row and column that a reference such as ``$B$5`` names."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise unsound("a comment on no cell")
    return int(match[2]), column_index(match[1])


def _edit_boxes(root: Element, notes: _Notes) -> None:
    """Remove the boxes of notes that are gone; give the others a box that is large enough."""
    if root.tag != "xml":
        raise unsound("drawings of an unknown kind")
    missing = dict(notes.texts)
    for shape in list(root.iterchildren(f"{{{_V}}}shape")):
        place = _note_of(shape)
        if place in notes.gone:
            _remove(shape)
        elif place is not None and place in missing:
            _heighten(shape, missing.pop(place))
    content = etree.tostring(root, encoding="unicode")
    first = max((int(number) for number in _NUMBER.findall(content)), default=_BLOCK) + 1
    if missing and '"_x0000_t202"' not in content:
        root.append(parse(_TYPE.encode()))
    for number, ((row, column), text) in enumerate(missing.items(), first):
        markup = _SHAPE.format(number=number, height=_height(text), row=row - 1, column=column)
        root.append(parse(markup.encode()))


def _note_of(shape: Element) -> Place | None:
    """Return the cell whose note the shape is the box of; None for any other shape."""
    data = shape.find(f"{{{_X}}}ClientData[@ObjectType='Note']")
    row, column = ("", "") if data is None else (data.findtext(f"{{{_X}}}{name}", "") for name in ("Row", "Column"))
    return (int(row) + 1, int(column)) if row.strip().isdecimal() and column.strip().isdecimal() else None


def _height(text: str) -> int:
    """Return the height in points of a box for that text."""
    lines = sum(1 + len(line) // _LETTERS_IN_LINE for line in text.split("\n"))
    return min(max(lines, 2), _MOST_LINES) * _LINE + 10


def _heighten(shape: Element, text: str) -> None:
    """Move the lower edge of a person's box down to where the text ends; rows are as high as a line, or higher."""
    anchor = shape.find(f"{{{_X}}}ClientData/{{{_X}}}Anchor")
    corners = [] if anchor is None else re.findall(r"-?\d+", anchor.text or "")
    if anchor is None or len(corners) != 8:
        return
    lines = _height(text) // _LINE
    if int(corners[6]) - int(corners[2]) < lines:
        corners[6] = str(int(corners[2]) + lines)
        anchor.text = ", ".join(corners)
