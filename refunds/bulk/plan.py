"""From a selection to a released job: the plan freezes which tickets in which version, the outlook says what would
happen to them now, and only what it promised is carried out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from aftersales.actors import Role
from aftersales.jobs.kinds import write_results
from aftersales.jobs.models import Job, JobRow
from aftersales.jobs.verbs import release
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.models import User
from orders.models import Shop, ShopStaff
from orders.states import ShopRole
from refunds.bulk.work import OnTickets, tickets_of
from refunds.models import Ticket
from refunds.notices import tell
from refunds.states import Kind

# The life under which a job stands among the notices, and what happened.
LIFE, HAND_ON = "job", "hand_on"


@dataclass(frozen=True)
class Outlook:
    """What a job would do now: the tickets it would move, and why it would not move the others."""

    able: list[Ticket]
    refused: dict[int, Refused]

    @property
    def sums(self) -> dict[str, int]:
        """{currency: minor units} of all that would move; two currencies are never added."""
        found: Counter[str] = Counter()
        for ticket in self.able:
            found[ticket.order.currency] += ticket.amount
        return dict(found)

    @property
    def by_kind(self) -> list[tuple[Kind, str, int, int]]:
        """(kind, currency, tickets, minor units), as the kinds are listed elsewhere."""
        number: Counter[tuple[str, str]] = Counter()
        amount: Counter[tuple[str, str]] = Counter()
        for ticket in self.able:
            number[ticket.kind, ticket.order.currency] += 1
            amount[ticket.kind, ticket.order.currency] += ticket.amount
        order = {kind.value: position for position, kind in enumerate(Kind)}
        keys = sorted(number, key=lambda key: (order[key[0]], key[1]))
        return [(Kind(kind), currency, number[kind, currency], amount[kind, currency]) for kind, currency in keys]

    @property
    def digest(self) -> str:
        """What a person has read: another one means that the world has changed since."""
        sums = ",".join(f"{currency}={amount}" for currency, amount in sorted(self.sums.items()))
        return f"{len(self.able)}/{len(self.refused)}/{sums}"


def plan(kind: OnTickets, by: User, shop: int, token: UUID, tickets: QuerySet[Ticket]) -> Job:
    """A job on these tickets as they are now, not released. The same form sent twice makes one plan; sent anew with
    other tickets, from a page that the browser kept, it makes another."""
    chosen = list(tickets.order_by("pk").values_list("pk", "version", "number"))
    with transaction.atomic():
        before = Job.objects.filter(token=token, by=by).select_for_update(no_key=True).first()
        if before and before.kind == kind.name and _rows(before) == chosen:
            return before
        fresh = uuid4() if Job.objects.filter(token=token).exists() else token
        job = Job.objects.create(token=fresh, kind=kind.name, by=by, shop_id=shop, planned=len(chosen))
        JobRow.objects.bulk_create(
            JobRow(job=job, key=key, version=version, label=number) for key, version, number in chosen
        )
    return job


def _rows(job: Job) -> list[tuple[int, int, str]]:
    return [(key, version or 0, label) for key, version, label in job.rows.order_by("key").values_list(
        "key", "version", "label")]  # fmt: skip


def outlook(kind: OnTickets, job: Job) -> Outlook:
    """What would happen now. A fixed number of queries."""
    versions = {key: version or 0 for key, version in job.rows.values_list("key", "version")}
    return Outlook(*kind.judge(tickets_of(job), versions))


def is_above(kind: OnTickets, promised: Outlook) -> bool:
    """Whether this is more than one person decides alone: too many tickets, or too much money of any currency."""
    if not kind.asks_second:
        return False
    most = settings.BULK_AMOUNT_ALONE
    too_much = kind.moves_money and any(amount > most.get(currency, 0) for currency, amount in promised.sums.items())
    return too_much or len(promised.able) > settings.BULK_TICKETS_ALONE


def hand_on(job: Job, params: dict[str, Any]) -> None:
    """Keep what the form says, for an owner to confirm. Raises Conflict when the job has been released meanwhile."""
    open_one = Job.objects.filter(pk=job.pk, ready_at=None, ended_at=None)
    if not open_one.update(params={**params, "to_confirm": True}):
        raise Conflict("hand_on", job)


def ask_owners(job: Job, params: dict[str, Any]) -> None:
    """Hand it on, and tell the owners of the shop, each once: in the inbox, and by mail whoever gets mails about cases.
    Raises Conflict when the job has been released meanwhile."""
    with transaction.atomic():
        hand_on(job, params)
        owners = ShopStaff.objects.filter(shop=job.shop_id, role=ShopRole.OWNER, user__is_active=True)
        people = set(owners.exclude(user=job.by_id).values_list("user_id", flat=True))
        path = reverse("admin:refunds_ticket_bulk", args=[job.token])
        tell(people, Role.SELLER, LIFE, job.pk, HAND_ON, number=str(job.pk), path=path)


def to_confirm(user: User) -> QuerySet[Job]:
    """What was handed on to the owners of a shop, this person among them, by somebody else."""
    owned = Shop.objects.filter(staff__user=user, staff__role=ShopRole.OWNER)
    handed_on = Job.objects.filter(params__to_confirm=True, ready_at=None, ended_at=None)
    return handed_on.filter(shop__in=owned).exclude(by=user)


def start(job: Job, params: dict[str, Any], by: User, promised: Outlook) -> None:
    """Release what was promised: tickets that would not have moved when the person looked are not moved later either.
    Raises Conflict when the job has been released before."""
    with transaction.atomic():
        release(Job.objects.filter(pk=job.pk), by)
        rows = list(job.rows.filter(key__in=promised.refused))
        for row in rows:
            why = promised.refused[row.key]
            row.fail(why.code.value, **why.params)
        write_results(rows)
        Job.objects.filter(pk=job.pk).update(params=params, failed=len(rows))
