"""XML of strangers' workbooks, read as a stream of elements: no document type, so no entities, and no network."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from lxml import etree

from bulkobj.spreadsheet.limits import MAX_TEXT, UnreadableError

Element = Any  # lxml has no public name for the type of its elements

#: Sheets, or relations between parts, that a workbook may have.
MAX_TAGS = 10_000

#: What every message about a damaged workbook ends in.
ADVICE = "Download or export it again, or open it in your spreadsheet program and save it as .xlsx"


def damaged(why: str = "it is incomplete") -> UnreadableError:
    """Return the fault of a workbook that is cut off, altered or made by a faulty program."""
    return UnreadableError(f"the workbook is damaged: {why}. {ADVICE}")


def too_long() -> UnreadableError:
    """Return the fault of a cell with more text than bulkobj reads."""
    return UnreadableError(f"a cell has more than {MAX_TEXT:,} characters. Remove some of its text")


def elements(xml: bytes, *names: str) -> Iterator[Element]:
    """Yield the elements of these local names as they end, whatever their namespace; each is emptied afterwards.

    Raises UnreadableError for XML that isn't well formed or that declares a document type.
    """
    events = etree.iterparse(
        io.BytesIO(xml),
        tag=[f"{{*}}{name}" for name in names],
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    first = True
    try:
        for _, element in events:
            if first:
                _refuse_doctype(element)
                first = False
            yield element
            element.clear(keep_tail=False)
    except (etree.XMLSyntaxError, UnicodeError) as fault:
        if "huge" in str(fault).lower():
            raise too_long() from fault
        raise damaged("its XML is broken") from fault
    if first and events.root is not None:
        _refuse_doctype(events.root)


def _refuse_doctype(element: Element) -> None:
    if element.getroottree().docinfo.doctype:
        raise UnreadableError(f"the workbook declares an XML document type, as no spreadsheet program does. {ADVICE}")


def tags(xml: bytes, *names: str) -> list[tuple[str, dict[str, str]]]:
    """Return the elements of those names, up to :data:`MAX_TAGS`; names and attributes come without namespaces."""
    found: list[tuple[str, dict[str, str]]] = []
    for element in elements(xml, *names):
        found.append((local(element.tag), {local(key): value for key, value in element.items()}))
        if len(found) > MAX_TAGS:
            raise damaged("it has too many parts")
    return found


@lru_cache(maxsize=1000)
def local(name: str) -> str:
    """Return the name without its namespace or prefix."""
    return name.rpartition("}")[2].rpartition(":")[2]


def is_true(text: str | None) -> bool:
    """Return if an XML attribute is a true boolean."""
    return text in {"1", "true"}
