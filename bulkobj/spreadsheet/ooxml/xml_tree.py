"""XML parts of a workbook as lxml trees: parsed with entities and network off, written so that the rest stays.

lxml keeps unused namespace prefixes (``mc:Ignorable`` names some), the order of attributes and white space.
"""

from __future__ import annotations

from typing import TypeAlias

from lxml import etree

#: lxml has no public name for the type that its public functions return.
Element: TypeAlias = etree._Element

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#: Prefix of names in SpreadsheetML, as lxml writes them.
M = f"{{{MAIN}}}"
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_STRICT = b"http://purl.oclc.org/ooxml/"


class CannotAnnotateError(Exception):
    """The workbook can't be annotated soundly, or not in reasonable time. The text says why, in an admin's words."""


def unsound(what: str) -> CannotAnnotateError:
    """Return the error for a workbook that isn't built as bulkobj expects."""
    return CannotAnnotateError(f"the workbook is built in an unusual way ({what})")


def parse(content: bytes) -> Element:
    """Return the root of a part; CannotAnnotateError for damaged XML, a document type or another encoding."""
    if b"<!DOCTYPE" in content:
        raise unsound("a document type")
    if _STRICT in content[:5000]:
        raise CannotAnnotateError('the workbook is saved as "Strict Open XML"; save it as a plain .xlsx')
    try:
        root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as fault:
        raise unsound("damaged XML") from fault
    info = root.getroottree().docinfo
    if info.doctype:
        raise unsound("a document type")
    if (info.encoding or "UTF-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        raise unsound(f"encoded as {info.encoding}")
    return root


def serialized(root: Element) -> bytes:
    """Return the part's bytes."""
    return _DECLARATION + etree.tostring(root, encoding="UTF-8", with_tail=False)


def local(element: Element) -> str:
    """Return the element's name without its namespace; empty for comments and processing instructions."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def required(root: Element, name: str, what: str) -> Element:
    """Return the child of that SpreadsheetML name; CannotAnnotateError where there is none."""
    found = root.find(M + name)
    if found is None:
        raise unsound(f"{what} without {name}")
    return found
