"""Names to ids, and texts compared as people see them."""

from __future__ import annotations

import time
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from bulkobj.core.model import Named
from bulkobj.core.text import folded, plain_text, quoted, trimmed
from bulkobj.validation.names import Directory, Kind, resolve
from bulkobj.validation.row_checks import check_tables
from bulkobj.validation.rows import RowRules
from tests.validation.rows_kit import checked, codes, table

INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u00ad\u2060\ufeff\u202a\u202c\ufe0f\U000e0100"


@given(st.text(), st.sampled_from(INVISIBLE), st.integers(0, 20))
def test_invisible_characters_count_for_nothing(text: str, character: str, at: int) -> None:
    longer = text[:at] + character + text[at:]
    assert plain_text(plain_text(text)) == plain_text(text)
    assert plain_text(unicodedata.normalize("NFD", text)) == plain_text(text)
    if unicodedata.is_normalized("NFC", text[:at] + text[at:]):
        assert plain_text(longer) == plain_text(text)


def test_a_no_break_space_is_a_space_and_a_message_names_what_nobody_sees() -> None:
    assert plain_text("a\u00a0b\u202fc") == "a b c"
    assert folded(" In\u00a0 PROGRESS\u200b") == "in progress"
    assert trimmed("\ufeff a\u200d \u200b") == "a\u200d"
    assert quoted("ACME\u200b-1") == '"ACME[U+200B zero width space]-1"'


def test_an_unknown_name_names_its_invisible_characters() -> None:
    found = checked("Action|Objective ID|Account ID|Status", ("update", "o1", "a1", "Nowhere\u200e"))
    assert "U+200E" in found.rows[0].problems[0].message
    assert (
        codes(checked("Action|Objective ID|Account ID|Status", ("update", "o1", "a1\u200b", "In\u00a0Progress\u200b")))
        == []
    )


def test_many_names_against_many_accounts_take_no_time() -> None:
    """Known names are found by a dict, and unknown ones are searched for with a bound."""
    things = tuple(Named(f"id-{n}", f"Customer number {n * 7919} of the world") for n in range(10_000))
    rows = [("run template", f"Customr number {n * 7907} in the world", "t1") for n in range(10_000)]
    source = check_tables([table("Action|Account Name|Template", *rows)], RowRules())[0]
    began = time.process_time()
    resolve(source, Directory({Kind.ACCOUNT: things}), {})
    assert time.process_time() - began < 3  # under 1 s on a machine with nothing else to do
