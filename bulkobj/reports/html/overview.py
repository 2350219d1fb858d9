"""The top of the HTML report: what it is about, how it went, and the counts by result and by account; pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime

from bulkobj.core.model import Result
from bulkobj.core.text import counted
from bulkobj.reports.html.markup import filtering, foreign, lines, section, text
from bulkobj.reports.report import GOOD, Report

#: The class that colours each result's word and bar, in the order in which results are listed.
TONES = {
    Result.CREATED: "create",
    Result.UPDATED: "update",
    Result.DELETED: "delete",
    Result.WOULD_CREATE: "create",
    Result.WOULD_UPDATE: "update",
    Result.WOULD_DELETE: "delete",
    Result.VALID: "create",
    Result.UNCHANGED: "quiet",
    Result.FAILED: "bad",
    Result.INVALID: "bad",
    Result.CONFLICT: "doubt",
    Result.UNKNOWN: "doubt",
    Result.NOT_ATTEMPTED: "quiet",
}

NO_ACCOUNT = "(no account)"


def kind(report: Report) -> str:
    """What was done with the file."""
    if report.dry_run:
        return "Dry run"
    return "Check" if report.run is None else "Run"


def verdict(report: Report) -> str:
    """How it went, in one sentence, and what to do about it in another."""
    tone, headline, advice = _verdict(report)
    more = f"<p>{advice}</p>" if advice else ""
    return f'<div class="verdict {tone}"><p class="headline">{headline}</p>{more}</div>'


def _verdict(report: Report) -> tuple[str, str, str]:
    if report.dry_run:
        number = _open_rows(report)
        advice = f"{_share(number, report)} {'needs' if number == 1 else 'need'} attention first." if number else ""
        return "plan", "This is a plan: nothing was sent.", advice
    if report.refused:
        return "bad", "The file can't be used as it is: nothing was sent.", "What is wrong stands below."
    if not report.finished:
        return "doubt", "Not finished.", _resuming(report, "goes on where it stopped")
    if is_invalid(report):
        number = report.counts[Result.INVALID]
        return "bad", "The file is not valid: nothing was sent.", f"{_share(number, report)} {_is(number)} invalid."
    return _ended(report)


def _ended(report: Report) -> tuple[str, str, str]:
    number = _open_rows(report)
    if number:
        advice = _resuming(report, "looks once more for what is unknown") if report.counts[Result.UNKNOWN] else ""
        return "bad", f"Finished, and {_share(number, report)} {_is(number)} not done.", advice
    if report.run is None:
        said = "The file is valid." if report.counts[Result.VALID] else "There was nothing to do."
        return "good", f"{said} Nothing was sent.", ""
    return "good", "Finished: every row is as it was asked to be.", ""


def _open_rows(report: Report) -> int:
    return sum(number for result, number in report.counts.items() if result not in GOOD)


def _share(number: int, report: Report) -> str:
    return f"{number:,} of {counted(len(report.rows), 'row')}"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _resuming(report: Report, what: str) -> str:
    return f"<code>bulkobj resume {text(report.run or '')}</code> {what}."


def is_invalid(report: Report) -> bool:
    """Whether rows were found invalid and nothing was sent."""
    return bool(report.counts[Result.INVALID]) and not _sent(report)


def _sent(report: Report) -> bool:
    return any(row.attempts for row in report.rows)


def facts(report: Report, made_at: datetime | None) -> str:
    """What ran, against what, and when, as a list of terms."""
    return lines(f"<div><dt>{term}</dt><dd>{value}</dd></div>" for term, value in _facts(report, made_at))


def _facts(report: Report, made_at: datetime | None) -> Iterator[tuple[str, str]]:
    yield "Target", foreign(report.target)
    if report.run is not None:
        yield "Run", f"<code>{text(report.run)}</code>"
    when = _when(report, made_at)
    if when:
        yield "When", when
    yield "Rows", f"{len(report.rows):,}"
    yield "Calls", f"{report.calls:,}{'' if _sent(report) or not report.calls else ', reading only'}"


def _when(report: Report, made_at: datetime | None) -> str:
    times = [datetime.fromisoformat(row.finished_at) for row in report.rows if row.finished_at]
    moments = [moment.astimezone(UTC) for moment in (min(times), max(times))] if times else []
    if not moments:
        return f"{_time(made_at.astimezone(UTC), '%Y-%m-%d %H:%M')} UTC" if made_at is not None else ""
    first, last = moments
    begun = _time(first, "%Y-%m-%d %H:%M")
    if f"{first:%Y%m%d%H%M}" == f"{last:%Y%m%d%H%M}":
        return f"{begun} UTC"
    return f"{begun} to {_time(last, '%H:%M' if first.date() == last.date() else '%Y-%m-%d %H:%M')} UTC"


def _time(moment: datetime, shown: str) -> str:
    return f'<time datetime="{moment:%Y-%m-%dT%H:%MZ}">{moment.strftime(shown)}</time>'


def results(report: Report) -> str:
    """How many rows have each result: a bar for each, with the word and the number beside it."""
    found = [_bar(result, report.counts[result], len(report.rows)) for result in TONES if report.counts[result]]
    return section("results", "Results", f'<ul class="counts" role="list">\n{lines(found)}\n</ul>' if found else "")


def _bar(result: Result, number: int, total: int) -> str:
    width = max(100 * number / total, 0.5)
    word = filtering(result.value, result=result.value)
    rect = f'<rect width="{width:.2f}" height="1"/>'
    bar = f'<svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">{rect}</svg>'
    told = f'<span class="word">{word}</span> {bar} <span class="number">{number:,}</span>'
    return f'<li class="{TONES[result]}">{told}</li>'


def accounts(report: Report) -> str:
    """What became of each account's rows; accounts with rows that are not done come first."""
    by_account: defaultdict[str, Counter[Result]] = defaultdict(Counter)
    for row in report.rows:
        by_account[row.line.account_id][row.result] += 1
    ordered = sorted(by_account.items(), key=lambda item: all(result in GOOD for result in item[1]))
    head = '<tr><th scope="col">Account</th><th scope="col" class="number">Rows</th><th scope="col">Results</th></tr>'
    body = lines(_account(account, found) for account, found in ordered)
    table = f'<table class="accounts" id="account-table">\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table>'
    return section("accounts", f"Accounts <span>({len(by_account):,})</span>", table if by_account else "")


def _account(account: str, found: Counter[Result]) -> str:
    name = filtering(foreign(account) if account else NO_ACCOUNT, account=account)
    parts = ", ".join(_part(result, found[result]) for result in TONES if found[result])
    return f'<tr><th scope="row">{name}</th><td class="number">{found.total():,}</td><td>{parts}</td></tr>'


def _part(result: Result, number: int) -> str:
    return f'<span class="part">{number:,} <span class="word {TONES[result]}">{result.value}</span></span>'


def result_options(counts: Counter[Result]) -> str:
    """The choices of the filter by result; ``not-done`` stands for all results that call for something."""
    present = [result for result in TONES if counts[result]]
    open_results = [result for result in present if result not in GOOD]
    options = [f'<option value="{result.value}">{result.value} ({counts[result]:,})</option>' for result in present]
    if len(open_results) > 1:
        number = sum(counts[result] for result in open_results)
        options.insert(0, f'<option value="not-done">all not done ({number:,})</option>')
    return lines(options)
