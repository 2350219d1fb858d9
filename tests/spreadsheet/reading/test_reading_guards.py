"""Formula guards: nothing dangerous is written, and nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bulkobj.spreadsheet.formula_guard import guard, unguard

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - the full-width ones count too

texts = st.text(st.sampled_from("'=+-@\t\r\n＝＋－＠0159., eab€")) | st.text()  # noqa: RUF001 - as above


@given(texts)
@example("'=1")
@example("''")
def test_what_is_guarded_comes_back_unchanged(text: str) -> None:
    """``unguard`` is the reverse of ``guard``, whatever the text."""
    assert unguard(guard(text)) == text


@given(texts)
def test_nothing_that_could_run_is_ever_written(text: str) -> None:
    """What ``guard`` gives begins with a trigger only if it is a plain number, also after a round trip."""
    for written in (guard(text), guard(unguard(text))):
        assert not written.startswith(DANGEROUS) or float(written.replace(",", ".")) is not None


@pytest.mark.parametrize(
    "text", ["-5", "+3.5", "-0,25", "abc", "", "'quoted'", "(clear)", "'(clear)", "5-3", "a=b", " =1"]
)
def test_harmless_texts_stay_as_they_are(text: str) -> None:
    """Neither a plain number nor a text that no program would calculate is touched."""
    assert guard(text) == text == unguard(text)


@pytest.mark.parametrize(
    "text",
    ["=1+1", "-5+3", "+49 30 1", "@x", "-", "\t=1", "\uff1d1", "'=1", "- a list", "+1e5", "-5\n"],
)
def test_what_could_be_a_formula_is_guarded(text: str) -> None:
    """A leading apostrophe makes it a text in every spreadsheet program."""
    assert guard(text) == f"'{text}"
