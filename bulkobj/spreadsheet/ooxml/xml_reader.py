"""XML of strangers' workbooks, read as a stream of events: no document type, so no entities, and UTF-8 only."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NoReturn
from xml.parsers import expat

from bulkobj.spreadsheet.limits import UnreadableError

#: Sheets, or relations between parts, that a workbook may have.
MAX_TAGS = 10_000

Attributes = dict[str, str]

#: What every message about a damaged workbook ends in.
ADVICE = "Download or export it again, or open it in your spreadsheet program and save it as .xlsx"


def damaged() -> UnreadableError:
    """The fault of a workbook that is cut off, altered or made by a faulty program."""
    return UnreadableError(f"the workbook is damaged or incomplete. {ADVICE}")


def parse(
    data: bytes,
    start: Callable[[str, Attributes], None] | None = None,
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Call back for each start tag (name, attributes), end tag (name) and piece of text, in the document's order.

    Names come with their prefixes. Raises UnreadableError for XML that isn't well formed, that declares a document
    type, or that isn't UTF-8.
    """
    parser = expat.ParserCreate("UTF-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.XmlDeclHandler = _refuse_encoding
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    try:
        parser.Parse(data, True)  # noqa: FBT003 - expat takes it by position only
    except (expat.ExpatError, ValueError) as fault:
        raise damaged() from fault


def tags(data: bytes, *names: str) -> list[tuple[str, Attributes]]:
    """The start tags of those names, up to :data:`MAX_TAGS`: names and attributes come without their prefixes."""
    found: list[tuple[str, Attributes]] = []

    def start(name: str, attributes: Attributes) -> None:
        if local(name) in names:
            found.append((local(name), {local(key): value for key, value in attributes.items()}))
            if len(found) > MAX_TAGS:
                raise damaged()

    parse(data, start)
    return found


@lru_cache(maxsize=1000)
def local(name: str) -> str:
    """The name without its prefix."""
    return name.rpartition(":")[2]


def _refuse_doctype(*_: object) -> NoReturn:
    raise UnreadableError(f"the workbook declares an XML document type, which no spreadsheet program does. {ADVICE}")


def _refuse_encoding(_version: str, encoding: str | None, _standalone: int) -> None:
    if encoding and encoding.lower() not in ("utf-8", "utf8", "us-ascii"):
        raise damaged()
