"""The report as one HTML page that needs nothing else, for people who approve a plan or ask what became of it.

The page loads nothing and sends nothing, and its Content-Security-Policy lets it do neither: only the one style and the
one script that are in it run, known by their hashes. All is readable without the script, which adds filters.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from importlib import resources
from string import Template

from bulkobj.reports.html import overview, problems, rows
from bulkobj.reports.html.markup import lines, text
from bulkobj.reports.html.places import Places
from bulkobj.reports.report import Report


def html_report(report: Report, *, made_at: datetime | None = None) -> bytes:
    """The report as an HTML page in UTF-8 (contract, "The report").

    ``made_at``, a time with its zone, is told where no row has a time of its own: of a check or a plan. Results,
    actions and codes of problems are called what they are called in the report's other formats.
    """
    style, script = _resource("style.css"), _resource("script.js")
    page = Template(_resource("template.html")).substitute(
        policy=_policy(style, script),
        style=style,
        script=script,
        file=text(report.file),
        kind=overview.kind(report),
        verdict=overview.verdict(report),
        facts=overview.facts(report, made_at),
        main=_sections(report),
    )
    return page.encode()


def _sections(report: Report) -> str:
    """What is wrong with a file that was refused comes before the counts."""
    places = Places.of(report.rows)
    parts = [overview.results(report), problems.by_cause(report, places)]
    if report.refused or overview.is_invalid(report):
        parts.reverse()
    ending = (overview.accounts(report), rows.rows(report, places))
    return lines((problems.of_file(report.problems), *parts, *ending))


def _policy(style: str, script: str) -> str:
    allowed = f"style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _hash(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def _resource(name: str) -> str:
    return resources.files("bulkobj.reports.html").joinpath(name).read_text(encoding="utf-8")
