"""Announcing: every event that nobody has been told of becomes one notice per person and channel.

The event rows are the queue. Notices and the mark on their events are written in one transaction, so an announcer
killed at any line has announced an event wholly or not at all; what is sent afterwards are the notices.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse

from aftersales.actors import Role
from aftersales.lifecycle.rows import Event
from aftersales.lifecycle.table import Lifecycle
from aftersales.models import User
from aftersales.wake import wake
from orders.lifecycle import ORDER
from orders.models import Order, ShopStaff
from refunds.lifecycle import DISPUTE, PAYOUT, TICKET
from refunds.models import Channel, Notice, NoticeGroup, NoticeSettings, Ticket
from refunds.states import Cause, DisputeState, PayoutState
from refunds.told import group_of, roles_told

BATCH: Final = 500
# A worker leaves the rest to the next tick.
BUDGET: Final = 60.0
SEND: Final = "refunds.tasks.send_notices"


def _always(event: Any) -> bool:
    return True


@dataclass(frozen=True)
class Source:
    """One life whose events are announced.

    reads  what belongs to an event, for select_related
    order  from the row to its order
    page   from the row to the buyer's page; the others get the row's page in the admin
    heard  whether anybody is told of an event at all, beside what the table says of its action
    """

    life: Lifecycle
    reads: tuple[str, ...]
    order: Callable[[Any], Order]
    page: Callable[[Any], str]
    heard: Callable[[Any], bool] = _always


def _order_page(order: Order) -> str:
    return reverse("orders:order", args=(order.number,))


def _ticket_page(ticket: Ticket) -> str:
    return reverse("refunds:ticket", args=(ticket.number,))


def _no_import(event: Any) -> bool:
    """An imported order was paid and shipped elsewhere: its birth is no news."""
    return bool(event.from_state) or not event.order.imported


def _no_repetition(event: Any) -> bool:
    """Of money that has gone back on a ticket, the ticket's own event tells; return freight is told by itself."""
    return bool(event.to_state == PayoutState.FAILED or event.payout.cause != Cause.TICKET)


SOURCES: Final = (
    Source(ORDER, ("order",), lambda order: order, _order_page, _no_import),
    Source(TICKET, ("ticket__order",), attrgetter("order"), _ticket_page),
    Source(DISPUTE, ("dispute__order", "dispute__ticket"), attrgetter("order"), lambda row: _ticket_page(row.ticket)),
    Source(PAYOUT, ("payout__order",), attrgetter("order"), lambda payout: _order_page(payout.order), _no_repetition),
)
LIVES: Final[Mapping[str, Lifecycle]] = {source.life.name: source.life for source in SOURCES}


@dataclass(frozen=True)
class Happening:
    """An event with what belongs to it, and the roles that are told."""

    event: Event
    row: Any
    order: Order
    roles: tuple[Role, ...]


People = Mapping[int, Collection[int]]


# --- who stands behind a role: {event: people}, one statement each ----------------------------------------------------


def _buyers(found: Sequence[Happening]) -> People:
    return {happening.event.pk: (happening.order.buyer_id,) for happening in found}


def _sellers(found: Sequence[Happening]) -> People:
    staff: dict[int, list[int]] = defaultdict(list)
    shops = {happening.order.shop_id for happening in found}
    for shop, user in ShopStaff.objects.filter(shop__in=shops, user__is_active=True).values_list("shop_id", "user_id"):
        staff[shop].append(user)
    return {happening.event.pk: staff[happening.order.shop_id] for happening in found}


def _agents(found: Sequence[Happening]) -> People:
    """The agent who works on it; everybody of customer service while it is nobody's, or that agent did it; all but that
    agent while it takes a second one. Those who belong to a side of it have nothing to do with it."""
    everybody, staff = set(_everybody(is_customer_service=True)), _sellers(found)
    told: dict[int, Collection[int]] = {}
    for happening in found:
        event, agent = happening.event, getattr(happening.row, "agent_id", None)
        others = everybody - {*staff[event.pk], happening.order.buyer_id}
        if event.to_state == DisputeState.CONFIRMATION:
            told[event.pk] = others - {agent}
        else:
            told[event.pk] = others if agent in (None, event.actor_id) else (agent,)
    return told


def _operators(found: Sequence[Happening]) -> People:
    return dict.fromkeys((happening.event.pk for happening in found), _everybody(is_superuser=True))


def _everybody(**who: bool) -> tuple[int, ...]:
    return tuple(User.objects.filter(is_active=True, **who).values_list("pk", flat=True))


PEOPLE: Final[Mapping[Role, Callable[[Sequence[Happening]], People]]] = {
    Role.BUYER: _buyers,
    Role.SELLER: _sellers,
    Role.CS: _agents,
    Role.OPERATOR: _operators,
}


# --- announcing -------------------------------------------------------------------------------------------------------


def announce(channels: Iterable[Channel] = tuple(Channel), *, batch: int = BATCH) -> int:
    """Write the notices of every event that has none yet, oldest first, and wake the sender. Returns how many events
    were announced. Two at once share the work; run again, it finds nothing."""
    ends, done, over = time.monotonic() + BUDGET, 0, tuple(channels)
    for source in SOURCES:
        while time.monotonic() < ends and (number := _announce(source, over, batch)):
            done += number
    if done and Channel.EMAIL in over:
        wake(SEND)
    return done


def _announce(source: Source, channels: Sequence[Channel], batch: int) -> int:
    events = source.life.event._base_manager
    with transaction.atomic():
        unannounced = events.filter(announced_at__isnull=True).order_by("pk")
        # What a rival announces at this moment is passed by.
        mine = unannounced.select_for_update(no_key=True, skip_locked=True)
        keys = list(mine.values_list("pk", flat=True)[:batch])
        if keys:
            notices = list(_notices(source, _happenings(source, keys), channels))
            Notice.objects.bulk_create(notices, ignore_conflicts=True)
            events.filter(pk__in=keys).update(announced_at=Now())
    return len(keys)


def _happenings(source: Source, keys: Sequence[int]) -> list[Happening]:
    """Those of the events that anybody is told of."""
    life, found = source.life, []
    for event in life.event._base_manager.filter(pk__in=keys).select_related(*source.reads).order_by("pk"):
        row = getattr(event, life.event.fk)
        roles = roles_told(life.name, event, life.state(event.to_state)) if source.heard(event) else ()
        if roles:
            found.append(Happening(event, row, source.order(row), roles))
    return found


def _notices(source: Source, found: Sequence[Happening], channels: Sequence[Channel]) -> Iterator[Notice]:
    told = _told(found)
    quiet = _silenced({person for people in told.values() for person in people}) if Channel.EMAIL in channels else {}
    for happening in found:
        group = group_of(source.life.name, happening.event.action)
        for person, role in told[happening.event.pk].items():
            for channel in channels:
                if channel != Channel.EMAIL or group not in quiet.get(person, ()):
                    yield _notice(source, happening, person, role, channel)


def tell(people: Collection[int], role: Role, life: str, event: int, action: str, *, number: str, path: str) -> None:
    """Tell people, each once, of what has no life of a table (notice_words.PLAIN): in the inbox, and by mail whoever
    has not silenced its group. Inside the transaction in which it happened."""
    group = group_of(life, action)
    quiet = _silenced(people) if group else {}
    notices = (
        Notice(
            person_id=person,
            role=role,
            channel=channel,
            life=life,
            event_id=event,
            action=action,
            number=number,
            path=path,
            about=number,
            next_at=Now() if channel == Channel.EMAIL else None,
        )
        for person in people
        for channel in Channel
        if channel != Channel.EMAIL or group not in quiet.get(person, ())
    )
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    wake(SEND)


def _silenced(people: Collection[int]) -> dict[int, frozenset[NoticeGroup]]:
    """{person: the groups that they keep out of their mail}, in one statement."""
    return {row.pk: row.silenced for row in NoticeSettings.objects.filter(person__in=people)}


def _told(found: Sequence[Happening]) -> dict[int, dict[int, Role]]:
    """{event: {person: as whom}}. Who stands in several roles is told in the first one; who did it, in none."""
    told: dict[int, dict[int, Role]] = {happening.event.pk: {} for happening in found}
    for role, people_of in PEOPLE.items():
        concerned = [happening for happening in found if role in happening.roles]
        people = people_of(concerned) if concerned else {}
        for happening in concerned:
            for person in people[happening.event.pk]:
                if person != happening.event.actor_id:
                    told[happening.event.pk].setdefault(person, role)
    return told


def _notice(source: Source, happening: Happening, person: int, role: Role, channel: Channel) -> Notice:
    life, event, row = source.life, happening.event, happening.row
    return Notice(
        person_id=person,
        role=role,
        channel=channel,
        life=life.name,
        event_id=event.pk,
        action=event.action,
        state=event.to_state,
        kind=getattr(row, "kind", ""),
        by_clock=_by_clock(life, event),
        number=row.number,
        path=source.page(row) if role == Role.BUYER else _page_at_work(row),
        about=happening.order.number,
        due_at=event.due_at,
        next_at=Now() if channel == Channel.EMAIL else None,
    )


def _by_clock(life: Lifecycle, event: Event) -> bool:
    if event.role != Role.SYSTEM or not event.from_state:
        return False
    return event.action == life.state(event.from_state).on_due


def _page_at_work(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=(row.pk,))
