"""Every reference in code, tests and documents leads to something that is in the repository."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
CONTRIBUTING = (TOP / "CONTRIBUTING.md").read_text("utf-8")
DECISIONS = {int(number) for number in re.findall(r"^(\d+)\. \*\*", CONTRIBUTING, re.MULTILINE)}
HEADINGS = {
    name: set(re.findall(r"^#+ (.+)$", (TOP / name).read_text("utf-8"), re.MULTILINE))
    for name in ("README.md", "CONTRIBUTING.md", "bulkobj/totango/API.md")
    if (TOP / name).exists()
}

#: Names of documents that are not in the repository.
ABSENT = re.compile(r"\bapi-facts\b|\(contract\b|\bcontract, \"|\bdesign\.md\b|\(design, |\bdesign, decision")


def _sources() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "bulkobj"], cwd=TOP, capture_output=True, text=True, check=False)
    names = listed.stdout.split() or [str(path.relative_to(TOP)) for path in (TOP / "bulkobj").rglob("*")]
    return [TOP / name for name in names if name.endswith((".py", ".md", ".html", ".js", ".css", ".lua"))]


def _references(pattern: str) -> Iterator[tuple[str, str]]:
    for path in _sources():
        for match in re.finditer(pattern, " ".join(path.read_text("utf-8").split())):
            yield str(path.relative_to(TOP)), match[1]


def test_decisions_are_numbered_without_a_gap() -> None:
    """Numbers in CONTRIBUTING are those that code may name."""
    assert set(range(1, max(DECISIONS) + 1)) == DECISIONS


def test_every_decision_that_code_names_is_there() -> None:
    """`CONTRIBUTING, decision 4` and `decisions 7, 9` lead to a decision."""
    found = [
        (path, int(number))
        for path, text in _references(r"decisions? ([\d, and]+)")
        for number in re.findall(r"\d+", text)
    ]
    assert not [(path, number) for path, number in found if number not in DECISIONS]


@pytest.mark.parametrize("name", ["README", "CONTRIBUTING", "API.md"])
def test_every_section_that_code_names_is_there(name: str) -> None:
    """`README, "From Python"` leads to a heading."""
    document = {"README": "README.md", "CONTRIBUTING": "CONTRIBUTING.md", "API.md": "bulkobj/totango/API.md"}[name]
    found = list(_references(rf'{re.escape(name)}, "([^"]+)"'))
    missing = [(path, heading) for path, heading in found if heading not in HEADINGS.get(document, set())]
    assert not missing


def test_no_reference_leads_to_a_document_that_is_not_here() -> None:
    """Code names only documents that a reader has."""
    found = [str(path.relative_to(TOP)) for path in _sources() if ABSENT.search(path.read_text("utf-8"))]
    assert not found
