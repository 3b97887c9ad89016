"""Where a case may stand, each built through the verbs, on an order of its own."""

from dataclasses import dataclass
from typing import Any

from django.db.models import F

from aftersales import actors
from aftersales.actors import CLOCK
from aftersales.testing import file, one, overdue, pay, place, ship
from orders import actions as order_actions
from orders.models import Sku
from refunds import actions, money, workers
from refunds.actions import Rejection
from refunds.models import Dispute, Reason, Ticket
from refunds.rules import Decision, Found, Terms
from refunds.tests.paying import sent as sent_to_channel
from refunds.tests.paying import settled
from refunds.tests.service import staffed

POSTAGE = 800


@dataclass(frozen=True)
class Case:
    """An order with its people, and the ticket on it if there is one. `cannot` names acts that are refused here."""

    cast: Any
    order: Any
    cannot: tuple[str, ...] = ()

    @property
    def buyer(self):
        return actors.buyer(self.cast.alice)

    @property
    def seller(self):
        return actors.seller(self.cast.bob)

    @property
    def sam(self):
        return actors.agent(self.cast.sam)

    @property
    def sid(self):
        return actors.agent(self.cast.sid)

    @property
    def sue(self):
        return actors.agent(self.cast.sue)

    @property
    def tickets(self):
        return Ticket.objects.filter(order=self.order)

    @property
    def ticket(self):
        return self.tickets.get()

    @property
    def disputes(self):
        return Dispute.objects.filter(order=self.order)

    @property
    def mugs(self):
        return self.order.lines.get(sku=self.cast.mug).pk

    @property
    def item(self):
        return self.ticket.lines.get().pk

    def smaller(self):
        """Money, and less than was asked for."""
        kind = "return_refund" if self.ticket.goods_are_back else "refund_only"
        return Terms(kind, 400)

    def repaired(self):
        return {self.item: ("It leaks.", "Sealed.")} if self.ticket.kind == "repair" else {}


def stocked(cast):
    """The cast with customer service, and enough in stock for all of it."""
    staffed(cast)
    Sku.objects.update(stock=F("stock") + 10_000)
    return cast


# --- orders -----------------------------------------------------------------------------------------------------------


def unpaid(cast):
    return Case(cast, place(cast))


def to_ship(cast):
    return Case(cast, pay(place(cast)))


def to_receive(cast):
    return Case(cast, ship(pay(place(cast)), cast))


def completed(cast):
    case = to_receive(cast)
    order_actions.receive(one(case.order), case.buyer)
    return case


def cancelled(cast):
    case = unpaid(cast)
    order_actions.cancel(one(case.order), case.buyer)
    return case


# --- an application and its answer ------------------------------------------------------------------------------------


def asked(cast, kind="refund_only", **more):
    """The buyer asks for something about one of two mugs that were shipped."""
    case = to_receive(cast)
    file(case.order, {case.mugs: 1}, kind=kind, **more)
    return case


def asked_unshipped(cast):
    case = to_ship(cast)
    file(case.order, {case.mugs: 2}, reason="late")
    return case


def exchange_asked(cast):
    case = to_receive(cast)
    file(case.order, {case.mugs: 1}, kind="exchange", reason="wrong_size", wanted={case.mugs: cast.blue.pk})
    return case


def offered(cast):
    return _offered(asked(cast))


def offered_unshipped(cast):
    return _offered(asked_unshipped(cast))


def _offered(case):
    actions.offer(case.tickets, case.seller, case.smaller(), "Keep it for this.")
    return case


def rejected(cast):
    return _rejected(asked(cast))


def _rejected(case):
    refusal = Reason.objects.get(side="seller", code="final_sale")
    actions.reject(case.tickets, case.seller, Rejection(refusal, "Read the label."), version=1)
    return case


def _agreed(case):
    actions.agree(case.tickets, case.seller, version=case.ticket.version)
    return case


# --- goods travel -----------------------------------------------------------------------------------------------------


def to_return(cast):
    return _agreed(asked(cast, kind="return_refund", reason="late"))


def exchange_to_return(cast):
    return _agreed(exchange_asked(cast))


def to_inspect(cast):
    return _sent_in(to_return(cast))


def exchange_to_inspect(cast):
    return _sent_in(exchange_to_return(cast))


def _sent_in(case):
    actions.send_waybill(case.tickets, case.buyer, "SF", "SF9", POSTAGE)
    return case


def failed(cast):
    return _failed(to_inspect(cast))


def _failed(case):
    actions.fail_inspection(case.tickets, case.seller, {case.item: Found(0, 1, "a crack")}, "It is broken.")
    return case


def offered_after_inspection(cast):
    return _offered(failed(cast))


def sent_back(cast):
    case = failed(cast)
    actions.send_back(case.tickets, case.seller, "SF", "SF10")
    return case


def to_dispatch(cast):
    """A cup is missing: it is sent again."""
    return _agreed(asked(cast, kind="reissue", reason="missing"))


def exchange_to_dispatch(cast):
    case = exchange_to_inspect(cast)
    actions.accept(case.tickets, case.seller)
    return case


def repair_to_dispatch(cast):
    case = _sent_in(_agreed(asked(cast, kind="repair", reason="other")))
    actions.accept(case.tickets, case.seller)
    return case


def sent(cast):
    case = exchange_to_dispatch(cast)
    actions.dispatch(case.tickets, case.seller, "SF", "SF11")
    return case


# --- customer service -------------------------------------------------------------------------------------------------


def disputed(cast):
    return _disputed(rejected(cast))


def _disputed(case):
    actions.call_cs(case.tickets, case.buyer, "The seller is wrong.")
    return case


def disputed_after_dispatch(cast):
    return _disputed(sent(cast))


def under_review(cast):
    return _under_review(disputed(cast))


def _under_review(case):
    actions.rest(case.disputes, case.buyer)
    actions.rest(case.disputes, case.seller)
    actions.claim(case.disputes, case.sam)
    return case


def to_confirm(cast):
    """So much money that two agents have to rule."""
    case = Case(cast, ship(pay(place(cast, {cast.mug: 60})), cast))
    file(case.order, {case.mugs: 60})
    _under_review(_disputed(_rejected(case)))
    actions.rule(case.disputes, case.sam, Decision("refund", 60_000, note="Never shipped as shown."))
    return case


def ruled(cast):
    case = under_review(cast)
    actions.rule(case.disputes, case.sam, Decision("refund", 700, note="Both are right."))
    return case


def ruled_and_accepted(cast):
    case = ruled(cast)
    actions.accept_ruling(case.disputes, case.buyer)
    return case


def appealed(cast):
    case = ruled(cast)
    actions.appeal(case.disputes, case.seller, "We have a photo.")
    return case


def ruled_for_good(cast):
    case = ruled_and_accepted(cast)
    actions.accept_ruling(case.disputes, case.seller)
    return case


# --- money ------------------------------------------------------------------------------------------------------------


def refunding(cast):
    return _agreed(asked(cast))


def paying(cast):
    """A worker has called the channel."""
    case = refunding(cast)
    sent_to_channel(case.ticket.payouts.get())
    return case


def doubted(cast):
    case = paying(cast)
    overdue(case.ticket.payouts.get())
    assert workers.doubt(case.ticket.payouts.all(), CLOCK)
    return case


def channel_refused(cast):
    case = paying(cast)
    money.refuse(one(case.ticket.payouts.get()), "no such account")
    return case


def refunded(cast):
    case = refunding(cast)
    settled(case.ticket.payouts.get())
    return case


def freight_owed(cast):
    """The goods were accepted; the shop owes what it cost to send them in."""
    case = to_inspect(cast)
    actions.accept(case.tickets, case.seller)
    return case


def withdrawn(cast):
    case = asked(cast)
    actions.withdraw(case.tickets, case.buyer)
    return case
