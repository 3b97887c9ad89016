"""The worker's side: one step of one job at a time, the job that waits longest first.

The lock on a job's row is the claim. A worker that is killed loses it with its connection, and the step it was in with
it: the next tick goes on after the last step that committed, so nothing is done twice and nothing is left out.
"""

from __future__ import annotations

import logging
import time

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone, translation

from aftersales.jobs.kinds import KINDS, kind_of
from aftersales.jobs.models import PAUSE, TRIES, Job, JobError, Outcome
from aftersales.jobs.verbs import WORK
from aftersales.readers import zone_named
from aftersales.wake import wake

log = logging.getLogger(__name__)
# The clocks of orders and tickets share the workers: a long job lets them in between.
BUDGET = 20.0


def work() -> None:
    """Do steps of open jobs until nothing is left, or the time is over and the rest is left to another run."""
    ends = time.monotonic() + BUDGET
    while step():
        if time.monotonic() > ends:
            wake(WORK)
            return


def step() -> bool:
    """One step of the job that waits longest; False when there is none that a rival does not hold."""
    key = 0
    try:
        with transaction.atomic():
            rested = Q(tries=0) | Q(worked_at__lte=Now() - PAUSE)
            waiting = Job.objects.open().filter(rested, kind__in=KINDS).select_related("by")
            locking = waiting.select_for_update(skip_locked=True, no_key=True, of=("self",))
            job = locking.order_by(F("worked_at").asc(nulls_first=True), "pk").first()
            if job is None:
                return False
            key = job.pk
            _step(job)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:  # whatever a kind's code raises: the other jobs go on
        if not key:
            raise
        log.exception("job %s: a step failed", key)
        _stumble(key, str(error) or type(error).__name__)
    return True


def _step(job: Job) -> None:
    if not job.by.is_active:
        _end(job, Outcome.FAILED, trouble=str(JobError.NO_RIGHTS.value))
        return
    with translation.override(job.by.language or None), timezone.override(zone_named(job.by.time_zone)):
        more = kind_of(job).step(job)
    saved = ("cursor", "planned", "done", "failed", "file", "file_name", "expires_at")
    Job.objects.filter(pk=job.pk).update(
        **{name: getattr(job, name) for name in saved},
        started_at=Coalesce("started_at", Now()),
        worked_at=Now(),
        tries=0,
        trouble="",
    )
    if not more:
        _end(job, Outcome.FINISHED)


def _end(job: Job, outcome: Outcome, **more: str) -> None:
    Job.objects.filter(pk=job.pk).update(ended_at=Now(), outcome=outcome, worked_at=Now(), **more)


def _stumble(key: int, trouble: str) -> None:
    """The step is undone; the job is tried again after a pause, and given up after the last try."""
    found = Job.objects.open().filter(pk=key)
    found.update(tries=F("tries") + 1, trouble=trouble[:2000], worked_at=Now())
    if found.filter(tries__gte=TRIES).update(ended_at=Now(), outcome=Outcome.FAILED):
        log.error("job %s given up: %s", key, trouble)
