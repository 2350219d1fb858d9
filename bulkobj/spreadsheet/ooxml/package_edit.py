"""A workbook as the parts of a zip file, of which a few are changed or added and the others stay as they are.

How parts name each other (relationships) and say what they are (content types) is told by the Open Packaging
Conventions, ECMA-376 part 2.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from dataclasses import dataclass, field

from bulkobj.spreadsheet.limits import UnreadableError
from bulkobj.spreadsheet.ooxml.package import Package
from bulkobj.spreadsheet.ooxml.xml_edit import CannotAnnotateError, Splices, escaped, parse, prefix_at, unsound

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
_STRICT = b"http://purl.oclc.org/ooxml/"
_TYPES = "[Content_Types].xml"
_NO_RELATIONSHIPS = f'<?xml version="1.0" encoding="UTF-8"?>\n<Relationships xmlns="{_RELATIONSHIPS}"/>'.encode()


@dataclass(frozen=True, slots=True)
class Relationship:
    """What a part refers to: its id there, the last word of the relationship's type, and the other part's name."""

    id: str
    kind: str
    target: str


@dataclass(slots=True)
class Parts:
    """The parts of a workbook: read from its bytes, changed in memory, written to bytes again."""

    content: bytes
    changed: dict[str, bytes] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _infos: list[zipfile.ZipInfo] = field(default_factory=list)

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
        """A part as it is by now; CannotAnnotateError where there is none."""
        name = self._names.get(name.casefold(), name)
        if name in self.changed:
            return self.changed[name]
        return _unpacked(Package(self.content), name)

    def read_xml(self, name: str) -> bytes:
        """A part of the workbook's own markup; CannotAnnotateError for the rare strict variant of it."""
        content = self.read(name)
        if _STRICT in content[:5000]:
            raise CannotAnnotateError('the workbook is saved as "Strict Open XML"; save it as a plain .xlsx')
        return content

    def put(self, name: str, content: bytes) -> None:
        """Set a part's content; a new part goes to the end."""
        name = self._names.setdefault(name.casefold(), name)
        self.changed[name] = content

    def free_name(self, pattern: str) -> str:
        """The first of ``xl/comments1.xml``, ``xl/comments2.xml`` ... that isn't taken, for ``xl/comments{}.xml``."""
        number = 1
        while pattern.format(number) in self:
            number += 1
        return pattern.format(number)

    def relationships(self, part: str) -> list[Relationship]:
        """What the part refers to inside of the workbook; for the part ``""``, what the workbook as a whole does."""
        name = _relationships_of(part)
        if name not in self:
            return []
        found = parse(self.read(name)).all("Relationship")
        inside = [one.attributes for one in found if one.attributes.get("TargetMode") != "External"]
        folder = posixpath.dirname(part)
        return [
            Relationship(one["Id"], one["Type"].rpartition("/")[2], _resolved(folder, one["Target"])) for one in inside
        ]

    def related(self, part: str, kind: str) -> str | None:
        """The name of the first part of that kind that the part refers to."""
        return next((one.target for one in self.relationships(part) if one.kind == kind), None)

    def relate(self, part: str, kind: str, target: str) -> str:
        """Make the part refer to ``target``; the id by which it does."""
        name = _relationships_of(part)
        content = self.read(name) if name in self else _NO_RELATIONSHIPS
        root = parse(content)
        taken = {one.attributes.get("Id") for one in root.all("Relationship")}
        new_id = next(f"rId{number}" for number in range(1, len(taken) + 2) if f"rId{number}" not in taken)
        path = posixpath.relpath(target, posixpath.dirname(part) or ".")
        prefix = prefix_at(content, root.start).decode()
        changes = Splices(content)
        changes.append(
            root, f'<{prefix}Relationship Id="{new_id}" Type="{OFFICE}/{kind}" Target="{escaped(path)}"/>'.encode()
        )
        self.put(name, changes.done())
        return new_id

    def forget_relationships(self, part: str) -> None:
        """Make the part refer to nothing."""
        if _relationships_of(part) in self:
            self.put(_relationships_of(part), _NO_RELATIONSHIPS)

    def declare(self, content_type: str, *, part: str = "", extension: str = "") -> None:
        """Say what a part, or every part whose name ends so, is; what is said already stays."""
        content = self.read(_TYPES)
        root = parse(content)
        tag, key, value = ("Override", "PartName", f"/{part}") if part else ("Default", "Extension", extension)
        if any(one.attributes.get(key, "").casefold() == value.casefold() for one in root.all(tag)):
            return
        prefix = prefix_at(content, root.start).decode()
        changes = Splices(content)
        new = f'<{prefix}{tag} {key}="{escaped(value)}" ContentType="{content_type}"/>'.encode()
        # the Defaults stand before the Overrides in every file that a spreadsheet program writes
        at = root.children[0].start if extension and root.children else root.close
        changes.insert(at, new)
        self.put(_TYPES, changes.done())

    def done(self) -> bytes:
        """The workbook with all changes; a part that wasn't changed keeps its bytes, its place and its date."""
        old = Package(self.content)  # a fresh one: it counts what it unpacks
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
            for info in self._infos:
                data = self.changed.get(info.filename)
                new.writestr(_entry(info.filename, info), _unpacked(old, info.filename) if data is None else data)
            known = {info.filename for info in self._infos}
            for name, data in self.changed.items():
                if name not in known:
                    new.writestr(_entry(name), data)
        return buffer.getvalue()


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
    """The name of the part that a relationship of a part in ``folder`` points at."""
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
