"""Wake a worker after the commit. Only a hint: the next tick finds the same rows."""

import logging

from celery import current_app
from django.db import transaction

log = logging.getLogger(__name__)


def wake(task: str) -> None:
    """Ask for a run of the task, by name, once the transaction has committed. A broker that is away costs nothing but
    time: it is logged."""
    transaction.on_commit(lambda: _send(task))


def _send(task: str) -> None:
    try:
        current_app.send_task(task, expires=60)
    except Exception:  # whatever the broker's client raises; the row is committed and the tick will find it
        log.warning("could not wake %s; the next tick does its work", task, exc_info=True)
