"""Names of the sheets of an export."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkobj.spreadsheet.ooxml.cell_xml import units
from bulkobj.spreadsheet.table import STAMP_SHEET
from bulkobj.spreadsheet.writing.export.sheet_names import SheetNames


@pytest.mark.parametrize(
    ("wanted", "given_names"),
    [
        (["Acme", "Acme", "ACME"], ["Acme", "Acme (2)", "ACME (3)"]),
        (["a/b", "a:b"], ["a_b", "a_b (2)"]),
        (["x" * 40, "x" * 40], ["x" * 31, "x" * 27 + " (2)"]),
        (["History", "history"], ["History (2)", "history (2) (2)"]),
        (["", "'"], ["Sheet", "Sheet (2)"]),
        (["_bulkobj", "_BULKOBJ_lists", "_bulkobjects"], ["bulkobj", "BULKOBJ_lists", "bulkobjects"]),
        (["Acme (2)", "Acme", "Acme"], ["Acme (2)", "Acme", "Acme (3)"]),
    ],
)
def test_names(wanted: list[str], given_names: list[str]) -> None:
    """Forbidden, reserved, too long, taken: each is as close to the wanted one as may be."""
    names = SheetNames()
    assert [names.claim(name) for name in wanted] == given_names


@given(st.lists(st.one_of(st.text(max_size=40), st.sampled_from(("_bulkobj", "'_bulkobj", "History", "😀" * 20)))))
def test_any_names_are_accepted_by_programs(wanted: list[str]) -> None:
    """At most 31 characters as Excel counts them, none that is forbidden, none twice, none of bulkobj's own."""
    names = SheetNames()
    found = [names.claim(name) for name in wanted]
    assert len({name.casefold() for name in found}) == len(wanted)
    for name in found:
        assert 1 <= units(name) <= 31
        assert not re.search(r"[\[\]:*?/\\\x00-\x1f\ud800-\udfff]|^'|'$|^\s|\s$", name)
        assert name.casefold() != "history"
        assert not name.casefold().startswith(STAMP_SHEET)
