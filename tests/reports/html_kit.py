"""Reports built by hand for the tests of the HTML page, and the page read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any

from bulkobj.core.model import Action, Field, Problem, Result, Severity
from bulkobj.planning.plan import Line
from bulkobj.reports.html.page import html_report
from bulkobj.reports.report import Report, ReportRow

HOSTILE = (
    "</script><script>document.title='broken'</script>",
    "<img src=x onerror=\"document.title='broken'\">",
    "\" autofocus onfocus=\"document.title='broken'",
    "</title><svg onload=document.title='broken'>",
    "$file ${script} {0} %s",
    "safe \u202egpj.exe",
    "bell \x07 nul \x00 escape \x1b[31m",
    "W" * 400,
    "שלום עולם",
)

_VOID = {"meta", "link", "input", "br", "rect"}


def row(number: int, result: Result, **known: Any) -> ReportRow:
    """A row of the report; what isn't said is empty."""
    of_row = {name: known.pop(name) for name in ("http_status", "attempts", "finished_at") if name in known}
    known.setdefault("sheet", None)
    known.setdefault("action", Action.CREATE)
    line = Line(number, result=result, **known)
    return ReportRow(line, result, line.message, line.objective_id, **of_row)


def report(*rows: ReportRow, **known: Any) -> Report:
    """A report of those rows: a finished run, if nothing else is said."""
    run = Report("20270108-103000-abcd", "plan.csv", "sandbox", dry_run=False, finished=True, calls=7, rows=rows)
    return replace(run, **known)


def finished_run() -> Report:
    """A run with a row of every kind that a run can have, on two accounts and one that isn't said."""
    changes = {Field.STATUS: ("In Progress", "Completed"), Field.OWNER: ("", "new@example.demo")}
    made = {Field.TITLE: (None, "Launch"), Field.START_DATE: (None, "2027-01-11T00:00:00.000Z")}
    at = {"attempts": 1, "finished_at": "2027-01-08T10:30:05+00:00"}
    return report(
        row(2, Result.CREATED, account_id="ACME", title="Launch", changes=made, objective_id="o2", **at),
        row(3, Result.UPDATED, account_id="ACME", title="Renew", changes=changes, action=Action.UPDATE, **at),
        row(
            4,
            Result.FAILED,
            account_id="Büro & Söhne",
            title="Refused",
            message="no such account",
            http_status=404,
            **at,
        ),
        row(5, Result.FAILED, account_id="Büro & Söhne", title="Too", message="no such account", http_status=404, **at),
        row(6, Result.UNKNOWN, account_id="Büro & Söhne", title="Lost", message="the answer was lost", **at),
        row(7, Result.INVALID, title="Wrong", problems=(problem(7, "bad-date", "End Date"),)),
    )


def problem(number: int | None, code: str = "bad-date", column: str | None = None, **known: Any) -> Problem:
    """An error of that row."""
    known.setdefault("message", f"what to do about {code}")
    known.setdefault("severity", Severity.ERROR)
    return Problem(code, row=number, column=column, **known)


def hostile_run(extra: Sequence[str] = ()) -> Report:
    """A run whose every text tries to be something else than text."""
    rows = []
    for number, text in enumerate((*HOSTILE, *extra), 2):
        found = (
            problem(number, text, text, message=text),
            problem(number, "x", severity=Severity.WARNING, message=text),
        )
        known = {"account_id": text, "objective_id": text, "title": text, "message": text}
        rows.append(row(number, Result.INVALID, problems=found, **known))
        changes = {
            Field.DESCRIPTION: (text, text * 9),
            Field.SUCCESS_PLAYS: ((text,), ()),
            Field.END_DATE: (text, text),
        }
        rows.append(row(number + 100, Result.FAILED, sheet=text, changes=changes, attempts=1, **known))
    whole = tuple(problem(None, text, text, message=text, sheet=text) for text in HOSTILE)
    return report(*rows, file=HOSTILE[0], target=HOSTILE[1], run=HOSTILE[2], problems=whole)


@dataclass
class Element:
    """An element of the page."""

    tag: str
    attrs: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text within."""
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def all(self, tag: str, **attrs: str) -> list[Element]:
        """The elements within of that tag and with those attributes, in their order; ``_`` stands for ``-``."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attrs.items()}
        found: list[Element] = []
        for child in self.children:
            if isinstance(child, Element):
                if child.tag == tag and wanted.items() <= child.attrs.items():
                    found.append(child)
                found += child.all(tag, **attrs)
        return found

    def one(self, tag: str, **attrs: str) -> Element:
        """The only such element."""
        (element,) = self.all(tag, **attrs)
        return element


class Reader(HTMLParser):
    """A strict reader: an element that is not closed where it should be is an error."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        assert len(element.attrs) == len(attrs), f"an attribute twice in {tag}"
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def close(self) -> None:
        super().close()
        assert self._open == [self.root]


def read(page: bytes) -> Element:
    """The page as a tree."""
    reader = Reader()
    reader.feed(page.decode())
    reader.close()
    return reader.root


def page_of(of: Report) -> Element:
    """The report's page as a tree."""
    return read(html_report(of))
