"""What beat and wake-ups run."""

from celery import shared_task

from aftersales.help import mailing


@shared_task
def send_answers() -> None:
    mailing.send_answers()
