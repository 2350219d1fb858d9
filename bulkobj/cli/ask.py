"""Questions on standard error; an answer that is none is asked for once more."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import click

from bulkobj.cli.session import at_a_terminal, say
from bulkobj.core.errors import InterruptedRunError, UsageError
from bulkobj.core.text import clean

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
