"""Everything that can be done with an order, a ticket, its dispute and its payout, by the verbs that pages use; and a
walk that tries all of it from everywhere, for what a table says can happen."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from aftersales import actors
from aftersales.actors import CLOCK, SYSTEM
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.lifecycle.move import move, story, sweep
from aftersales.testing import one, overdue
from orders import actions as order_actions
from orders.actions import Parcel
from orders.lifecycle import ORDER
from orders.models import Order, OrderEvent
from refunds import actions, money
from refunds.actions import DISPUTE_ON_DUE, ON_DUE, Rejection
from refunds.lifecycle import DISPUTE, PAYOUT, TICKET
from refunds.models import Dispute, DisputeEvent, Payout, PayoutEvent, Reason, Ticket, TicketEvent
from refunds.rules import Application, Decision, Found, Terms, caps, offered_kinds, verdicts
from refunds.states import REFUNDS, Verdict

Act = Callable[[], object]
HISTORIES = ((ORDER, OrderEvent), (TICKET, TicketEvent), (DISPUTE, DisputeEvent), (PAYOUT, PayoutEvent))


STAYS = frozenset({"message", "add_parcel", "change_waybill", "sign_for"})
# What a seller may offer instead is tried where it leads elsewhere.
HAGGLES = {
    "refund_only": ("refund_only", "exchange", "reissue"),
    "return_refund": ("return_refund", "refund_only"),
    "exchange": ("return_refund",),
    "repair": ("return_refund",),
    "reissue": ("refund_only",),
}


@dataclass
class Walk:
    """A walk from situation to situation. `steps` yields what can be tried now as (name, act); `where` names the
    situation, which is visited once; `edges` are the steps that were seen: (life, action, from, to). What leads
    nowhere else, such as a message, is tried once a state."""

    steps: Callable[[], Iterator[tuple[str, Act]]]
    where: Callable[[], Any]
    edges: set[tuple[str, str, str, str]] = field(default_factory=set)
    seen: set[Any] = field(default_factory=set)
    tried: set[tuple[str, str]] = field(default_factory=set)

    def go(self) -> "Walk":
        """Try everything from here, and from wherever it leads; nothing of it stays."""
        here = self.where()
        if here in self.seen:
            return self
        self.seen.add(here)
        before = {event: _last(event) for _, event in HISTORIES}
        for name, act in list(self.steps()):
            if name in STAYS and (name, here[0]) in self.tried:
                continue
            with transaction.atomic():
                try:
                    with transaction.atomic():
                        act()
                except (Refused, Conflict):
                    transaction.set_rollback(True)
                    continue
                self.tried.add((name, here[0]))
                self._note(before)
                self.go()
                transaction.set_rollback(True)
        return self

    def _note(self, before: Any) -> None:
        for life, event in HISTORIES:
            for told in event._base_manager.filter(pk__gt=before[event]).exclude(action__in=("begin", "remind")):
                self.edges.add((life.name, told.action, told.from_state, told.to_state))


def _last(event: Any) -> int:
    return event._base_manager.order_by("-pk").values_list("pk", flat=True).first() or 0


def edges_of(life: Any) -> set[tuple[str, str, str, str]]:
    """Every step that a table allows."""
    return {(life.name, t.name, str(s), str(t.leads(s))) for t in life.transitions for s in t.sources}


def time_passes(life: Any, row: Any, verbs: Any) -> None:
    """The row's clock runs out, and the sweep finds it."""
    overdue(row)
    # A verb that was tried and undone may have left its traces on the row in memory.
    state = life.state(life.model._base_manager.get(pk=row.pk).state)
    swept = sweep(life, state, verbs[state])
    assert not swept.set_aside
    if not swept.moved:
        raise Conflict("clock", row)


# --- tickets and disputes ---------------------------------------------------------------------------------------------


def ticket_steps(ticket: Ticket, cast: Any, *, by_everybody: bool = True) -> Iterator[tuple[str, Act]]:
    """What anybody may try with a ticket where it stands. `by_everybody`: its dispute too; else one agent takes it
    straight to each ruling."""
    now = Ticket.objects.select_related("order__policy", "order__shop").get(pk=ticket.pk)
    names = {t.name for t in TICKET.transitions if now.state in t.sources}
    for tries in (_by_seller(now, actors.seller(cast.bob)), _by_buyer(now, actors.buyer(cast.alice))):
        for name in sorted(tries.keys() & names):
            yield from ((name, act) for act in tries[name])
    if now.due_at:
        yield "clock", lambda: time_passes(TICKET, now, ON_DUE)
    dispute = now.disputes.open().first()
    if dispute:
        yield from (dispute_steps if by_everybody else straight_steps)(dispute, now, cast)
    for payout in now.payouts.filter(cause="ticket"):
        yield "paid", _paid(payout)


def _by_seller(ticket: Ticket, by: Any) -> dict[str, list[Act]]:
    rows, order = one(ticket), one(ticket.order)
    refusal = Reason.objects.get(side="seller", code="final_sale")
    parcel = Parcel({item.line_id: item.quantity for item in ticket.lines.all()}, "SF", "1")
    broken = {item.pk: Found(0, item.quantity, "chipped") for item in ticket.lines.all()}
    whole = {item.pk: Found(item.quantity) for item in ticket.lines.all()}
    repairs = {item.pk: ("loose handle", "glued") for item in ticket.lines.all()}
    document = f"WMS-{ticket.pk}-{ticket.events.count()}"
    return {
        "agree": [lambda: actions.agree(rows, by, version=ticket.version)],
        "reject": [lambda: actions.reject(rows, by, Rejection(refusal, "No."))],
        "offer": [_offer(ticket, kind, by) for kind in offered_kinds(ticket) if kind in HAGGLES[ticket.kind]],
        "accept": [lambda: actions.accept(rows, by), lambda: actions.stock_in(document, rows, whole)],
        "fail": [lambda: actions.fail_inspection(rows, by, broken, "Chipped."),
                 lambda: actions.stock_in(document, rows, broken)],
        "report": [lambda: actions.stock_in(document, rows, broken)],
        "send_back": [lambda: actions.send_back(rows, by, "SF", "2")],
        "dispatch": [lambda: actions.dispatch(rows, by, "SF", "3", repairs)],
        "sign_for": [lambda: actions.sign_for(rows, by)],
        "ship_anyway": [lambda: actions.ship_anyway(order, by, parcel)],
        "seller_cancel": [lambda: actions.seller_cancel(order, by, "Sold out.")],
        "message": [lambda: actions.message(rows, by, "Hello.")],
        "change_waybill": [_mend(ticket, to_buyer=True, by=by)],
        "call_cs": [lambda: actions.call_cs(rows, by, "The buyer is wrong.")],
    }  # fmt: skip


def _by_buyer(ticket: Ticket, by: Any) -> dict[str, list[Act]]:
    rows = one(ticket)
    asked = again(ticket)
    offer = ticket.offers.filter(answer="").first()
    return {
        "amend": [lambda: actions.amend(rows, by, asked)],
        "withdraw": [lambda: actions.withdraw(rows, by)],
        "accept_offer": [lambda: actions.accept_offer(rows, by, offer.pk if offer else 0)],
        "decline_offer": [lambda: actions.decline_offer(rows, by)],
        "send_waybill": [lambda: actions.send_waybill(rows, by, "SF", "9")],
        "add_parcel": [lambda: actions.add_parcel(rows, by, "SF", "10")],
        "change_waybill": [_mend(ticket, to_buyer=False, by=by)],
        "confirm": [lambda: actions.confirm(rows, by)],
        "call_cs": [lambda: actions.call_cs(rows, by, "The seller is wrong.")],
    }


def again(ticket: Ticket) -> Application:
    """The ticket's application once more."""
    units = {item.line_id: item.quantity for item in ticket.lines.all()}
    return Application(ticket.kind, ticket.reason, units, {}, ticket.freight, ticket.shipped, ticket.arrived)


def _offer(ticket: Ticket, kind: str, by: Any) -> Act:
    amount = caps(ticket).goods - 1 if kind in REFUNDS else 0
    return lambda: actions.offer(one(ticket), by, Terms(kind, amount), "Shall we?")


def _mend(ticket: Ticket, *, to_buyer: bool, by: Any) -> Act:
    parcel = ticket.parcels.filter(to_buyer=to_buyer).first()
    return lambda: actions.change_waybill(one(ticket), by, parcel.pk if parcel else 0, "ZTO", "7")


def dispute_steps(dispute: Dispute, ticket: Ticket, cast: Any) -> Iterator[tuple[str, Act]]:
    rows, buyer, seller = one(dispute), actors.buyer(cast.alice), actors.seller(cast.bob)
    agents = [actors.agent(user) for user in (cast.sam, cast.sue, cast.sid)]
    mine = next((agent for agent in agents if agent.person.pk == dispute.agent_id), agents[0])
    names = {t.name for t in DISPUTE.transitions if dispute.state in t.sources}
    tries: dict[str, list[Act]] = {
        "rest": [lambda: actions.rest(rows, buyer), lambda: actions.rest(rows, seller)],
        "claim": [_claim(rows, agent) for agent in agents],
        "hand_over": [
            lambda: actions.hand_over(rows, mine, None),
            lambda: actions.hand_over(rows, mine, agents[1].user),
        ],
        "assign": [lambda: actions.assign(rows, actors.agent(cast.sid), cast.sue)],
        "ask": [lambda: actions.ask(rows, mine, "Photos, please.")],
        "rule": [_rule(rows, mine, ticket, verdict) for verdict in (Verdict.REFUND, Verdict.NEGOTIATE)],
        "confirm": [_confirm(rows, agent) for agent in agents],
        "object": [_object(rows, agent) for agent in agents],
        "accept_ruling": [lambda: actions.accept_ruling(rows, buyer), lambda: actions.accept_ruling(rows, seller)],
        "appeal": [lambda: actions.appeal(rows, buyer, "No!"), lambda: actions.appeal(rows, seller, "No!")],
    }
    for name, acts in tries.items():
        if name in names:
            yield from ((name, act) for act in acts)
    if dispute.due_at:
        yield "clock", lambda: time_passes(DISPUTE, dispute, DISPUTE_ON_DUE)


def straight_steps(dispute: Dispute, ticket: Ticket, cast: Any) -> Iterator[tuple[str, Act]]:
    """Each ruling, in one step from the evidence to its end."""
    yield from (("ruling", _ruled(dispute, ticket, cast, verdict)) for verdict in verdicts(ticket))


def _ruled(dispute: Dispute, ticket: Ticket, cast: Any, verdict: Verdict) -> Act:
    rows, first = one(dispute), actors.agent(cast.sam)

    def act() -> None:
        actions.close_evidence(rows, SYSTEM)
        actions.claim(rows, first)
        actions.rule(rows, first, decision(ticket, verdict))
        if Dispute.objects.get(pk=dispute.pk).state == "confirmation":
            actions.confirm_ruling(rows, actors.agent(cast.sue))
        actions.finalise(rows, SYSTEM)

    return act


def _claim(rows: Any, agent: Any) -> Act:
    return lambda: actions.claim(rows, agent)


def _hand_over(rows: Any, agent: Any, to: Any) -> Act:
    return lambda: actions.hand_over(rows, agent, to)


def _confirm(rows: Any, agent: Any) -> Act:
    return lambda: actions.confirm_ruling(rows, agent)


def _object(rows: Any, agent: Any) -> Act:
    return lambda: actions.object_to(rows, agent, "Too much.")


def _rule(rows: Any, agent: Any, ticket: Ticket, verdict: Verdict) -> Act:
    return lambda: actions.rule(rows, agent, decision(ticket, verdict))


def decision(ticket: Ticket, verdict: Verdict, **more: Any) -> Decision:
    """A ruling in full, where it moves money."""
    in_kind = verdict == Verdict.RETURN_FIRST and ticket.kind not in REFUNDS
    moves = verdict in (Verdict.REFUND, Verdict.RETURN_FIRST) and not in_kind
    most = caps(ticket)
    amount = (most.goods or most.freight) if moves else 0
    given: dict[str, Any] = {"amount": amount, "freight": 0 if most.goods else amount, "note": "So be it."}
    return Decision(verdict, **given | more)


# --- money ------------------------------------------------------------------------------------------------------------


def _paid(payout: Payout) -> Act:
    return lambda: pay_out(payout)


def pay_out(payout: Payout) -> None:
    """The channel pays what is to be paid."""
    if payout.state == "created":
        overdue(payout)
        with story(CLOCK):
            move(PAYOUT, "send", one(payout), CLOCK)
    money.settle(one(payout), "ref")


def payout_steps(payout: Payout, cast: Any) -> Iterator[tuple[str, Act]]:
    rows, operator = one(payout), actors.operator(cast.operator)
    yield "settle", lambda: _some(money.settle(rows, "ref"), payout)
    yield "refuse", lambda: _some(money.refuse(rows, "no"), payout)
    yield "retry", lambda: money.retry(rows, operator)
    yield "by hand", lambda: money.settle_by_hand(rows, operator, "Transfer 77")
    yield "by hand after trouble", lambda: _set_aside_and_pay(payout, operator)
    for action in ("send", "doubt", "ask"):
        yield action, _channel(payout, action)
    yield "resend", lambda: _resend(payout)


def _some(events: list[Any], row: Any) -> None:
    if not events:
        raise Conflict("nothing", row)


def _channel(payout: Payout, action: str) -> Act:
    def act() -> None:
        overdue(payout)
        with story(CLOCK):
            _some(move(PAYOUT, action, one(payout), CLOCK), payout)

    return act


def _resend(payout: Payout) -> None:
    with story(SYSTEM):
        _some(move(PAYOUT, "resend", one(payout), SYSTEM), payout)


def _set_aside_and_pay(payout: Payout, operator: Any) -> None:
    from aftersales.lifecycle.move import set_aside

    set_aside(PAYOUT, one(payout), "odd")
    money.settle_by_hand(one(payout), operator, "Transfer 78")


# --- orders -----------------------------------------------------------------------------------------------------------


def order_steps(order: Order, cast: Any) -> Iterator[tuple[str, Act]]:
    """What happens to an order, tickets on it included as far as they move it."""
    now = Order.objects.get(pk=order.pk)
    lines = list(now.lines.all())
    yield "pay", lambda: _pay(now)
    for parcel in (Parcel({x.pk: x.to_ship for x in lines}), Parcel({lines[0].pk: 1})):
        yield from (("act", act) for act in order_acts(now, cast, parcel))
    if now.due_at:
        yield "clock", lambda: time_passes(ORDER, now, order_actions.ON_DUE)
    yield from _tickets_on(now, lines, cast)


def order_acts(order: Order, cast: Any, parcel: Parcel) -> Iterator[Act]:
    """What buyer and seller may do with an order, tickets and money aside."""
    rows, buyer, seller = one(order), actors.buyer(cast.alice), actors.seller(cast.bob)
    yield lambda: order_actions.cancel(rows, buyer)
    yield lambda: order_actions.start_payment(rows, buyer)
    yield lambda: order_actions.ship(rows, seller, parcel)
    yield lambda: order_actions.deliver(rows, seller)
    yield lambda: order_actions.extend(rows, buyer)
    yield lambda: order_actions.extend(rows, seller)
    yield lambda: order_actions.receive(rows, buyer)
    yield lambda: actions.ship_anyway(rows, seller, parcel)
    yield lambda: actions.seller_cancel(rows, seller, "Sold out.")


def _pay(order: Order) -> None:
    from aftersales.testing import pay

    if order.state != "awaiting_payment":
        raise Conflict("pay", order)
    pay(order)


def _tickets_on(order: Order, lines: list[Any], cast: Any) -> Iterator[tuple[str, Act]]:
    reason = Reason.objects.get(side="buyer", code="late")
    left = order.freight - order.freight_settled - order.freight_reserved
    for shipped in (True, False):
        units = {x.pk: x.to_return if shipped else x.to_ship for x in lines if not x.open_tickets and x.left}
        asked = Application("refund_only", reason, {key: n for key, n in units.items() if n}, {}, left, shipped)
        yield "ask", _file(order, asked, cast)
    ticket = order.tickets.exclude(state__in=("succeeded", "closed")).first()
    if ticket:
        yield "withdraw", lambda: actions.withdraw(one(ticket), actors.buyer(cast.alice))
        yield "refund", lambda: _refund(ticket, cast)


def _file(order: Order, asked: Application, cast: Any) -> Act:
    return lambda: actions.file_ticket(one(order), cast.alice, asked)


def _refund(ticket: Ticket, cast: Any) -> None:
    actions.agree(one(ticket), actors.seller(cast.bob))
    for payout in ticket.payouts.filter(cause="ticket"):
        pay_out(payout)
