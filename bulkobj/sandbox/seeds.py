"""Seeds of a new sandbox: the documented samples and a small, believable tenant."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

#: A JSON object as the service would hold it.
Document = dict[str, Any]


def seeds() -> dict[str, list[Document]]:
    """Return the documents of each kind: statuses, categories, accounts, templates and objectives."""
    text = files(__package__).joinpath("seeds.json").read_text("utf-8")
    documents: dict[str, list[Document]] = json.loads(text)
    return documents
