"""What beat and wake-ups run: thin calls, safe to run twice, at once, or not at all until the next tick."""

from celery import shared_task

from aftersales.lifecycle import move
from aftersales.lifecycle.move import sweep
from refunds import books, invitations, mailing, notices, workers
from refunds.actions import DISPUTE_ON_DUE, ON_DUE
from refunds.actions.uploads import tidy
from refunds.desk import jottings
from refunds.lifecycle import DISPUTE, TICKET


@shared_task
def sweep_tickets() -> None:
    for state, verb in ON_DUE.items():
        sweep(TICKET, state, verb)


@shared_task
def sweep_disputes() -> None:
    for state, verb in DISPUTE_ON_DUE.items():
        sweep(DISPUTE, state, verb)


@shared_task
def pursue_payments() -> None:
    workers.pursue_payments()


@shared_task
def pursue_payouts() -> None:
    workers.pursue_payouts()


@shared_task
def compare_books() -> None:
    books.compare()


@shared_task
def remind() -> None:
    for life in notices.LIVES.values():
        if life.reminders:
            move.remind(life)


@shared_task
def announce() -> None:
    notices.announce()


@shared_task
def send_notices() -> None:
    mailing.send_notices()


@shared_task
def send_invitations() -> None:
    invitations.send_invitations()


@shared_task
def tidy_photos() -> None:
    tidy()
    jottings.tidy()
