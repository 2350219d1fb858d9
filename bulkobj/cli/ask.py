"""Questions on standard error; an answer that is none is asked for once more."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TypeVar

import click

from bulkobj.cli.session import say

T = TypeVar("T")


def confirm(question: str) -> bool:
    """Return whether the answer is yes; an empty one is no."""
    return choose(f"{question} [y/N]", {"y": True, "yes": True, "n": False, "no": False}, empty=False)


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
    click.echo(f"{question} ", file=sys.stderr, nl=False)
    try:
        line = sys.stdin.readline()
    except OSError:
        line = ""
    if not line:
        raise click.Abort
    return line.strip()
