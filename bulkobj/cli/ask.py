"""Questions on standard error; an answer that is none is asked for once more."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import click

from bulkobj.cli.session import at_a_terminal, say
from bulkobj.core.columns import COLUMNS
from bulkobj.core.errors import InterruptedRunError, UsageError
from bulkobj.core.text import clean
from bulkobj.validation.headers import MappedColumn

T = TypeVar("T")


def confirm(question: str) -> bool:
    """Return whether the answer is yes; an empty one is no."""
    return choose(f"{question} [y/N]", {"y": True, "yes": True, "n": False, "no": False}, empty=False)


def may_replace(path: Path, *, overwrite: bool) -> None:
    """Ask before an existing file is replaced. Raises UsageError without a terminal, and an interrupt for a no."""
    if overwrite or not path.is_file():
        return
    if not at_a_terminal():
        raise UsageError(f"{path} exists already. Add --overwrite to replace it")
    if not confirm(f"{clean(str(path))} exists already. Replace it?"):
        raise InterruptedRunError("nothing was written")


def choose(question: str, answers: Mapping[str, T], *, empty: T | None = None) -> T:
    """Return what the answer stands for. An answer may be cut short; raises click.Abort at the end of input."""
    while True:
        answer = ask(question).casefold()
        if not answer and empty is not None:
            return empty
        if answer in answers:
            return answers[answer]
        fitting = [value for word, value in answers.items() if answer and word.startswith(answer)]
        if len(fitting) == 1:
            return fitting[0]
        say(f"Enter one of: {', '.join(answers)}")


def chosen_sheet(sheets: Sequence[str]) -> str:
    """Return the sheet that the user chooses, by its number or name."""
    for number, sheet in enumerate(sheets, 1):
        say(f"  {number}  {clean(sheet, 60)}")
    answers = {str(number): sheet for number, sheet in enumerate(sheets, 1)}
    return choose("Which sheet is the plan?", answers | {sheet.casefold(): sheet for sheet in sheets})


def corrected_columns(columns: Sequence[MappedColumn], doubtful: Sequence[str]) -> dict[str, str]:
    """Ask which column each doubtful one is. Returns columns of ours by the file's headers.

    Args:
        columns: the columns of the file.
        doubtful: a column of ours that is missing, or a header of the file whose values don't fit its column.
    """
    headers = {one.header.casefold(): one.header for one in columns}
    found: dict[str, str] = {}
    for name in doubtful:
        if name.casefold() in headers:
            known = {column.header.casefold(): column.header for column in COLUMNS}
            question = f'The values of "{clean(name, 60)}" do not fit. Which column is it? (Enter: leave it)'
            if answer := choose(question, known, empty=""):
                found[headers[name.casefold()]] = answer
        else:
            question = f"Which column of the file is {clean(name, 60)}? (Enter: none)"
            if answer := choose(question, headers, empty=""):
                found[answer] = name
    return found


def ask(question: str) -> str:
    """Return the line that the user enters. Raises click.Abort where the terminal is gone."""
    sys.stdout.flush()
    say(f"{question} ", end="")
    try:
        line = sys.stdin.readline()
    except OSError:
        line = ""
    if not line:
        raise click.Abort
    return line.strip()
