"""The top of the report: what ran against what, how it ended, and what to do next; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from bulkobj.core.model import Result
from bulkobj.core.text import counted
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict: a colour, a sentence, and what to do next; ``command`` may be copied."""

    tone: str
    headline: str
    advice: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A term with its value; times are given as moments."""

    term: str
    value: str
    is_code: bool = False
    times: tuple[tuple[str, str], ...] = ()


def kind(report: Report) -> str:
    """Return what was done with the file."""
    if report.dry_run:
        return "Dry run"
    return "Check" if report.run is None else "Run"


def verdict(report: Report) -> Verdict:
    """Return how it ended, and what to do next."""
    if report.dry_run and not report.refused:
        return _of_plan(report)
    if report.refused:
        advice = "Fix what is listed below, and check the file again."
        return Verdict("bad", "The file can't be used as it is: nothing was sent.", advice)
    if not report.finished:
        return Verdict("doubt", "Not finished.", "To continue, run", f"bulkobj resume {report.run}")
    if is_invalid(report):
        number = report.counts[Result.INVALID]
        advice = f"{_share(number, report)} {_is(number)} invalid. Fix them, and check the file again."
        return Verdict("bad", "The file is not valid: nothing was sent.", advice)
    return _of_end(report)


def _of_plan(report: Report) -> Verdict:
    number = _not_done(report)
    if number:
        advice = f"{_share(number, report)} {'needs' if number == 1 else 'need'} attention first."
        return Verdict("plan", "This is a plan: nothing was sent.", advice)
    if report.fingerprint:
        return Verdict("plan", "This is a plan: nothing was sent.", "To carry it out, run", "bulkobj apply PLAN.json")
    return Verdict("plan", "This is a plan: nothing was sent.", "To carry it out, import the file without --dry-run.")


def _of_end(report: Report) -> Verdict:
    number = _not_done(report)
    if number:
        headline = f"Finished, and {_share(number, report)} {_is(number)} not done."
        if report.counts[Result.UNKNOWN]:
            return Verdict(
                "bad", headline, "To look once more for what is unknown, run", f"bulkobj resume {report.run}"
            )
        advice = "To save these rows, fix them and import them, run"
        return Verdict("bad", headline, advice, f"bulkobj report {report.run} --failures PATH")
    if report.run is None:
        headline = "The file is valid." if report.counts[Result.VALID] else "There was nothing to do."
        return Verdict("good", f"{headline} Nothing was sent.")
    changed = any(report.counts[result] for result in (Result.CREATED, Result.UPDATED, Result.DELETED))
    undo = ("To reverse it, run", f"bulkobj undo {report.run}") if changed else ("", "")
    return Verdict("good", "Finished: every row is as it was asked to be.", *undo)


def _not_done(report: Report) -> int:
    return sum(number for result, number in report.counts.items() if result not in GOOD)


def _share(number: int, report: Report) -> str:
    return f"{number:,} of {counted(len(report.rows), 'row')}"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def is_invalid(report: Report) -> bool:
    """Return whether rows were found invalid and nothing was sent."""
    return bool(report.counts[Result.INVALID]) and not _sent(report)


def _sent(report: Report) -> bool:
    return any(row.attempts for row in report.rows)


def facts(report: Report, made_at: datetime | None) -> Iterator[Fact]:
    """Yield what ran, against what, and when; ``made_at`` is the time where no row has one of its own."""
    yield Fact("Target", report.target)
    if report.profile and report.profile != "default":
        yield Fact("Profile", report.profile)
    if report.run is not None:
        yield Fact("Run", report.run, is_code=True)
    if report.fingerprint:
        yield Fact("Fingerprint of the plan", report.fingerprint, is_code=True)
    times = _times(report, made_at)
    if times:
        yield Fact("When", "", times=times)
    yield Fact("Rows", f"{len(report.rows):,}")
    yield Fact("Calls", f"{report.calls:,}{'' if _sent(report) or not report.calls else ', reading only'}")


def _times(report: Report, made_at: datetime | None) -> tuple[tuple[str, str], ...]:
    """Return the first and the last moment, each as a machine and as a person reads it; one if they are the same."""
    found = [datetime.fromisoformat(row.finished_at) for row in report.rows if row.finished_at]
    moments = [moment.astimezone(UTC) for moment in (min(found), max(found))] if found else []
    if not moments and made_at is not None:
        moments = [made_at.astimezone(UTC)]
    shown = [(f"{m:%Y-%m-%dT%H:%MZ}", f"{m:%Y-%m-%d %H:%M}") for m in moments]
    if len(shown) == 2 and shown[0] == shown[1]:
        del shown[1]
    if len(shown) == 2 and moments[0].date() == moments[1].date():
        shown[1] = (shown[1][0], f"{moments[1]:%H:%M}")
    return tuple(shown)
