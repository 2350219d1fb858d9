"""Notes on cells: those of people kept, ours added, and ours of an earlier report taken away.

Every line of ours begins with ``bulkobj:``, so that it is known again even in a note that a person has gone on writing,
and in one whose author was lost: LibreOffice keeps no authors.
A note without any other line than ours goes when its cell is mended. Threaded comments (whose note is only a
placeholder, by an author ``tc=...``) are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bulkobj.spreadsheet.annotating.note_boxes import Place
from bulkobj.spreadsheet.ooxml.cell_xml import MAX_TEXT, column_letters, text_xml
from bulkobj.spreadsheet.ooxml.package_edit import MAIN
from bulkobj.spreadsheet.ooxml.xml_edit import Element, Splices, escaped, parse, prefix_at, unsound
from bulkobj.spreadsheet.table import column_index

AUTHOR = "bulkobj"
_OURS = re.compile(r"(?:^|(?<!\n)\n++)bulkobj: [^\n]*")
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})")
_EMPTY = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<comments xmlns="{MAIN}"><authors/><commentList/></comments>'.encode()
)


@dataclass(slots=True)
class EditedNotes:
    """The comments part; the cells whose note is gone; and the whole text of the notes that ours are in."""

    content: bytes = b""
    gone: set[Place] = field(default_factory=set)
    texts: dict[Place, str] = field(default_factory=dict)


def note_text(messages: Iterable[str]) -> str:
    """Our part of a note: a line for each message."""
    lines = (f"{AUTHOR}: " + " ".join(message.split()) for message in dict.fromkeys(messages))
    return "\n".join(lines)[:MAX_TEXT]


def edit_notes(content: bytes | None, ours: Mapping[Place, str]) -> EditedNotes:
    """The comments part with ``ours`` (made by :func:`note_text`) in place of what an earlier report wrote.

    CannotAnnotateError where it isn't sound.
    """
    return _Editor(_EMPTY if content is None else content, ours).edit()


class _Editor:
    def __init__(self, content: bytes, ours: Mapping[Place, str]) -> None:
        self._root = parse(content)
        self._changes = Splices(content)
        self._prefix = prefix_at(content, self._root.start).decode()
        self._ours = dict(ours)
        self._result = EditedNotes()
        authors, notes = self._root.child("authors"), self._root.child("commentList")
        if authors is None or notes is None:
            raise unsound("comments without authors")
        self._authors, self._notes = authors, notes
        self._names = [author.text for author in authors.children]

    def edit(self) -> EditedNotes:
        for note in self._notes.children:
            self._edit(note)
        self._append()
        self._result.content = self._changes.done()
        return self._result

    def _edit(self, note: Element) -> None:
        """Take our lines out of a note, and put the new ones in."""
        place = _place(note.attributes.get("ref", ""))
        author = int(note.attributes.get("authorId", "0"))
        name = self._names[author] if author < len(self._names) else ""
        if name.startswith("tc="):
            self._ours.pop(place, None)
            return
        text = note.child("text")
        if text is None:
            raise unsound("a comment without text")
        whole = "".join(piece.text for _, piece in _pieces(text))
        if _OURS.search(whole) and not _OURS.sub("", whole).strip():
            self._changes.replace(note.start, note.end, b"")
            if place not in self._ours:
                self._result.gone.add(place)
        elif place in self._ours or _OURS.search(whole):
            kept = self._take_out(text)
            if place in self._ours:
                ours = f"\n\n{self._ours.pop(place)}"
                self._add_run(text, self._run(ours))
                self._result.texts[place] = kept + ours

    def _take_out(self, text: Element) -> str:
        """Take our lines out of a note's text; the text that is left."""
        kept = ""
        for run, piece in _pieces(text):
            left = _OURS.sub("", piece.text)
            kept += left
            if left == piece.text:
                continue
            new = f'<{self._prefix}t xml:space="preserve">{escaped(left)}</{self._prefix}t>'
            if left or run is piece:
                self._changes.replace(piece.start, piece.end, new.encode())
            else:
                self._changes.replace(run.start, run.end, b"")
        return kept

    def _add_run(self, text: Element, run: str) -> None:
        """Put a run to the others; a bare ``<t>`` becomes a run, since a text is either bare or made of runs."""
        bare, runs = text.child("t"), text.all("r")
        if bare is None and not runs:
            raise unsound("a comment without text")
        if bare is not None:
            self._changes.insert(bare.start, f"<{self._prefix}r>".encode())
            run = f"</{self._prefix}r>" + run
        self._changes.insert((bare or runs[-1]).end, run.encode())

    def _run(self, text: str) -> str:
        p = self._prefix
        look = f'<{p}sz val="9"/><{p}color indexed="81"/><{p}rFont val="Tahoma"/><{p}family val="2"/>'
        return f'<{p}r><{p}rPr>{look}</{p}rPr><{p}t xml:space="preserve">{text_xml(text)}</{p}t></{p}r>'

    def _append(self) -> None:
        """Notes on cells that have none."""
        if not self._ours:
            return
        p = self._prefix
        if AUTHOR not in self._names:
            self._names.append(AUTHOR)
            self._changes.append(self._authors, f"<{p}author>{AUTHOR}</{p}author>".encode())
        author = self._names.index(AUTHOR)
        notes = []
        for (row, column), text in sorted(self._ours.items()):
            start = f'<{p}comment ref="{column_letters(column)}{row + 1}" authorId="{author}"><{p}text>'
            notes.append(f"{start}{self._run(text)}</{p}text></{p}comment>")
        self._changes.append(self._notes, "".join(notes).encode())
        self._result.texts.update(self._ours)


def _pieces(text: Element) -> Iterator[tuple[Element, Element]]:
    """The pieces of a rich text: each one's run (itself where it is in none), and the ``<t>`` with its text."""
    for run in text.children:
        for piece in (run, *run.children):
            if piece.name == "t" and run.name in ("r", "t"):
                yield run, piece


def _place(reference: str) -> Place:
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise unsound("a comment on no cell")
    return int(match[2]) - 1, column_index(match[1])
