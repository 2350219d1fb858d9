"""Any bytes at all are a table or a problem: never an exception, never the end of the process."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkobj.core.model import Severity
from bulkobj.spreadsheet.table import SourceFile
from tests.spreadsheet.reading.reading_kit import FILES, MAIN, STYLES, read, sheet, unzipped, xlsx, zipped

CODES = {"unreadable-file", "empty-file", "bad-encoding", "ambiguous-sheet"}
XLSX = xlsx(
    sheet(
        '<row r="2" hidden="1"><c r="A2" t="s"><v>0</v></c><c r="B2" s="1"><v>45330.5</v></c></row>'
        '<row r="3"><c r="A3" t="e"><v>#N/A</v></c><c r="B3"><f>A1+1</f></c>'
        '<c r="C3" t="inlineStr"><is><t>x</t></is></c></row>'
        '<row r="4"><c r="A4" t="b"><v>1</v></c><c r="B4" t="str"><f>A1</f><v>x &amp; y</v></c></row>'
    ),
    sheet('<row r="2"><c r="A2"><v>1</v></c></row>', header=""),
    strings=f'<sst xmlns="{MAIN}"><si><t>one</t></si><si><r><t>t</t></r><r><t>wo</t></r></si></sst>',
    styles=STYLES,
)
XLS = (FILES / "plan.xls").read_bytes()
ODS = (FILES / "plan.ods").read_bytes()
CSV = 'sep=;\nAccount ID;Title\n"a\nb";=1\n\n#N/A;"c ""d"" e"\n'.encode("utf-16")

#: What makes damaged XML interesting.
PIECES = (
    b'r="XFD1048576"',
    b'<c r="XFD1048576"><v>1</v></c>',
    *(
        b'<row r="1048576">',
        b"<row>",
        b"</row>",
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"]]>",
        b"<!DOCTYPE x>",
        b'"',
        b"'",
        b"<",
        b">",
    ),
    *(b"</v>", b"<f>", b't="e"', b't="s"', b's="99999"', b"-1", b"1e999", b"nan", b"&amp;", b"&#0;", b"\x00", b"\xff"),
    *(b"<si>", b"</si>", b'hidden="1"', b'numFmtId="22"', b"[h]:mm", b' table:number-rows-repeated="99999999"'),
    *(b' table:number-columns-repeated="99999"', b"</table:table-row>", b'calcext:value-type="error"'),
)


def check(source: SourceFile) -> None:
    """Tables with records, perhaps with warnings, or one problem of a known code in one line."""
    errors = [one for one in source.problems if one.severity is Severity.ERROR]
    if errors:
        (found,) = errors
        assert found.code in CODES
        assert found.message.isprintable()
        assert source.tables == ()
    else:
        assert any(table.records for table in source.tables)
        for table in source.tables:
            assert all(len(record.cells) == len(table.headers) for record in table.records)


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The bytes with some changed, left out, put in, or put elsewhere."""
    result = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5])):
        at = chance.randrange(len(result) + 1)
        end = at + chance.randrange(1, 60)
        match chance.randrange(5):
            case 0:
                result[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del result[at:end]
            case 2:
                result[at:at] = chance.choice(PIECES)
            case 3:
                piece = chance.choice(PIECES)
                result[at : at + len(piece)] = piece
            case 4:
                result[at:at] = result[chance.randrange(len(result) + 1) :][: end - at]
    return bytes(result)


def damaged_within(data: bytes, chance: random.Random) -> bytes:
    """A zip file that is whole, with damaged parts."""
    parts = unzipped(data)
    for name in chance.sample(sorted(parts), chance.choice([1, 1, 2])):
        parts[name] = damaged(parts[name], chance)
    return zipped(parts)


@given(st.binary(max_size=300), st.sampled_from(["plan.csv", "plan.xlsx", "plan.xls", "plan.ods", "plan"]))
def test_random_bytes(data: bytes, name: str) -> None:
    """Of any kind, under any name."""
    check(read(data, name))


@given(
    st.text(st.sampled_from("aA,;\t|\"'\n\r=é \u00a0\ufeff"), max_size=60),
    st.sampled_from(["utf-8", "utf-16", "utf-16-le", "cp1252"]),
)
def test_random_delimited_text(text: str, encoding: str) -> None:
    """With all that matters to a CSV reader."""
    check(read(("Account ID,Title\n" + text).encode(encoding, "replace")))


@given(st.randoms(use_true_random=False))
def test_damaged_csv(chance: random.Random) -> None:
    """Bytes of a real file changed."""
    check(read(damaged(CSV, chance)))


@settings(max_examples=150)
@given(st.randoms(use_true_random=False))
def test_damaged_xlsx(chance: random.Random) -> None:
    """Within the zip file's parts, and outside."""
    check(read(damaged_within(XLSX, chance), "plan.xlsx"))
    check(read(damaged(XLSX, chance), "plan.xlsx"))
    check(read(XLSX[: chance.randrange(len(XLSX))], "plan.xlsx"))


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_damaged_old_formats(chance: random.Random) -> None:
    """Each of these reads starts a process."""
    check_old_formats(chance)


def check_old_formats(chance: random.Random) -> None:
    """One damaged file of each kind."""
    check(read(damaged(XLS, chance), "plan.xls"))
    check(read(damaged_within(ODS, chance), "plan.ods"))


@pytest.mark.proof
def test_thousands_of_damaged_workbooks() -> None:
    """The same at length, for about a minute."""
    for seed in range(8_000):
        check(read(damaged_within(XLSX, random.Random(seed)), "plan.xlsx"))
    for seed in range(150):
        check_old_formats(random.Random(seed))
