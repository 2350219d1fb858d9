"""The styles of a workbook, with some of ours added: colours for bad cells and results, a date format.

A bad cell gets a fill of ours in place of its own. So that a later report can give the cell its own fill back, our
fill keeps the covered colour as its background colour, which a solid fill doesn't show and Excel keeps. LibreOffice
puts another one there; so the last bits of our colour are a checksum of what it covers, and where that is wrong the
cell is left without a fill once it is mended, as it is where a pattern or gradient was covered.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping

from bulkobj.spreadsheet.ooxml.package_edit import MAIN
from bulkobj.spreadsheet.ooxml.xml_edit import Element, Splices, escaped, parse, prefix_at, unsound, with_attribute

#: A fill of ours is known by its colour: light reds and yellows that no palette offers, differing in their last bits.
ERROR_COLOUR = re.compile(r"FFFEC[8-9A-F]C[0-9A-F]")
WARNING_COLOUR = re.compile(r"FFFEF[0-7]B[0-9A-F]")
_ERROR, _WARNING = 0xFFFEC8C0, 0xFFFEF0B0
_TONE_FILLS = {"good": "FFD8F0DB", "bad": "FFFFD5D9", "neutral": "FFECEFF3"}
_DATE_TIME = "yyyy\\-mm\\-dd\\ hh:mm:ss"
#: What a workbook without any styles of its own looks like.
PLAIN = (
    f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<styleSheet xmlns="{MAIN}">'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
).encode()

_Attributes = tuple[tuple[str, str], ...]
_NO_COLOUR: _Attributes = (("indexed", "64"),)


class _Collection:
    """The entries of one kind as raw XML, old ones and ours; an entry that is there already is used again."""

    def __init__(self, content: bytes, element: Element) -> None:
        self.element = element
        self.entries = [content[child.start : child.end] for child in element.children]
        self.old = len(self.entries)
        self._places = {entry: place for place, entry in reversed(list(enumerate(self.entries)))}

    def add(self, entry: bytes) -> int:
        """The place of that entry, which is put to the end where it isn't there."""
        place = self._places.setdefault(entry, len(self.entries))
        if place == len(self.entries):
            self.entries.append(entry)
        return place

    def write(self, changes: Splices) -> None:
        """Put the new entries into the document."""
        if len(self.entries) > self.old:
            changes.set_attributes(self.element, count=str(len(self.entries)))
            changes.append(self.element, b"".join(self.entries[self.old :]))


class Styles:
    """The styles of a workbook; a style is the number that a cell's ``s`` names.

    CannotAnnotateError where the part isn't built as usual.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._root = parse(content)
        self._prefix = prefix_at(content, self._root.start).decode()
        self._fills = _Collection(content, self._section("fills"))
        self._fonts = _Collection(content, self._section("fonts"))
        self._formats = _Collection(content, self._section("cellXfs"))
        self._number_format = ""
        self._marked: dict[tuple[int, bool], int] = {}
        self._unmarked: dict[int, int] = {}
        self._made: dict[tuple[int, tuple[tuple[str, int], ...]], int] = {}
        if not self._formats.entries:
            raise unsound("no cell formats")
        self._looks = {_look(entry): place for place, entry in reversed(list(enumerate(self._formats.entries)))}

    def _section(self, name: str) -> Element:
        section = self._root.child(name)
        if section is None:
            raise unsound(f"styles without {name}")
        return section

    def marked(self, style: int, *, is_error: bool) -> int:
        """The style with its fill covered by that of an error or a warning."""
        key = style, is_error
        if key not in self._marked:
            own = self.unmarked(style)
            covered = _colour_of(self._fill_of(own)) or _NO_COLOUR
            fill = self._fill(_marking(_ERROR if is_error else _WARNING, covered), covered)
            self._marked[key] = self._with(own, fillId=fill, applyFill=1)
        return self._marked[key]

    def unmarked(self, style: int) -> int:
        """The style with the fill that it had before it was marked; the style itself where it never was."""
        if style not in self._unmarked:
            self._unmarked[style] = self._restored(style)
        return self._unmarked[style]

    def tone(self, tone: str) -> int:
        """The style of a result that is ``good``, ``bad`` or ``neutral``."""
        return self._with(0, fillId=self._fill(_TONE_FILLS[tone], _NO_COLOUR), applyFill=1)

    def date_time(self) -> int:
        """A style that shows a date with its time."""
        return self._with(0, numFmtId=self._date_time_id(), applyNumberFormat=1)

    def bold(self) -> int:
        """A style with bold text, for headings of the summary."""
        first = self._fonts.entries[0] if self._fonts.entries else f"<{self._prefix}font/>".encode()
        return self._with(0, fontId=self._fonts.add(_bold(first, self._prefix)), applyFont=1)

    def done(self) -> bytes:
        """The part with the styles that were asked for."""
        changes = Splices(self._content)
        for collection in (self._fills, self._fonts, self._formats):
            collection.write(changes)
        if self._number_format:
            self._write_number_format(changes)
        return changes.done()

    def _restored(self, style: int) -> int:
        pattern = self._fill_of(style).child("patternFill")
        shown = pattern.child("fgColor") if pattern else None
        colour = shown.attributes.get("rgb", "") if shown else ""
        base = _ERROR if ERROR_COLOUR.fullmatch(colour) else _WARNING if WARNING_COLOUR.fullmatch(colour) else None
        if pattern is None or base is None:
            return style
        background = pattern.child("bgColor")
        covered = tuple(background.attributes.items()) if background else _NO_COLOUR
        is_kept = covered != _NO_COLOUR and _marking(base, covered) == colour
        return self._with(style, fillId=self._solid(covered) if is_kept else 0, applyFill=1)

    def _fill_of(self, style: int) -> Element:
        place = int(_attributes(self._format(style)).get("fillId", "0"))
        if not 0 <= place < len(self._fills.entries):
            raise unsound("a fill that isn't there")
        return parse(self._fills.entries[place])

    def _format(self, style: int) -> bytes:
        if not 0 <= style < len(self._formats.entries):
            raise unsound("a cell format that isn't there")
        return self._formats.entries[style]

    def _with(self, style: int, **values: int) -> int:
        """The style with some of its attributes set; a style that differs only in what is "applied" will do."""
        key = style, tuple(values.items())
        if key not in self._made:
            self._made[key] = self._made_with(style, values)
        return self._made[key]

    def _made_with(self, style: int, values: Mapping[str, int]) -> int:
        entry = self._format(style)
        root = parse(entry)
        tag = entry[: root.opened]
        for name, value in values.items():
            tag = with_attribute(tag, name, str(value))
        wanted = tag + entry[root.opened :]
        look = _look(wanted)
        if look not in self._looks:
            self._looks[look] = self._formats.add(wanted)
        return self._looks[look]

    def _solid(self, colour: _Attributes) -> int:
        """A solid fill of that colour, if possible one that is there."""
        same = (place for place, fill in enumerate(self._fills.entries) if _colour_of(parse(fill)) == colour)
        found = next(same, None)
        return self._fills.add(self._solid_xml(colour, _NO_COLOUR)) if found is None else found

    def _fill(self, colour: str, covered: _Attributes) -> int:
        return self._fills.add(self._solid_xml((("rgb", colour),), covered))

    def _solid_xml(self, colour: _Attributes, background: _Attributes) -> bytes:
        p = self._prefix
        return (
            f'<{p}fill><{p}patternFill patternType="solid"><{p}fgColor{_written(colour)}/>'
            f"<{p}bgColor{_written(background)}/></{p}patternFill></{p}fill>"
        ).encode()

    def _date_time_id(self) -> int:
        """The id of our date format: the one that is there, or one to be added; ids of one's own start at 164."""
        section = self._root.child("numFmts")
        formats = section.children if section else []
        ids = {one.attributes.get("formatCode"): int(one.attributes["numFmtId"]) for one in formats}
        if _DATE_TIME in ids:
            return ids[_DATE_TIME]
        new = max([163, *ids.values()]) + 1
        self._number_format = f'<{self._prefix}numFmt numFmtId="{new}" formatCode="{escaped(_DATE_TIME)}"/>'
        return new

    def _write_number_format(self, changes: Splices) -> None:
        section = self._root.child("numFmts")
        new, p = self._number_format, self._prefix
        if section is None:  # it is the first of all sections
            changes.insert(self._root.opened, f'<{p}numFmts count="1">{new}</{p}numFmts>'.encode())
            return
        changes.set_attributes(section, count=str(len(section.children) + 1))
        changes.append(section, new.encode())


def _attributes(entry: bytes) -> dict[str, str]:
    return parse(entry).attributes


def _look(entry: bytes) -> tuple[frozenset[tuple[str, str]], bytes]:
    """What a format comes to, whatever it says to have applied."""
    root = parse(entry)
    attributes = frozenset(item for item in root.attributes.items() if item[0] != "applyFill")
    return attributes, entry[root.opened : root.close]


def _marking(base: int, covered: _Attributes) -> str:
    """The colour of a fill of ours that covers that colour: seven bits of a checksum in its last two bytes."""
    bits = zlib.crc32(repr(sorted(covered)).encode()) & 0x7F
    return f"{base + ((bits >> 4) << 8) + (bits & 0xF):08X}"


def _colour_of(fill: Element) -> _Attributes | None:
    """The colour of a solid fill; None for any other, and for one without a colour."""
    pattern = fill.child("patternFill")
    if pattern is None or pattern.attributes.get("patternType") != "solid":
        return None
    shown = pattern.child("fgColor")
    return tuple(shown.attributes.items()) if shown and shown.attributes else None


def _written(attributes: _Attributes) -> str:
    return "".join(f' {name}="{escaped(value)}"' for name, value in attributes)


def _bold(font: bytes, prefix: str) -> bytes:
    root = parse(font)
    if root.child("b") is not None:
        return font
    changes = Splices(font)
    if root.close == root.end:
        changes.append(root, f"<{prefix}b/>".encode())
    else:
        changes.insert(root.opened, f"<{prefix}b/>".encode())
    return changes.done()
