"""What people do with jobs: ask for one, release it, cancel it."""

from __future__ import annotations

from django.db.models import QuerySet
from django.db.models.functions import Now

from aftersales.jobs.models import Job, Outcome
from aftersales.lifecycle.errors import Conflict
from aftersales.models import User
from aftersales.wake import wake

WORK = "aftersales.tasks.work_jobs"


def release(jobs: QuerySet[Job], by: User) -> Job:
    """Give the one job to the worker. Raises Conflict when it has been released or has ended before."""
    if not jobs.filter(ready_at__isnull=True, ended_at__isnull=True).update(ready_at=Now(), released_by=by):
        raise Conflict("release", jobs.first())
    wake(WORK)
    return jobs.get()


def cancel(jobs: QuerySet[Job]) -> Job:
    """Do no more of the one job; what was done stays done. Waits for the step that is being done. Raises Conflict when
    it has ended before."""
    if not jobs.filter(ended_at__isnull=True).update(ended_at=Now(), outcome=Outcome.CANCELLED):
        raise Conflict("cancel", jobs.first())
    return jobs.get()
