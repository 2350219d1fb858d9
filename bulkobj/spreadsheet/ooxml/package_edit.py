"""A workbook as the parts of a zip file: some are changed or added, the others keep their bytes.

Relationships and content types are defined by the Open Packaging Conventions, ECMA-376 part 2.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from dataclasses import dataclass, field

from lxml import etree

from bulkobj.spreadsheet.limits import UnreadableError
from bulkobj.spreadsheet.ooxml.package import Package
from bulkobj.spreadsheet.ooxml.xml_tree import OFFICE, CannotAnnotateError, Element, parse, serialized, unsound

_RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
_CONTENT_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_TYPES = "[Content_Types].xml"


@dataclass(frozen=True, slots=True)
class Relationship:
    """A reference to another part: its id, the last word of its type, and the other part's name."""

    id: str
    kind: str
    target: str


@dataclass(slots=True)
class Parts:
    """The parts of a workbook: read from its bytes, changed in memory, written to bytes again."""

    content: bytes
    _changed: dict[str, bytes] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _infos: list[zipfile.ZipInfo] = field(default_factory=list)
    _gone: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Open the workbook; CannotAnnotateError where it isn't a zip file, or is signed."""
        try:
            with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
                self._infos = archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError) as fault:
            raise CannotAnnotateError("the workbook is damaged") from fault
        self._names = {info.filename.lstrip("/").casefold(): info.filename for info in self._infos}
        if len(self._names) < len(self._infos):
            raise unsound("two parts of one name")
        if any(name.startswith("_xmlsignatures/") for name in self._names):
            raise CannotAnnotateError("the workbook is digitally signed, and a change would break the signature")

    def __contains__(self, name: str) -> bool:
        return name.casefold() in self._names

    def read(self, name: str) -> bytes:
        """Return a part as it is by now; CannotAnnotateError where there is none."""
        name = self._names.get(name.casefold(), name)
        return self._changed[name] if name in self._changed else _unpacked(Package(self.content), name)

    def xml(self, name: str) -> Element:
        """Return the root of an XML part; :meth:`put` takes it back when it was changed."""
        return parse(self.read(name))

    def put(self, name: str, content: bytes | Element) -> None:
        """Set a part's content; a new part goes to the end."""
        name = self._names.setdefault(name.casefold(), name)
        self._changed[name] = content if isinstance(content, bytes) else serialized(content)

    def free_name(self, pattern: str) -> str:
        """Return the first free name of ``xl/comments1.xml``, ``xl/comments2.xml`` ... for ``xl/comments{}.xml``."""
        number = 1
        while pattern.format(number) in self:
            number += 1
        return pattern.format(number)

    def relationships(self, part: str) -> list[Relationship]:
        """Return the part's references inside of the workbook; the part ``""`` is the workbook as a whole."""
        name = _relationships_of(part)
        if name not in self:
            return []
        folder = posixpath.dirname(part)
        found = [one.attrib for one in self.xml(name).iterchildren("{*}Relationship")]
        return [
            Relationship(one["Id"], one["Type"].rpartition("/")[2], _resolved(folder, one["Target"]))
            for one in found
            if one.get("TargetMode") != "External"
        ]

    def related(self, part: str, *kinds: str) -> list[str]:
        """Return the names of the parts of those kinds that the part refers to."""
        return [one.target for one in self.relationships(part) if one.kind in kinds]

    def relate(self, part: str, kind: str, target: str) -> str:
        """Make the part refer to ``target``; returns the id of the reference."""
        name = _relationships_of(part)
        root = self.xml(name) if name in self else _no_relationships()
        taken = {one.get("Id") for one in root}
        new_id = next(f"rId{number}" for number in range(1, len(taken) + 2) if f"rId{number}" not in taken)
        path = posixpath.relpath(target, posixpath.dirname(part) or ".")
        tag = etree.QName(root).namespace or _RELATIONSHIPS
        etree.SubElement(root, f"{{{tag}}}Relationship", {"Id": new_id, "Type": f"{OFFICE}/{kind}", "Target": path})
        self.put(name, root)
        return new_id

    def forget_relationships(self, part: str) -> None:
        """Remove all references of the part."""
        if _relationships_of(part) in self:
            self.put(_relationships_of(part), _no_relationships())

    def remove(self, part: str, target: str) -> None:
        """Remove a part, and the reference of another part to it."""
        self._gone.add(self._names.pop(target.casefold(), target))
        for name, key in ((_relationships_of(part), "Target"), (_TYPES, "PartName")):
            root = self.xml(name)
            folder = posixpath.dirname(part) if key == "Target" else ""
            for one in list(root):
                if _resolved(folder, one.get(key, "?")).casefold() == target.casefold():
                    root.remove(one)
            self.put(name, root)

    def declare(self, content_type: str, *, part: str = "", extension: str = "") -> None:
        """Set the content type of a part, or of every part with that extension, unless it has one."""
        root = self.xml(_TYPES)
        tag, key, value = ("Override", "PartName", f"/{part}") if part else ("Default", "Extension", extension)
        if any(one.get(key, "").casefold() == value.casefold() for one in root.iterchildren(f"{{*}}{tag}")):
            return
        new = etree.Element(f"{{{_CONTENT_TYPES}}}{tag}", {key: value, "ContentType": content_type})
        # programs write the Defaults before the Overrides
        root.insert(len(root) if part else 0, new)
        self.put(_TYPES, root)

    def done(self) -> bytes:
        """Return the workbook with all changes; other parts keep their bytes, their place and their date."""
        old = Package(self.content)  # a fresh one: it counts what it unpacks
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
            for info in self._infos:
                if info.filename in self._gone:
                    continue
                data = self._changed.get(info.filename)
                new.writestr(_entry(info.filename, info), _unpacked(old, info.filename) if data is None else data)
            known = {info.filename for info in self._infos}
            for name, data in self._changed.items():
                if name not in known:
                    new.writestr(_entry(name), data)
        return buffer.getvalue()


def _no_relationships() -> Element:
    return etree.Element(f"{{{_RELATIONSHIPS}}}Relationships", nsmap={None: _RELATIONSHIPS})


def _unpacked(package: Package, name: str) -> bytes:
    try:
        return package.read(name.lstrip("/"))
    except UnreadableError as fault:
        raise CannotAnnotateError(str(fault)) from fault


def _entry(name: str, like: zipfile.ZipInfo | None = None) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, like.date_time if like else (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED if like is None else like.compress_type
    entry.external_attr = like.external_attr if like else 0o600 << 16
    return entry


def _relationships_of(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def _resolved(folder: str, target: str) -> str:
    """Return the name of the part that a relationship of a part in ``folder`` points at."""
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
