"""Lines, steps and problems as the JSON that the journal keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bulkobj.core.model import Action, Field, Objective, Problem, Severity, Value
from bulkobj.planning.plan import Change, Step


def dumped(data: object) -> str:
    """Compact JSON that keeps every character."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def fields_to_json(fields: Mapping[Field, Value]) -> dict[str, Any]:
    """Fields by their names."""
    return {name.value: value for name, value in fields.items()}


def _value(data: Any) -> Value:
    return tuple(data) if isinstance(data, list) else data


def fields_from_json(data: Mapping[str, Any]) -> dict[Field, Value]:
    """The reverse of :func:`fields_to_json`."""
    return {Field(name): _value(value) for name, value in data.items()}


def changes_to_json(changes: Mapping[Field, Change]) -> dict[str, Any]:
    """Changes by the names of their fields, each as [before, after]."""
    return {name.value: list(change) for name, change in changes.items()}


def changes_from_json(data: Mapping[str, Any]) -> dict[Field, Change]:
    """Changes as they were dumped: name to before and after."""
    return {Field(name): (_value(before), _value(after)) for name, (before, after) in data.items()}


def problem_to_json(problem: Problem) -> dict[str, Any]:
    """All that a problem says."""
    return asdict(problem)


def problem_from_json(data: Mapping[str, Any]) -> Problem:
    """The reverse of :func:`problem_to_json`."""
    return Problem(**{**data, "severity": Severity(data["severity"])})


def _objective_to_json(objective: Objective) -> dict[str, Any]:
    return {
        "id": objective.id,
        "account_id": objective.account_id,
        "fields": fields_to_json(objective.fields),
        "created_at": objective.created_at,
        "updated_at": objective.updated_at,
    }


def _objective_from_json(data: Mapping[str, Any]) -> Objective:
    return Objective(**{**data, "fields": fields_from_json(data["fields"])})


def step_to_json(step: Step) -> dict[str, Any]:
    """All that a step says, the objective as it was before included."""
    return {
        "action": step.action.value,
        "account_id": step.account_id,
        "objective_id": step.objective_id,
        "template_id": step.template_id,
        "body": fields_to_json(step.body),
        "before": _objective_to_json(step.before) if step.before is not None else None,
    }


def step_from_json(data: Mapping[str, Any]) -> Step:
    """The reverse of :func:`step_to_json`."""
    before = data["before"]
    return Step(
        Action(data["action"]),
        data["account_id"],
        data["objective_id"],
        data["template_id"],
        fields_from_json(data["body"]),
        _objective_from_json(before) if before is not None else None,
    )
