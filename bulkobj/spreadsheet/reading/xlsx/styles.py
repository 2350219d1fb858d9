"""Cell styles of an .xlsx workbook: number formats, and which styles strike text out."""

from __future__ import annotations

from dataclasses import dataclass, field

from bulkobj.spreadsheet.ooxml.xml_reader import Element, elements, local
from bulkobj.spreadsheet.reading.number_format.number_format import GENERAL, NumberFormat, built_in, parse


@dataclass(slots=True)
class Styles:
    """The number format of each cell style by its index, and the indexes of styles that strike text out."""

    formats: list[NumberFormat] = field(default_factory=list)
    struck: set[int] = field(default_factory=set)

    def format(self, style: str | None) -> NumberFormat:
        """Return the format of a cell's ``s`` attribute; General if there is no such style."""
        index = int(style) if style and style.isdecimal() else 0
        return self.formats[index] if index < len(self.formats) else parse(GENERAL)


def read_styles(xml: bytes) -> Styles:
    """Read ``styles.xml``."""
    styles = Styles()
    codes: dict[str, NumberFormat] = {}
    struck_fonts: set[str] = set()
    fonts = 0
    for element in elements(xml, "numFmt", "font", "xf"):
        parent = element.getparent()
        match local(element.tag), local(parent.tag) if parent is not None else "":
            case "numFmt", "numFmts":
                codes[element.get("numFmtId", "")] = parse(element.get("formatCode", ""))
            case "font", "fonts":
                if is_struck(element):
                    struck_fonts.add(str(fonts))
                fonts += 1
            case "xf", "cellXfs":
                if element.get("fontId") in struck_fonts:
                    styles.struck.add(len(styles.formats))
                number = element.get("numFmtId", "0")
                known = codes.get(number)
                styles.formats.append(known or built_in(int(number) if number.isdecimal() else 0))
    return styles


def is_struck(properties: Element) -> bool:
    """Return if a font, or the properties of a run of text, strike it out."""
    return any(local(one.tag) == "strike" and one.get("val", "1") not in {"0", "false"} for one in properties)
