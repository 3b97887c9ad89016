"""What beat runs: thin calls, safe to run twice or at once."""

from celery import shared_task

from aftersales.lifecycle.move import sweep
from orders.actions import ON_DUE
from orders.lifecycle import ORDER


@shared_task
def sweep_orders() -> None:
    for state, verb in ON_DUE.items():
        sweep(ORDER, state, verb)
