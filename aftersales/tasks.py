"""The heartbeat, proof that beat, broker and a worker are alive; and background jobs."""

from celery import shared_task
from django.db.models.functions import Now

from aftersales.jobs import files, work
from aftersales.models import Heartbeat


@shared_task
def beat() -> None:
    Heartbeat.objects.update_or_create(name="tick", defaults={"at": Now()})


@shared_task
def work_jobs() -> None:
    work.work()


@shared_task
def tidy_jobs() -> None:
    files.tidy()
