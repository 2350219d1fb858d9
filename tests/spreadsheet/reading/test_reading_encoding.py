"""Encodings: found without being told, and the byte that doesn't fit is named."""

from __future__ import annotations

import codecs

import pytest

from bulkobj.core.errors import UsageError
from tests.spreadsheet.reading.reading_kit import problem, read, rows

TEXT = "Account ID,Title\na,Zoëés “plan” — €5\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (codecs.BOM_UTF8 + TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("utf-32"), "utf-32"),
        (TEXT.encode("cp1252"), "windows-1252"),
    ],
)
def test_encodings_are_found(data: bytes, encoding: str) -> None:
    """With and without a mark, which is never part of the text."""
    source = read(data)
    assert source.encoding == encoding
    assert rows(source) == {2: ("a", "Zoëés “plan” — €5")}


def test_a_given_encoding_is_used() -> None:
    """Where the guess would be wrong."""
    source = read("Account ID,Title\na,Ж\n".encode("cp1251"), encoding="windows-1251")
    assert rows(source) == {2: ("a", "Ж")}
    assert source.encoding == "windows-1251"


@pytest.mark.parametrize("name", ["klingon", "", "base64", "rot13", "utf-8\0"])
def test_an_unknown_encoding_is_a_usage_error(name: str) -> None:
    """Codecs that aren't text encodings are none either."""
    with pytest.raises(UsageError, match="--encoding"):
        read(TEXT, encoding=name)


@pytest.mark.parametrize(
    ("data", "given", "row", "byte"),
    [
        (b'Account ID,Title\n"a\nb",\xe9\n\x81,c\n', None, 3, "0x81"),  # undefined in Windows-1252
        (
            "Account ID,Title\na,é\nb,ü\nc,ö\n".encode() + b"d,\xe9\n",
            None,
            5,
            "0xE9",
        ),  # damaged UTF-8 is no Windows-1252
        (codecs.BOM_UTF8 + b"Account ID,Title\na,b\nc,\xff\n", None, 3, "0xFF"),
        (b"Account ID,Title\na,\xe9\n", "utf-8", 2, "0xE9"),
        ("Account ID,Title\na,é\n".encode(), "ascii", 2, "0xC3"),
        (codecs.BOM_UTF16_LE + "Account ID,Title\na,b".encode("utf-16-le") + b"x", None, 2, "0x78"),
    ],
)
def test_a_byte_that_does_not_fit_is_named_with_its_row(data: bytes, given: str | None, row: int, byte: str) -> None:
    """Gibberish is never imported."""
    found = problem(read(data, encoding=given))
    assert (found.code, found.row) == ("bad-encoding", row)
    assert byte in found.message


def test_windows_1252_with_a_lucky_pair_stays_windows_1252() -> None:
    """Two bytes that happen to be UTF-8 among many that are not."""
    source = read("Account ID,Title\nÃ¼,ä ö ü ß\n".encode("cp1252"))
    assert rows(source) == {2: ("Ã¼", "ä ö ü ß")}


UMLAUTS = "Account ID,Title\na,Schulung für alle\n"


def test_a_guess_is_said_with_a_text_that_it_affects() -> None:
    """Only a person can tell which of the old encodings it is; an option settles it."""
    (found,) = read(UMLAUTS.encode("cp1252")).problems
    assert (found.code, found.row, found.severity) == ("guessed-encoding", 2, "warning")
    assert "Schulung für alle" in found.message
    assert "--encoding" in found.message
    assert not read(UMLAUTS.encode("cp1252"), encoding="windows-1252").problems
    assert not read(UMLAUTS).problems
    assert not read(UMLAUTS.encode("utf-16")).problems


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        *((encoding, "Größe über") for encoding in ("cp1250", "cp1254", "mac-roman")),
        *((encoding, "Обучение") for encoding in ("cp1251", "koi8-r")),
        ("shift-jis", "研修計画"),
        ("big5", "培訓計劃"),
        ("euc-kr", "교육 계획"),
    ],
)
def test_no_other_encoding_is_read_in_silence(encoding: str, text: str) -> None:
    data = f"Account ID,Title\na,{text}\n".encode(encoding)
    assert [one.code for one in read(data).problems] in (["guessed-encoding"], ["bad-encoding"])


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16"])
def test_a_default_never_overrules_a_byte_order_mark_or_utf8(mark: str) -> None:
    default = {"encoding": "windows-1252", "defaults": ("encoding",)}
    assert rows(read(UMLAUTS.encode(mark), **default)) == {2: ("a", "Schulung für alle")}  # type: ignore[arg-type] # as above
    assert rows(read(UMLAUTS, **default)) == {2: ("a", "Schulung für alle")}  # type: ignore[arg-type] # as above


def test_a_default_takes_the_place_of_the_guess() -> None:
    source = read("Account ID,Title\na,Łódź\n".encode("cp1250"), encoding="cp1250", defaults=("encoding",))
    assert rows(source) == {2: ("a", "Łódź")}
    assert not source.problems


@pytest.mark.parametrize(("data", "given"), [("utf-8-sig", "cp1252"), ("utf-8-sig", "utf-16"), ("utf-16", "utf-8")])
def test_an_option_that_contradicts_the_byte_order_mark_is_an_error(data: str, given: str) -> None:
    found = problem(read(UMLAUTS.encode(data), encoding=given))
    assert found.code == "bad-encoding"
    assert "--encoding" in found.message


def test_an_option_that_agrees_with_the_byte_order_mark_is_none() -> None:
    assert rows(read(UMLAUTS.encode("utf-8-sig"), encoding="utf8")) == {2: ("a", "Schulung für alle")}
    assert rows(read(UMLAUTS.encode("utf-16"), encoding="utf-16-le")) == {2: ("a", "Schulung für alle")}


def test_one_row_of_another_encoding_in_utf8_is_named() -> None:
    found = problem(read("Account ID,Title\na,Café\n".encode() + "b,Müller\n".encode("cp1252")))
    assert (found.code, found.row) == ("bad-encoding", 3)
