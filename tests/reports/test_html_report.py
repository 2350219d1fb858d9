"""The HTML report as markup: everything is told, nothing breaks out, nothing points outside."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkobj.core.columns import OWNER, TITLE
from bulkobj.core.model import Action, Field, Result, Severity
from bulkobj.reports.html.page import html_report
from bulkobj.reports.html.rendering import visible
from bulkobj.reports.report import Report
from bulkobj.validation.headers import How, MappedColumn
from tests.reports.html_kit import HOSTILE, Element, finished_run, hostile_run, page_of, problem, read, report, row

ANY_TEXT = st.text(st.characters(codec=None), max_size=40) | st.text(
    "<>&\"'/!-=`script${}%\u2028\r\n\t\x00", max_size=40
)


def row_of(page: Element, anchor: str) -> Element:
    return page.one("li", id=anchor)


def words(element: Element) -> str:
    return " ".join(element.text.split())


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stands_in_the_page_as_text(text: str) -> None:
    """Every field shows what it holds, and makes no element and no attribute of its own."""
    page = page_of(hostile_run())
    assert page.one("h1").text == visible(HOSTILE[0])
    assert visible(text) in [title.text for title in page.all("p", class_="title")]
    assert visible(text) in [item.attrs["data-account"] for item in page.all("li") if "data-account" in item.attrs]
    assert len(page.all("script")) == 1
    assert not page.all("img")
    assert not [name for element in page.all("svg") for name in element.attrs if name.startswith("on")]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ANY_TEXT, min_size=8, max_size=8))
def test_no_text_breaks_out(texts: list[str]) -> None:
    """Whatever the fields hold, the page has the elements that it has for plain text, and the text reads back."""
    account, title, message, code, column, before, after, file = texts
    found = (problem(2, code or "x", column or "x", message=message or "x"),)
    changes = {Field.DESCRIPTION: (before or "x", after or "x")}
    line = row(2, Result.INVALID, account_id=account or "x", title=title or "x", problems=found, changes=changes)
    page = page_of(report(line, file=file))
    plain = page_of(report(row(2, Result.INVALID, account_id="x", title="x", problems=(problem(2, "x", "x"),),
                               changes={Field.DESCRIPTION: ("x", "x")})))  # fmt: skip
    assert shape(page) == shape(plain)
    assert page.one("h1").text == visible(file)
    item = row_of(page, "row-2")
    assert item.attrs["data-account"] == visible(account or "x")
    assert item.one("p", class_="title").text == visible(title or "x")
    assert (item.one("del").text, item.one("ins").text) == (visible(before or "x"), visible(after or "x"))
    assert visible(message or "x") in item.one("ul", class_="faults").text


def shape(element: Element) -> list[object]:
    """The tags and the names of attributes, without any text."""
    children = [shape(child) for child in element.children if isinstance(child, Element)]
    return [element.tag, sorted(element.attrs), *children]


def test_what_nobody_could_see_is_spelled_out() -> None:
    """A direction override, a control code and a lone surrogate show; a right-to-left title stays as it is."""
    assert visible("a\u202eb\x1bc\ud800") == "a⟦U+202E⟧b⟦U+001B⟧c⟦U+D800⟧"
    assert visible("\u05e9\u05dc\u05d5\u05dd\tb\r\nx\ry") == "\u05e9\u05dc\u05d5\u05dd\tb\nx\ny"


def test_nothing_points_outside_the_page() -> None:
    """Links lead to places in the page; the only other reference is an empty icon."""
    for page in (page_of(finished_run()), page_of(hostile_run())):
        for element in every(page):
            for name in {"src", "href", "action", "data", "poster", "srcset", "style"} & element.attrs.keys():
                assert element.attrs[name] == "data:," or element.attrs[name].startswith("#")


def every(element: Element) -> list[Element]:
    children = [child for child in element.children if isinstance(child, Element)]
    return [*children, *(deeper for child in children for deeper in every(child))]


def test_style_and_script_load_nothing() -> None:
    """Neither names an address or a way to fetch one."""
    page = page_of(finished_run())
    assert not re.search(r"url\(|@import|https?:", page.one("style").text)
    assert not re.search(r"https?:|fetch|XMLHttp|import\(|innerHTML|eval|document\.write", page.one("script").text)


def test_the_policy_allows_this_style_and_this_script_only() -> None:
    """Their hashes are in the policy, everything else is forbidden."""
    page = page_of(finished_run())
    policy = page.one("meta", http_equiv="Content-Security-Policy").attrs["content"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for kind in ("style", "script"):
        digest = hashlib.sha256(page.one(kind).text.encode()).digest()
        assert f"{kind}-src 'sha256-{base64.b64encode(digest).decode()}'" in policy


def test_every_link_within_the_page_leads_somewhere() -> None:
    """Ids are unique, and what is linked to or labelled by exists; so with several sheets as well."""
    sheets = report(row(2, Result.CREATED, sheet="A"), row(2, Result.FAILED, sheet="B", message="no"))
    for of in (finished_run(), sheets, hostile_run()):
        elements = every(page_of(of))
        ids = [element.attrs["id"] for element in elements if "id" in element.attrs]
        assert len(ids) == len(set(ids))
        named = [element.attrs.get(name, "") for element in elements for name in ("aria-labelledby", "for")]
        links = [element.attrs["href"][1:] for element in elements if element.attrs.get("href", "").startswith("#")]
        assert {*filter(None, named), *links} <= set(ids)


def test_headings_and_landmarks() -> None:
    """One h1, no level left out, every section labelled by its heading."""
    page = page_of(finished_run())
    levels = [int(element.tag[1]) for element in every(page) if re.fullmatch(r"h\d", element.tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert [section.attrs["aria-labelledby"] for section in page.one("main").all("section")] == [
        "results",
        "problems",
        "accounts",
        "rows",
    ]
    assert page.one("html").attrs["lang"] == "en"
    assert page.one("p", role="status").text == "6 rows"
    for control in ("select", "input"):
        assert {element.attrs["id"] for element in page.all(control)} <= {x.attrs["for"] for x in page.all("label")}


def test_the_controls_wait_for_the_script() -> None:
    """Without a script the filter is hidden, its links are plain text, and no row is hidden."""
    page = page_of(finished_run())
    assert "hidden" in page.one("form").attrs
    assert page.all("a", data_filter="result=failed")
    assert all("href" not in link.attrs for link in page.all("a") if "data-filter" in link.attrs)
    assert not [item for item in page.one("ol").all("li") if "hidden" in item.attrs]


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (replace(finished_run(), run=None, dry_run=True), "This is a plan: nothing was sent. 4 of 6 rows need"),
        (report(row(2, Result.CREATED, attempts=1)), "Finished: every row is as it was asked to be."),
        (
            finished_run(),
            "Finished, and 4 of 6 rows are not done. To look once more for what is unknown, run bulkobj",
        ),
        (replace(finished_run(), finished=False), "Not finished. To continue, run bulkobj resume 20270108-103000-abcd"),
        (report(row(2, Result.VALID), run=None), "The file is valid. Nothing was sent."),
        (report(row(2, Result.UNCHANGED), run=None), "There was nothing to do. Nothing was sent."),
        (report(row(2, Result.INVALID), row(3, Result.NOT_ATTEMPTED)), "The file is not valid: nothing was sent. 1 of"),
        (report(problems=(problem(None),)), "The file can't be used as it is: nothing was sent."),
    ],
)
def test_the_verdict(of: Report, said: str) -> None:
    """The first sentence says what happened, whatever kind of report it is."""
    verdict = next(element for element in page_of(of).all("div") if element.attrs["class"].startswith("verdict"))
    assert " ".join(paragraph.text for paragraph in verdict.all("p")).startswith(said)


def test_what_ran_on_what_and_when() -> None:
    """The run, the target, the counts, and the time of the first and the last row."""
    first, *rest = finished_run().rows
    later = rest[0]._replace(finished_at="2027-01-08T12:31:59+01:00")
    page = page_of(replace(finished_run(), rows=(first, later, *rest[1:])))
    facts = {item.one("dt").text: item.one("dd").text for item in page.one("dl", class_="facts").all("div")}
    when = "2027-01-08 10:30 to 11:31 UTC"
    assert facts == {"Target": "sandbox", "Run": "20270108-103000-abcd", "When": when, "Rows": "6", "Calls": "7"}


def test_a_plan_has_the_time_that_it_is_given() -> None:
    """A plan's rows have no time; nothing is made up where none is given."""
    plan = report(row(2, Result.WOULD_CREATE), run=None, dry_run=True)
    assert "When" not in page_of(plan).one("dl", class_="facts").text
    page = read(html_report(plan, made_at=datetime(2027, 1, 8, 10, 30, tzinfo=UTC)))
    assert "2027-01-08 10:30 UTC" in page.one("dl", class_="facts").text
    assert "7, reading only" in page.one("dl", class_="facts").text


def test_counts_are_a_picture_with_its_words() -> None:
    """Each result has a bar as long as its share, which is hidden from readers of the words and the number."""
    bars = page_of(finished_run()).one("ul", class_="counts").all("li")
    told = [words(bar) for bar in bars]
    assert told == ["created 1", "updated 1", "failed 2", "invalid 1", "unknown 1"]
    assert [bar.one("rect").attrs["width"] for bar in bars[:3]] == ["16.67", "16.67", "33.33"]
    assert {bar.one("svg").attrs["aria-hidden"] for bar in bars} == {"true"}


def test_accounts_with_open_rows_come_first() -> None:
    """Each account with its rows and results."""
    lines = page_of(finished_run()).one("tbody").all("tr")
    assert [words(line.one("th")) for line in lines] == ["Büro & Söhne", "(no account)", "ACME"]
    assert [cell.text for cell in lines[0].all("td")] == ["3", "2 failed, 1 unknown"]


def test_fields_before_and_after() -> None:
    """An update tells both values, a create the new ones; dates read as dates, and empty is said."""
    page = page_of(finished_run())
    updated = {
        item.one("dt").text: (item.all("del"), item.one("ins").text) for item in row_of(page, "row-3").all("div")[1:]
    }
    assert {name: (before[0].text, after) for name, (before, after) in updated.items()} == {
        "Status": ("In Progress", "Completed"),
        "Owner": ("(empty)", "new@example.demo"),
    }
    created = row_of(page, "row-2").one("dl")
    assert [words(item) for item in created.all("dt")] == ["Start Date"]
    assert (created.one("ins").text, created.all("del")) == ("2027-01-11", [])


def test_a_row_tells_what_is_needed_to_act() -> None:
    """Place, result, title, account, HTTP status and message; a faulty row its problems, and not twice."""
    page = page_of(finished_run())
    told = words(row_of(page, "row-4"))
    for part in ("Row 4", "failed", "Refused", "account Büro & Söhne", "HTTP 404", "no such account"):
        assert part in told
    faulty = row(9, Result.INVALID, message="what to do about bad-date", problems=(problem(9, "bad-date", "End Date"),))
    assert words(row_of(page_of(report(faulty)), "row-9")).count("what to do about bad-date") == 1


def test_the_action_is_told_where_the_result_does_not() -> None:
    """A template that ran is a `created` row too."""
    page = page_of(report(row(2, Result.CREATED, action=Action.RUN_TEMPLATE), row(3, Result.CREATED, account_id="A")))
    assert "run template" in row_of(page, "row-2").text
    assert "create " not in words(row_of(page, "row-3"))


def test_accounts_have_their_names() -> None:
    """The name stands before the id, in the list of accounts and in the row; without one the id stands alone."""
    page = page_of(
        report(row(2, Result.CREATED, account_id="A-1", account_name="Acme"), row(3, Result.CREATED, account_id="B-1"))
    )
    assert [words(line.one("th")) for line in page.one("tbody").all("tr")] == ["Acme A-1", "B-1"]
    assert "account Acme A-1" in words(row_of(page, "row-2"))
    assert row_of(page, "row-2").attrs["data-account"] == "A-1"


def test_columns_with_other_names_are_listed() -> None:
    """What was recognised by another name or ignored; a column with its own name needs no word."""
    columns = (
        MappedColumn("Title", TITLE, How.NAME),
        MappedColumn("CSM <b>", OWNER, How.ALIAS),
        MappedColumn("ARR", None, How.IGNORED),
    )
    page = page_of(report(row(2, Result.CREATED), columns=columns))
    assert words(page.one("p", class_="mapping")) == "Columns: CSM <b> → Owner, ARR ignored"


def test_the_profile_is_named() -> None:
    """The target with its profile; the default one goes without saying."""
    facts = page_of(report(row(2, Result.CREATED), profile="acme-eu")).one("dl", class_="facts").text
    assert "acme-eu" in facts
    assert "Profile" not in page_of(report(row(2, Result.CREATED), profile="default")).one("dl", class_="facts").text


def test_problems_are_grouped_by_cause() -> None:
    """A cause has one heading with how many rows it has, its messages below, their rows drawn together."""
    codes = [(n, "unknown-status", "no such status") for n in (2, 3, 4, 9)] + [(5, "unknown-status", "another")]
    found = [row(n, Result.INVALID, problems=(problem(n, code, "Status", message=said),)) for n, code, said in codes]
    warned = row(12, Result.VALID, problems=(problem(12, "missing-date", severity=Severity.WARNING),))
    causes = page_of(report(warned, *found)).all("div", class_="cause")
    assert [words(cause.one("h3")) for cause in causes] == [
        "error unknown-status in Status (5 rows)",
        "warning missing-date (1 row)",
    ]
    assert [words(item) for item in causes[0].all("li")] == ["no such status rows 2-4, 9", "another row 5"]
    assert [link.attrs["href"] for link in causes[0].all("a")[1:]] == ["#row-2", "#row-9", "#row-5"]


def test_a_cause_with_a_message_for_each_row_stays_short() -> None:
    """The first messages stand there, the others are counted."""
    found = [row(n, Result.INVALID, problems=(problem(n, message=f"no {n}"),)) for n in range(2, 102)]
    cause = page_of(report(*found)).one("div", class_="cause")
    assert [words(item) for item in cause.all("li")[24:]] == [
        "no 26 row 26",
        "and 75 messages like these, with the rows below",
    ]


def test_failed_rows_are_grouped_by_message() -> None:
    """What the service said is a cause too."""
    causes = page_of(finished_run()).all("div", class_="cause")
    assert [words(cause) for cause in causes[1:]] == [
        "failed (2 rows) no such account rows 4-5",
        "unknown (1 row) the answer was lost row 6",
    ]


def test_a_refused_file_shows_its_problems_first() -> None:
    """The file's own problems stand on top in every report; the rows' come before the counts where nothing was sent."""
    whole = problem(None, "missing-column", "Title", sheet="Plan & more")
    refused = report(row(2, Result.INVALID, problems=(problem(2),)), problems=(whole,))
    sections = page_of(refused).one("main").all("section")
    assert [section.attrs["aria-labelledby"] for section in sections][:3] == ["file-problems", "problems", "results"]
    said = "error sheet Plan & more, Title: what to do about missing-column missing-column"
    assert words(sections[0].one("li")) == said


def test_rows_of_several_sheets_are_told_apart() -> None:
    """A row number alone would say too little; with one sheet its name would say too much."""
    failing = {"message": "no"}
    page = page_of(report(row(2, Result.CREATED, sheet="A"), row(2, Result.FAILED, sheet="B", **failing)))
    assert words(row_of(page, "row-2-2")).startswith("Row 2sheet B failed")
    assert words(page.one("div", class_="cause")) == "failed (1 row) no sheet B, row 2"
    assert "sheet" not in words(row_of(page_of(report(row(2, Result.CREATED, sheet="A"))), "row-2"))


def test_a_report_without_rows_is_a_page_too() -> None:
    """An unreadable file has problems and nothing else."""
    page = page_of(report(problems=(problem(None, "unreadable-file"),)))
    assert [s.attrs["aria-labelledby"] for s in page.one("main").all("section")] == ["file-problems", "rows"]
    assert "There is no row to report." in page.one("main").text


def test_the_same_report_is_the_same_page() -> None:
    """No clock and no chance is in it."""
    assert html_report(finished_run()) == html_report(finished_run())


def colours(style: str) -> list[dict[str, str]]:
    blocks = re.findall(r":root \{([^}]*)\}", style)
    return [dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", block)) for block in blocks]


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_contrast(scheme: int) -> None:
    """Text has 4.5 to 1 on everything it stands on, edges of controls 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11)."""
    style = resources.files("bulkobj.reports.html").joinpath("style.css").read_text("utf-8")
    palette = colours(style)[scheme]
    for ink in ("ink", "muted", "link", "create", "update", "delete", "quiet", "bad", "doubt"):
        for paper in ("paper", "raised", "mark"):
            assert contrast(palette[ink], palette[paper]) >= 4.5, (ink, paper)
    assert contrast(palette["field"], palette["paper"]) >= 3
