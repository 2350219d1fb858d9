"""The container of .xls files (Microsoft's [MS-CFB]): just enough to take one stream out."""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator

from bulkobj.spreadsheet.ooxml.xml_reader import damaged

_END = 0xFFFFFFFC  # from here on a number marks the end of a chain, or no sector at all
_ENTRY = 128
_STREAM, _ROOT = 2, 5


def stream(data: bytes, *names: str) -> bytes | None:
    """The first stream of one of the ``names``, None where there is none; UnreadableError for a damaged container."""
    try:
        return _Container(data).stream({name.casefold() for name in names})
    except (struct.error, IndexError, ValueError) as fault:
        raise damaged() from fault


def has_name(data: bytes, name: str) -> bool:
    """Whether the container has an entry of that name, as far as a look at its bytes tells."""
    return name.encode("utf-16-le") in data


class _Container:
    """Sectors, chained by tables of the number of each sector's next one."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._sector = 1 << struct.unpack_from("<H", data, 30)[0] % 32
        if self._sector not in (512, 4096):
            raise damaged()
        self._mini_sector = 64
        first_directory, _, self._cutoff, first_mini, _, more, _ = struct.unpack_from("<7I", data, 48)
        self._table = self._sector_table(more)
        self._mini_table = _numbers(self._chain(first_mini))
        self._directory = self._chain(first_directory)

    def stream(self, names: set[str]) -> bytes | None:
        root = b""
        for kind, name, start, size in self._entries():
            if kind == _ROOT:
                root = self._chain(start)
            elif kind == _STREAM and name.casefold() in names:
                whole = self._chain(start) if size >= self._cutoff else self._mini_chain(root, start)
                return whole[:size]
        return None

    def _entries(self) -> Iterator[tuple[int, str, int, int]]:
        """Kind, name, first sector and size of each entry; the root comes first."""
        for offset in range(0, len(self._directory) - _ENTRY + 1, _ENTRY):
            length, kind = struct.unpack_from("<HB", self._directory, offset + 64)
            start, size = struct.unpack_from("<II", self._directory, offset + 116)
            name = self._directory[offset : offset + min(max(length - 2, 0), 62)]
            yield kind, name.decode("utf-16-le", "replace"), start, size

    def _sector_table(self, more: int) -> array[int]:
        """The table of next sectors; the sectors that hold it are listed in the header and in a chain of their own."""
        holders = list(struct.unpack_from("<109I", self._data, 76))
        seen = 0
        while more < _END and seen <= len(self._data) // self._sector:
            *numbers, more = _numbers(self._at(more))
            holders += numbers
            seen += 1
        needed = len(self._data) // self._sector // (self._sector // 4) + 1  # a hostile list may be longer
        return _numbers(b"".join(self._at(number) for number in holders[:needed] if number < _END))

    def _at(self, number: int) -> bytes:
        start = (number + 1) * self._sector
        if start >= len(self._data):
            raise damaged()
        return self._data[start : start + self._sector]

    def _chain(self, number: int) -> bytes:
        return b"".join(self._at(number) for number in _chained(self._table, number))

    def _mini_chain(self, root: bytes, number: int) -> bytes:
        size = self._mini_sector
        return b"".join(root[at * size : (at + 1) * size] for at in _chained(self._mini_table, number))


def _chained(table: array[int], number: int) -> Iterator[int]:
    for _ in range(len(table)):  # a chain that goes round in a circle ends here
        if number >= _END:
            return
        yield number
        number = table[number]


def _numbers(data: bytes) -> array[int]:
    numbers = array("I")
    numbers.frombytes(data[: len(data) // 4 * 4])
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
