"""What a job can be: each app registers its kinds when it is ready."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Final, cast

from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, models, transaction
from django.db.models.functions import Now

from aftersales.jobs.models import Job, JobError, JobRow
from aftersales.lifecycle.errors import Conflict, Refused

log = logging.getLogger(__name__)
KINDS: Final[dict[str, Kind]] = {}


class Kind(ABC):
    """How work of one kind is carried out and named.

    name   in the job's row, for ever
    label  what it is called
    """

    name: ClassVar[str]
    label: ClassVar[Any]

    @abstractmethod
    def step(self, job: Job) -> bool:
        """Do the next piece of a job, a second or two of it; False when nothing was left to do.

        Called by a worker in a transaction of its own that holds the job's lock, in the language and the time zone of
        `job.by`. What is set on the job (cursor, planned, done, failed, file, file_name, expires_at) is saved with the
        step. What raises is undone as a whole and tried again a little later.
        """

    def title(self, job: Job) -> str:
        return str(self.label)

    def asks_at(self, job: Job) -> str:
        """The address of the page where a job that is not released is confirmed; "" for none."""
        return ""

    def link(self, row: JobRow) -> str:
        """The address of the page of a row; "" for none."""
        return ""

    def sentence(self, row: JobRow) -> str:
        """Why a row was not done, in the language that is active now."""
        return str(JobError(row.code).label) if row.code in JobError.values else row.code


class RowByRow(Kind):
    """Work on the rows that were frozen when the job was planned: each is done once, with its result in the same
    transaction.

    errors  the sentences of the codes with which `do` refuses rows
    """

    batch: ClassVar[int] = 200
    errors: ClassVar[type[models.TextChoices] | None] = None

    @abstractmethod
    def do(self, job: Job, rows: Sequence[JobRow]) -> None:
        """Do it to these rows, in a fixed number of statements, and tell each its result (`succeed`, `fail`).

        What raises is undone; it is then done by halves, down to the row that is to blame.
        """

    def sentence(self, row: JobRow) -> str:
        if self.errors and row.code in self.errors.values:
            return cast("str", str(self.errors(row.code).label) % row.params)
        return super().sentence(row)

    def step(self, job: Job) -> bool:
        rows = list(job.rows.filter(done_at__isnull=True).order_by("pk")[: self.batch])
        if not rows:
            return False
        self._do(job, rows)
        write_results(rows)
        job.done += sum(1 for row in rows if row.ok)
        job.failed += sum(1 for row in rows if not row.ok)
        return True

    def _do(self, job: Job, rows: Sequence[JobRow]) -> None:
        try:
            with transaction.atomic():
                self.do(job, rows)
        except (OperationalError, SoftTimeLimitExceeded):
            raise
        except Exception as error:  # of a rule, or a mistake of ours: it must not stop the rows it does not concern
            if len(rows) == 1:
                _blame(rows[0], error)
                return
            half = len(rows) // 2
            self._do(job, rows[:half])
            self._do(job, rows[half:])


def _blame(row: JobRow, error: Exception) -> None:
    if isinstance(error, Refused):
        row.fail(error.code.value, **error.params)
    elif isinstance(error, Conflict):
        row.fail(JobError.BUSY if error.row is None else JobError.CHANGED)
    else:
        log.error("job %s cannot do %s", row.job_id, row, exc_info=error)
        row.fail(JobError.BROKEN)


def write_results(rows: Sequence[JobRow]) -> None:
    for row in rows:
        row.done_at = Now()
    JobRow.objects.bulk_update(rows, ("done_at", "ok", "code", "params"))


def register(kind: Kind) -> None:
    """Make a kind known, from an app's ready(). Raises ValueError for a name that is taken."""
    if kind.name in KINDS:
        raise ValueError(f"two kinds of job are called {kind.name}")
    KINDS[kind.name] = kind


def kind_of(job: Job) -> Kind:
    return KINDS[job.kind]
