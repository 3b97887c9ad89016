"""The heartbeat: proof that beat, broker and a worker are alive."""

from celery import shared_task
from django.db.models.functions import Now

from aftersales.models import Heartbeat


@shared_task
def beat() -> None:
    Heartbeat.objects.update_or_create(name="tick", defaults={"at": Now()})
