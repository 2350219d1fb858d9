"""Finds the objectives of steps that were answered without an id, by what is new on their account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from bulkobj.core.model import Action, Objective
from bulkobj.execution.jobs import IN_DOUBT, Account, Job, Recorder
from bulkobj.execution.reconciliation import TemplateSign, made_by_template, titles_of
from bulkobj.planning.comparison import holds

_NO_ID = "the service gave no id for it, and the account does not show which one it is. Check the account in Totango"
_SEVERAL = "the template ran, but some of the new objectives may be a colleague's. Check the account in Totango"


class Identifier:
    """Gives each create its id and each run of a template its objectives; remembers what templates make."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._titles: dict[str, Counter[str]] = {}

    def sign(self, job: Job) -> TemplateSign:
        """Return what is known of the job's template."""
        return TemplateSign(job.name, self._titles.get(job.step.template_id))

    def identify(self, account: Account, objectives: Iterable[Objective]) -> None:
        """Record the ids that can be told now.

        Equal creates share equal objectives out: their answers stand for each of them. Where there are more of those
        than creates, some are a colleague's, and nobody can tell which.
        """
        objectives = tuple(objectives)
        if not account.snapshot:
            return
        for job in tuple(account.nameless):
            if job not in account.nameless:
                continue  # a twin of it was in doubt
            new = [one for one in objectives if one.id not in account.taken and holds(one, job.step.body)]
            twins = sum(other.step.body == job.step.body for other in account.nameless)
            lost = sum(other.step == job.step and other.state in IN_DOUBT for other in account.jobs)
            if not new:
                continue
            account.nameless.remove(job)
            if len(new) > twins + lost:
                account.nameless.append(job)
                self._doubt(account, [one for one in account.nameless if one.step.body == job.step.body], new)
            else:
                account.claimed.add(new[0].id)
                doubtful = [new[0].id] if len(new) > twins else []
                self._recorder.identified(job.position, new[:1], doubtful)
        self._identify_templates(account, objectives)

    def _doubt(self, account: Account, jobs: Iterable[Job], candidates: Iterable[Objective]) -> None:
        for job in jobs:
            account.nameless.remove(job)
            self._recorder.noted(job.position, _NO_ID, [one.id for one in candidates])

    def _identify_templates(self, account: Account, objectives: Iterable[Objective]) -> None:
        unclear = [one.step for one in (*account.jobs, *account.nameless) if one.step.action is Action.CREATE]
        new = tuple(
            one
            for one in objectives
            if one.id not in account.taken and not any(holds(one, step.body) for step in unclear)
        )
        if not account.templates or not new:
            return
        several = len(account.templates) > 1 or any(
            one.step.action is Action.RUN_TEMPLATE and one.state in IN_DOUBT for one in account.jobs
        )
        if several:
            return  # a look for the lost one must not take what this one made
        (job,) = account.templates
        made = made_by_template(new, self.sign(job))
        doubtful = [one.id for one in new if one not in made]
        account.templates.clear()
        account.claimed.update(one.id for one in made)
        self._recorder.identified(job.position, made, doubtful)
        if doubtful:
            self._recorder.noted(job.position, _SEVERAL, doubtful)
        else:
            self._titles[job.step.template_id] = titles_of(made)

    def give_up(self, account: Account) -> None:
        """Note for each step without an id that nobody can tell it; the account was just read for the last time."""
        new = [
            one.id
            for one in (account.live or {}).values()
            if one.id not in account.claimed | (account.planned or set())
        ]
        for job in account.nameless:
            self._recorder.noted(job.position, _NO_ID)
        for job in account.templates:
            self._recorder.noted(job.position, _NO_ID, new)
        account.nameless.clear()
        account.templates.clear()
