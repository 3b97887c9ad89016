"""The kinds of jobs on many tickets."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy, ngettext

from aftersales import actors
from aftersales.actors import Actor
from aftersales.jobs.kinds import RowByRow
from aftersales.jobs.models import Job, JobRow
from orders.models import ShopStaff
from refunds import actions
from refunds.actions.bulk import Refusals, Versions
from refunds.desk import notes
from refunds.errors import RefundError
from refunds.models import Reason, Ticket
from refunds.models.desk import Audience

Judged = tuple[list[Ticket], Refusals]


def tickets_of(job: Job) -> QuerySet[Ticket]:
    """The tickets that a job may touch: of its shop, as long as the person who asked for it works there."""
    return Ticket.objects.filter(shop=job.shop_id, shop__staff__user=job.by_id)


class OnTickets(RowByRow):
    """One verb on many tickets, each in the version that the person read.

    asks_second  many of them at once are more than a person decides alone
    moves_money  so is a big sum
    """

    errors = RefundError
    asks_second: ClassVar[bool] = True
    moves_money: ClassVar[bool] = False

    def title(self, job: Job) -> str:
        words = ngettext("%(action)s: %(number)s ticket", "%(action)s: %(number)s tickets", job.planned or 0)
        return words % {"action": self.label, "number": job.planned}

    def asks_at(self, job: Job) -> str:
        return reverse("admin:refunds_ticket_bulk", args=[job.token])

    def link(self, row: JobRow) -> str:
        return reverse("admin:refunds_ticket_change", args=[row.key])

    def do(self, job: Job, rows: Sequence[JobRow]) -> None:
        versions = {row.key: row.version or 0 for row in rows}
        refused = self.carry_out(job, tickets_of(job), actors.seller(job.by), versions)
        for row in rows:
            if why := refused.get(row.key):
                row.fail(why.code.value, **why.params)
            else:
                row.succeed()

    @abstractmethod
    def judge(self, tickets: QuerySet[Ticket], versions: Versions) -> Judged:
        """What `carry_out` would move now, and why not the others."""

    @abstractmethod
    def carry_out(self, job: Job, tickets: QuerySet[Ticket], by: Actor, versions: Versions) -> Refusals:
        """Do it, and say which ones were not done and why."""


class Agree(OnTickets):
    name, label, moves_money = "tickets.agree", gettext_lazy("Agree"), True

    def judge(self, tickets: QuerySet[Ticket], versions: Versions) -> Judged:
        return actions.judge_answer("agree", tickets, versions)

    def carry_out(self, job: Job, tickets: QuerySet[Ticket], by: Actor, versions: Versions) -> Refusals:
        return actions.agree_many(tickets, by, versions)


class Reject(OnTickets):
    """params: reason, the Reason; note, what the buyers read."""

    name, label = "tickets.reject", gettext_lazy("Reject")

    def judge(self, tickets: QuerySet[Ticket], versions: Versions) -> Judged:
        return actions.judge_answer("reject", tickets, versions)

    def carry_out(self, job: Job, tickets: QuerySet[Ticket], by: Actor, versions: Versions) -> Refusals:
        reason = Reason.objects.get(pk=job.params["reason"])
        return actions.reject_many(tickets, by, versions, reason, job.params["note"])


class Assign(OnTickets):
    """params: to, the ShopStaff, or null for nobody."""

    name, label, asks_second = "tickets.assign", gettext_lazy("Assign"), False

    def judge(self, tickets: QuerySet[Ticket], versions: Versions) -> Judged:
        return actions.judge_assignment(tickets, versions)

    def carry_out(self, job: Job, tickets: QuerySet[Ticket], by: Actor, versions: Versions) -> Refusals:
        key = job.params["to"]
        return actions.assign_many(tickets, by, versions, ShopStaff.objects.get(pk=key) if key else None)


class Annotate(OnTickets):
    """params: text, which the people of the shop read on each ticket."""

    name, label, asks_second = "tickets.note", gettext_lazy("Add an internal note"), False

    def judge(self, tickets: QuerySet[Ticket], versions: Versions) -> Judged:
        return actions.judge_note(tickets, versions)

    def carry_out(self, job: Job, tickets: QuerySet[Ticket], by: Actor, versions: Versions) -> Refusals:
        able, refused = actions.judge_note(tickets, versions)
        rows = Ticket.objects.filter(pk__in=[ticket.pk for ticket in able])
        notes.write(rows, by.person, Audience.SHOP, job.params["text"])
        return refused


KINDS: tuple[OnTickets, ...] = (Agree(), Reject(), Assign(), Annotate())
