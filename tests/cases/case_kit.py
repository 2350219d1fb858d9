"""One folder of cases: what is in it, and what the program and the service made of it, in the words of expected.json.

``expected.json`` holds

- ``exit``: the exit code of ``import``; of ``validate`` too, unless ``validate`` says otherwise;
- ``file``: the problems of the file as a whole, each ``[code, column]``;
- ``rows``: the problems of rows, each ``[row, column, code, severity]``;
- ``results``: each row's result;
- ``service``: by row, what the service holds afterwards: all of an objective that was created, the changed fields of
  one that was updated (null: emptied), null for a deleted one; ``others`` are those that templates made, without
  their dates: the service tells no ids of them;
- ``says``: texts that must stand in what the user is told;
- ``validate``: ``exit``, ``file`` and ``rows`` where ``validate``, which reads no objectives, finds something else.

What is left out is empty. A row is its number, ``SHEET!NUMBER`` where several sheets are read.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from tests.cases import make_inputs
from tests.service.server import SandboxServer

FOLDER = Path(__file__).parent

#: Fields of an objective that say when and by whom, not what.
_CIRCUMSTANCES = {"id", "createdAt", "updatedAt", "createdBy", "updatedBy"}
_NAMES = {"categoryId": "category", "statusId": "status"}

Documents = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Case:
    """A folder: an input, what must come of it, and how the program is called."""

    folder: Path

    @cached_property
    def expected(self) -> dict[str, Any]:
        """What must come of it."""
        found: dict[str, Any] = json.loads((self.folder / "expected.json").read_text("utf-8"))
        return found

    @cached_property
    def input(self) -> tuple[str, bytes]:
        """The file's name and content; made now where it is too large to be kept."""
        kept = next(self.folder.glob("plan.*"), None)
        if kept is not None:
            return kept.name, kept.read_bytes()
        name, make = make_inputs.AT_TEST_TIME[self.folder.name]
        return name, make()

    @property
    def marks(self) -> tuple[pytest.MarkDecorator, ...]:
        """What is wrong as yet, if anything is."""
        wrong = " ".join(self._lines("wrong.txt"))
        return (pytest.mark.xfail(reason=wrong, strict=True, raises=AssertionError),) if wrong else ()

    @property
    def options(self) -> list[str]:
        """The extra arguments, one a line; ``-`` says that the file comes on standard input."""
        return self._lines("options.txt")

    @property
    def import_options(self) -> list[str]:
        """Arguments that only ``import`` takes, one a line."""
        return self._lines("import-options.txt")

    @property
    def environ(self) -> dict[str, str]:
        """Settings of the environment, ``NAME=VALUE`` a line."""
        return dict(line.split("=", 1) for line in self._lines("environ.txt"))

    def _lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text("utf-8").splitlines() if path.exists() else []

    def prepare(self, server: SandboxServer) -> None:
        """Give the service the behaviour and the documents that ``server.json`` asks for."""
        path = self.folder / "server.json"
        asked = json.loads(path.read_text("utf-8")) if path.exists() else {}
        server.behave(**asked.get("behave", {}))
        for kind, documents in asked.get("put", {}).items():
            server.put(kind, documents)

    def said(self, option: str) -> tuple[str, ...]:
        """The values that the options give."""
        options = self.options
        return tuple(value for name, value in itertools.pairwise(options) if name == option)


def found(report: Mapping[str, Any]) -> dict[str, Any]:
    """The problems, in a fixed order, and the results of a JSON report."""
    keys = row_keys(report)
    return {
        "file": sorted(([each["code"], each["column"]] for each in report["problems"]), key=str),
        "rows": sorted(
            (
                [key, problem["column"], problem["code"], problem["severity"]]
                for key, row in zip(keys, report["rows"], strict=True)
                for problem in row["problems"]
            ),
            key=str,
        ),
        "results": {str(key): row["result"] for key, row in zip(keys, report["rows"], strict=True)},
    }


def row_keys(report: Mapping[str, Any]) -> list[int | str]:
    """How each row is called in expected.json."""
    several = len({row["sheet"] for row in report["rows"]}) > 1
    return [f"{row['sheet']}!{row['row']}" if several else row["row"] for row in report["rows"]]


def documents(server: SandboxServer) -> dict[str, dict[str, Any]]:
    """The objectives that the service holds, by id, as a person would name what they refer to."""
    return {each["id"]: each for each in server.objectives()}


def effects(report: Mapping[str, Any], before: Documents, after: Documents, names: Mapping[str, str]) -> dict[str, Any]:
    """What the service holds for each row that changed something, and under ``others`` what no row speaks of."""
    shown: dict[str, Any] = {}
    left = {id_ for id_ in {*before, *after} if before.get(id_) != after.get(id_)}
    for key, row in zip(row_keys(report), report["rows"], strict=True):
        objective = row["objective_id"] or ""
        if objective in left:
            effect = _effect(before.get(objective), after.get(objective), names)
            shown[str(key)] = _without_dates(effect) if row["action"] == "run template" else effect
            left.remove(objective)
    others = [_without_dates(_effect(before.get(id_), after.get(id_), names)) for id_ in left]
    return shown | ({"others": sorted(others, key=lambda each: str(each["accountId"]))} if others else {})


def _effect(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, names: Mapping[str, str]) -> Any:
    if after is None:
        return None
    old, new = _told(before or {}, names), _told(after, names)
    return {name: new.get(name) for name in {**new, **old} if old.get(name) != new.get(name)}


def _told(document: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {
        _NAMES.get(name, name): names.get(value, value) if name in _NAMES else value
        for name, value in document.items()
        if name not in _CIRCUMSTANCES and value not in (None, [])
    }


def _without_dates(effect: Mapping[str, Any]) -> dict[str, Any]:
    """A template's dates begin with the day of the run."""
    return {name: value for name, value in effect.items() if name not in ("startDate", "endDate")}


def names_of(documents: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The display name of each id whose name is its own."""
    listed = [(each["id"], each["displayName"]) for each in documents]
    names = [name for _, name in listed]
    return {id_: name for id_, name in listed if names.count(name) == 1}
