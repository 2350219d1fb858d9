"""The styles of the admin's workbook, with ours added: fills of marked cells and results, a date format.

A marked cell gets a fill of ours in place of its own. A later report must give the cell its own fill back, so our fill
keeps the covered colour as its background colour: a solid fill doesn't show it, and Excel keeps it, but LibreOffice
doesn't. So the last bits of our colour are a checksum of the covered one. Where the checksum is wrong, or a pattern or
gradient was covered, the cell is left without a fill once it is fixed.
"""

from __future__ import annotations

import copy
import re
import zlib
from collections.abc import Mapping
from functools import cached_property

from lxml import etree

from bulkobj.spreadsheet.ooxml.xml_tree import MAIN, Element, M, required, unsound
from bulkobj.spreadsheet.writing import styles as looks

#: A fill of ours is known by its colour: light reds and yellows that no palette offers, differing in their last bits.
ERROR_COLOUR = re.compile(r"FFFEC[8-9A-F]C[0-9A-F]")
WARNING_COLOUR = re.compile(r"FFFEF[0-7]B[0-9A-F]")
#: A workbook's styles where it has none.
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
_NO_COLOUR = {"indexed": "64"}
_FIRST_OWN_FORMAT = 164


class _Collection:
    """The entries of one kind. An entry that is there already is used again."""

    def __init__(self, section: Element) -> None:
        self._section = section
        self.entries = [entry for entry in section if isinstance(entry.tag, str)]
        self._places = {_key(entry): place for place, entry in reversed(list(enumerate(self.entries)))}

    def add(self, entry: Element) -> int:
        """Return the entry's place; it is appended where it isn't there."""
        place = self._places.setdefault(_key(entry), len(self.entries))
        if place == len(self.entries):
            self.entries.append(entry)
            self._section.append(entry)
            self._section.set("count", str(len(self.entries)))
        return place


class Styles:
    """The styles part of a workbook. A style is the number that a cell's ``s`` names.

    Raises CannotAnnotateError where the part isn't built as usual.
    """

    def __init__(self, root: Element) -> None:
        self.root = root
        self._fills = _Collection(required(root, "fills", "styles"))
        self._fonts = _Collection(required(root, "fonts", "styles"))
        self._formats = _Collection(required(root, "cellXfs", "styles"))
        self._marked: dict[tuple[int, bool], int] = {}
        self._unmarked: dict[int, int] = {}
        if not self._formats.entries:
            raise unsound("no cell formats")

    def marked(self, style: int, *, is_error: bool) -> int:
        """Return the style with its fill covered by that of an error or a warning."""
        key = style, is_error
        if key not in self._marked:
            own = self.unmarked(style)
            covered = _colour_of(self._fill_of(own)) or _NO_COLOUR
            colour = _marking(looks.ERROR if is_error else looks.WARNING, covered)
            self._marked[key] = self._with(own, fillId=self._fills.add(_solid({"rgb": colour}, covered)), applyFill=1)
        return self._marked[key]

    def unmarked(self, style: int) -> int:
        """Return the style with the fill that it had before it was marked; the style itself where it never was."""
        if style not in self._unmarked:
            self._unmarked[style] = self._restored(style)
        return self._unmarked[style]

    def look(self, name: str) -> int:
        """Return the style of a cell of ours: a tone, ``date``, ``wrap``, ``title``, ``heading``, ``link`` or ""."""
        if name in looks.TONES:
            return self._with(0, fillId=self._fills.add(_solid({"rgb": looks.TONES[name]}, _NO_COLOUR)), applyFill=1)
        match name:
            case "date":
                return self._with(0, numFmtId=self._date_format, applyNumberFormat=1)
            case "wrap":
                return self._with(0, applyAlignment=1, alignment={"wrapText": "1", "vertical": "top"})
            case "title" | "heading":
                return self._with(0, fontId=self._fonts.add(self._font(b={})), applyFont=1)
            case "link":
                font = self._font(u={}, color={"rgb": looks.LINK_COLOUR})
                return self._with(0, fontId=self._fonts.add(font), applyFont=1)
        return 0

    def _restored(self, style: int) -> int:
        fill = self._fill_of(style)
        shown = fill.find(f"{M}patternFill/{M}fgColor")
        colour = "" if shown is None else shown.get("rgb", "")
        base = looks.ERROR if ERROR_COLOUR.fullmatch(colour) else looks.WARNING
        if base == looks.WARNING and not WARNING_COLOUR.fullmatch(colour):
            return style
        background = fill.find(f"{M}patternFill/{M}bgColor")
        covered = dict(background.attrib) if background is not None else _NO_COLOUR
        is_kept = covered != _NO_COLOUR and _marking(base, covered) == colour
        return self._with(style, fillId=self._own_fill(covered) if is_kept else 0, applyFill=1)

    def _own_fill(self, colour: Mapping[str, str]) -> int:
        """Return a solid fill of that colour, if possible one that is there."""
        same = (place for place, fill in enumerate(self._fills.entries) if _colour_of(fill) == colour)
        found = next(same, None)
        return self._fills.add(_solid(colour, _NO_COLOUR)) if found is None else found

    def _fill_of(self, style: int) -> Element:
        place = int(self._format(style).get("fillId", "0"))
        if not 0 <= place < len(self._fills.entries):
            raise unsound("a fill that isn't there")
        return self._fills.entries[place]

    def _format(self, style: int) -> Element:
        if not 0 <= style < len(self._formats.entries):
            raise unsound("a cell format that isn't there")
        return self._formats.entries[style]

    def _with(self, style: int, *, alignment: Mapping[str, str] | None = None, **values: int) -> int:
        """Return the style with some of its attributes set."""
        entry = copy.deepcopy(self._format(style))
        entry.tail = None
        for name, value in values.items():
            entry.set(name, str(value))
        if alignment is not None:
            for old in entry.findall(f"{M}alignment"):
                entry.remove(old)
            entry.insert(0, etree.Element(f"{M}alignment", dict(alignment)))
        return self._formats.add(entry)

    def _font(self, **parts: Mapping[str, str]) -> Element:
        """Return the usual font with these properties, such as ``b={}`` for bold."""
        font = copy.deepcopy(self._fonts.entries[0]) if self._fonts.entries else etree.Element(f"{M}font")
        for name, attributes in parts.items():
            for old in font.findall(M + name):
                font.remove(old)
            new = etree.Element(M + name, dict(attributes))
            # the schema wants this order; Excel calls a file with another one damaged
            before = [i for i, one in enumerate(font) if _FONT.index(etree.QName(one).localname) < _FONT.index(name)]
            font.insert(before[-1] + 1 if before else 0, new)
        return font

    @cached_property
    def _date_format(self) -> int:
        """The id of our date format: the one that is there, or a new one."""
        section = self.root.find(f"{M}numFmts")
        if section is None:
            section = etree.Element(f"{M}numFmts")
            self.root.insert(0, section)
        ids = {one.get("formatCode"): int(one.attrib["numFmtId"]) for one in section}
        if looks.DATE_TIME not in ids:
            ids[looks.DATE_TIME] = max([_FIRST_OWN_FORMAT - 1, *ids.values()]) + 1
            attributes = {"numFmtId": str(ids[looks.DATE_TIME]), "formatCode": looks.DATE_TIME}
            etree.SubElement(section, f"{M}numFmt", attributes)
            section.set("count", str(len(section)))
        return ids[looks.DATE_TIME]


_FONT = (
    *("b", "i", "strike", "condense", "extend", "outline", "shadow", "u", "vertAlign", "sz", "color"),
    *("name", "family", "charset", "scheme"),
)


def _key(entry: Element) -> object:
    """Return what an entry comes to. A format's ``applyFill`` says nothing that its fill doesn't."""
    attributes = frozenset((name, value) for name, value in entry.attrib.items() if name != "applyFill")
    return entry.tag, attributes, (entry.text or "").strip(), tuple(_key(child) for child in entry)


def _marking(base: str, covered: Mapping[str, str]) -> str:
    """Return the colour of a fill of ours that covers that colour: seven bits of a checksum in its last two bytes."""
    bits = zlib.crc32(repr(sorted(covered.items())).encode()) & 0x7F
    return f"{int(base, 16) + ((bits >> 4) << 8) + (bits & 0xF):08X}"


def _colour_of(fill: Element) -> Mapping[str, str] | None:
    """Return the colour of a solid fill; None for any other, and for one without a colour."""
    pattern = fill.find(f"{M}patternFill")
    shown = None if pattern is None or pattern.get("patternType") != "solid" else pattern.find(f"{M}fgColor")
    return None if shown is None or not shown.attrib else dict(shown.attrib)


def _solid(colour: Mapping[str, str], background: Mapping[str, str]) -> Element:
    fill = etree.Element(f"{M}fill")
    pattern = etree.SubElement(fill, f"{M}patternFill", {"patternType": "solid"})
    etree.SubElement(pattern, f"{M}fgColor", dict(colour))
    etree.SubElement(pattern, f"{M}bgColor", dict(background))
    return fill
