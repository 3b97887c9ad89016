"""A worker that dies in the middle of a job on many tickets: the next one goes on, and no ticket is answered twice."""

from uuid import uuid4

import pytest

from aftersales.jobs.models import Job
from aftersales.processes import until
from aftersales.testing import file, make_cast, pay, place
from refunds.bulk import plan, work
from refunds.models import Payout, Ticket, TicketEvent

pytestmark = pytest.mark.django_db(transaction=True)

# One ticket a step. Where it dies, the ticket has moved and the result is not written yet.
SMALL_STEPS = """
from celery.signals import celeryd_after_setup

@celeryd_after_setup.connect(weak=False)
def prepare(**more):
    from aftersales.jobs import kinds
    from refunds.bulk.work import Agree
    Agree.batch = 1
"""
DIES = """
    import os, signal
    steps = []
    write = kinds.write_results
    def dies(rows):
        steps.append(rows)
        if len(steps) == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        write(rows)
    kinds.write_results = dies
"""


def test_a_killed_worker_repeats_and_loses_nothing(workplace):
    cast = make_cast()
    for _ in range(5):
        order = pay(place(cast))
        file(order, {order.lines.get(sku=cast.mug).pk: 1})
    tickets = Ticket.objects.all()
    job = plan.plan(work.Agree(), cast.bob, cast.shop.pk, uuid4(), tickets)
    plan.start(job, {}, cast.bob, plan.outlook(work.Agree(), job))

    first = workplace.worker(before=SMALL_STEPS + DIES)
    workplace.beat()
    until(lambda: first.poll() is not None)
    assert job.rows.filter(ok=True).count() == Ticket.objects.exclude(state="awaiting_seller").count() == 2
    workplace.worker(before=SMALL_STEPS)

    until(lambda: Job.objects.filter(pk=job.pk, outcome="finished").exists())
    job.refresh_from_db()
    assert (job.done, job.failed, job.tries) == (5, 0, 0)
    keys = sorted(tickets.values_list("pk", flat=True))
    assert sorted(TicketEvent.objects.filter(action="agree").values_list("ticket", flat=True)) == keys
    assert sorted(Payout.objects.values_list("ticket", "amount")) == [(key, 1000) for key in keys]
