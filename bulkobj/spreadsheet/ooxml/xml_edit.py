"""XML changed in place: a real parser says where things stand, and only those bytes are replaced.

Writing a document anew from a tree loses what the tree doesn't hold: unused namespace prefixes that an ``Ignorable``
attribute speaks of, the order of attributes, white space. Here everything that isn't meant to change stays, byte for
byte. Names are local ones, without a prefix; new elements take the prefix of those around them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

_TAG = re.compile(rb"""<[^<>"']*+(?:(?:"[^"]*+"|'[^']*+')[^<>"']*+)*+>""")
_NAME = re.compile(rb"</?([^\s/>]+)")
_ATTRIBUTE = re.compile(rb"""(?<!\s)\s++([^\s=<>/"']+)\s*=\s*("[^"]*"|'[^']*')""")
_ENCODINGS = ("utf-8", "utf8", "us-ascii")


class CannotAnnotateError(Exception):
    """The workbook can't be annotated soundly, or not in reasonable time; its text says why, in an admin's words."""


def unsound(what: str) -> CannotAnnotateError:
    """The fault of a workbook that isn't built as bulkobj expects."""
    return CannotAnnotateError(f"the workbook is built in an unusual way ({what})")


@dataclass(slots=True)
class Element:
    """An element of a document, and where it stands: its tag from ``start`` to ``opened``, its end tag from ``close``.

    An element without content, ``<a/>``, has ``close == end``.
    """

    name: str
    attributes: dict[str, str]
    start: int
    opened: int
    close: int = 0
    end: int = 0
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def child(self, name: str) -> Element | None:
        """The first child of that name."""
        return next((child for child in self.children if child.name == name), None)

    def all(self, name: str) -> list[Element]:
        """The children of that name."""
        return [child for child in self.children if child.name == name]

    def walk(self) -> Iterator[Element]:
        """The element and all that it holds, in the document's order."""
        left = [self]
        while left:
            element = left.pop()
            yield element
            left += reversed(element.children)


def parse(content: bytes) -> Element:
    """The document as a tree; CannotAnnotateError where it isn't well-formed XML in UTF-8 without a document type."""
    root = Element("", {}, 0, 0)
    stack = [root]

    def start(name: str, attributes: dict[str, str]) -> None:
        at = parser.CurrentByteIndex
        plain = {local(key): value for key, value in attributes.items()}
        element = Element(local(name), plain, at, tag_end(content, at))
        stack[-1].children.append(element)
        stack.append(element)

    def end(_: str) -> None:
        element = stack.pop()
        empty = content[element.opened - 2 : element.opened] == b"/>"
        element.close = element.opened if empty else parser.CurrentByteIndex
        element.end = element.opened if empty else tag_end(content, element.close)

    def text(piece: str) -> None:
        stack[-1].text += piece

    parser = new_parser(start, end)
    parser.CharacterDataHandler = text
    run(parser, content)
    return root.children[0]


def new_parser(start: Callable[[str, dict[str, str]], None], end: Callable[[str], None]) -> expat.XMLParserType:
    """A parser that refuses what no spreadsheet program writes."""
    parser = expat.ParserCreate("UTF-8")  # places are counted in the document's own bytes
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.XmlDeclHandler = _check_encoding
    return parser


def run(parser: expat.XMLParserType, content: bytes) -> None:
    """Parse the whole content; CannotAnnotateError where it isn't well formed."""
    try:
        parser.Parse(content, True)  # noqa: FBT003 - expat takes it by position only
    except expat.ExpatError as fault:
        raise unsound("damaged XML") from fault


def _refuse_doctype(*_: object) -> NoReturn:
    raise unsound("a document type")


def _check_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding and encoding.lower() not in _ENCODINGS:
        raise unsound(f"encoded as {encoding}")


def local(name: str) -> str:
    """The name without its prefix."""
    return name.rpartition(":")[2]


def tag_end(content: bytes, at: int) -> int:
    """Where the tag that begins at ``at`` ends; a ``>`` inside of quotation marks doesn't end it."""
    match = _TAG.match(content, at)
    if match is None:
        raise unsound("a tag without an end")
    return match.end()


def prefix_at(content: bytes, at: int) -> bytes:
    """The prefix, its colon included, of the element that begins at ``at``."""
    match = _NAME.match(content, at)
    return b"" if match is None or b":" not in match[1] else match[1].partition(b":")[0] + b":"


@dataclass(slots=True)
class Splices:
    """Changes to a document, collected and then made in one go."""

    content: bytes
    _edits: list[tuple[int, int, bytes]] = field(default_factory=list)

    def replace(self, start: int, end: int, new: bytes) -> None:
        """Put ``new`` in place of the bytes from ``start`` to ``end``."""
        self._edits.append((start, end, new))

    def insert(self, at: int, new: bytes) -> None:
        """Put ``new`` before the byte at ``at``; several at one place keep the order in which they were asked for."""
        self.replace(at, at, new)

    def set_attributes(self, element: Element, **values: str) -> None:
        """Give the element these attributes, in place of those of the same names."""
        tag = self.content[element.start : element.opened]
        for name, value in values.items():
            tag = with_attribute(tag, name, value)
        self.replace(element.start, element.opened, tag)

    def append(self, element: Element, new: bytes) -> None:
        """Put ``new`` at the end of the element's content."""
        if element.close != element.end:
            self.insert(element.close, new)
            return
        tag = self.content[element.start : element.opened]
        name = _NAME.match(tag)
        close = b"</" + (name[1] if name else b"") + b">"
        self.replace(element.opened - 2, element.opened, b">" + new + close)

    def done(self) -> bytes:
        """The changed document."""
        pieces: list[bytes] = []
        position = 0
        for start, end, new in sorted(self._edits, key=lambda edit: edit[:2]):
            if start < position:
                raise unsound("changes that overlap")
            pieces += self.content[position:start], new
            position = end
        return b"".join([*pieces, self.content[position:]])


def with_attribute(tag: bytes, name: str, value: str | None) -> bytes:
    """The start tag with the attribute set to ``value`` (XML's special characters escaped), or taken out for None."""
    new = b"" if value is None else f' {name}="{escaped(value)}"'.encode()
    for match in _ATTRIBUTE.finditer(tag):
        if match[1] == name.encode():
            return tag[: match.start()] + new + tag[match.end() :]
    at = len(tag) - (2 if tag.endswith(b"/>") else 1)
    return tag[:at].rstrip() + new + tag[at:]


def escaped(text: str) -> str:
    """The text as it stands in XML, in content and in a quoted attribute."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
