"""What always holds, whoever did what: read the whole world, and let counters, books, stock and history agree."""

from collections import Counter
from functools import cache

from orders.lifecycle import ORDER
from orders.models import Coupon, Leg, Order, OrderEvent, OrderLine, Payment, ShipmentLine, Sku
from refunds.lifecycle import DISPUTE, PAYOUT, TICKET
from refunds.models import (
    Dispute,
    DisputeEvent,
    Inspection,
    Offer,
    Payout,
    PayoutEvent,
    PayoutLine,
    RepairRecord,
    ReturnParcel,
    Ruling,
    StockIn,
    Ticket,
    TicketEvent,
    TicketLine,
)

COUPONS = 100
ENDED = ("succeeded", "closed")
# Every model, and the way from its row to the order.
MODELS = {
    Order: "pk",
    OrderLine: "order",
    Payment: "order",
    Ticket: "order",
    TicketLine: "ticket__order",
    Offer: "ticket__order",
    Dispute: "order",
    Ruling: "dispute__order",
    Payout: "order",
    PayoutLine: "payout__order",
    ReturnParcel: "ticket__order",
    Inspection: "line__ticket__order",
    RepairRecord: "line__ticket__order",
    StockIn: "ticket__order",
    ShipmentLine: "line__order",
    Leg: "posting__order",
}
WITH = {TicketLine: ("line", "ticket"), Ruling: ("dispute",), Inspection: ("line",), RepairRecord: ("line",)}
HISTORIES = ((ORDER, OrderEvent), (TICKET, TicketEvent), (DISPUTE, DisputeEvent), (PAYOUT, PayoutEvent))
OWED_BY = {"surplus": "surplus", "return_freight": "return_freight"}


@cache
def _sql(model, path):
    """Written once: it is read thousands of times."""
    rows = model._base_manager.order_by("pk")
    return (rows.filter(**{path: 0}) if path else rows).query.sql_with_params()[0]


class World:
    """Everything that a test compares, read once after a step: the whole world, or one order in it."""

    def __init__(self, order=None):
        self.rows = {model: self._read(model, path, order) for model, path in MODELS.items()}
        paths = {event: "order" if life is ORDER else f"{event.fk}__order" for life, event in HISTORIES}
        self.events = {event: self._read(event, path, order) for event, path in paths.items()}
        self.stock = dict(Sku.objects.values_list("pk", "stock"))
        self.coupons = sum(Coupon.objects.values_list("left", flat=True))
        for model, names in WITH.items():
            for name in names:
                self._join(model, model._meta.get_field(name))

    def _read(self, model, path, order):
        return list(model._base_manager.raw(_sql(model, path if order else ""), [order.pk] if order else []))

    def _join(self, model, field):
        """Hand the rows the rows that they name."""
        named = {row.pk: row for row in self.rows[field.related_model]}
        for row in self.rows[model]:
            field.set_cached_value(row, named[getattr(row, field.attname)])

    def __getitem__(self, model):
        return self.rows[model]

    def fingerprint(self):
        rows = [[tuple(vars(row)[f.attname] for f in m._meta.fields) for row in self.rows[m]] for m in MODELS]
        return rows, {event: len(rows) for event, rows in self.events.items()}, self.stock, self.coupons


def check(before, world, full, coupons=COUPONS):
    """Everything below. `full` is the stock, and `coupons` what was left of them, before anybody bought."""
    agree_with_tickets(world)
    tell_a_path(world)
    stay_final(before, world)
    balance(world)
    keep_stock(world, full)
    use_coupons(world, coupons)
    move_on(world)
    stand_aside(world)
    leave_nothing_behind(world)


def agree_with_tickets(world):
    """Every counter is what the tickets, payouts, parcels and inspections say."""
    tickets = {ticket.pk: ticket for ticket in world[Ticket]}
    asking = {t.pk for t in world[Ticket] if t.state not in (*ENDED, "refunding")}
    still_open = {t.pk for t in world[Ticket] if t.state not in ENDED}
    promised, gone = ([p for p in world[Payout] if bool(p.settlements) == done] for done in (False, True))
    own = {"reserved": promised, "settled": gone}
    for payout in world[Payout]:
        if payout.cause == "ticket":
            ticket = tickets[payout.ticket_id]
            assert ticket.amount == payout.amount
            assert ticket.state == ("succeeded" if payout.settlements else "refunding")
    for order in world[Order]:
        mine = [t for t in world[Ticket] if t.order_id == order.pk]
        assert order.open_tickets == sum(t.pk in still_open for t in mine)
        for column, payouts in own.items():
            paid = [p for p in payouts if p.order_id == order.pk and p.cause not in OWED_BY]
            held = [t for t in mine if t.pk in asking and column == "reserved"]
            assert getattr(order, column) == sum(row.amount for row in paid + held)
            assert getattr(order, f"freight_{column}") == sum(row.freight for row in paid + held)
        assert order.settled + order.reserved <= order.total
        assert order.freight_settled + order.freight_reserved <= order.freight
    for payment in world[Payment]:
        for column, payouts in own.items():
            held = [t for t in world[Ticket] if t.order_id == payment.order_id and t.pk in asking]
            held = held if column == "reserved" and payment.pays_order else []
            rows = [p for p in payouts if p.payment_id == payment.pk] + held
            assert getattr(payment, column) == sum(row.amount for row in rows)
        assert payment.settled + payment.reserved <= payment.received
    agree_line_by_line(world, tickets, asking, still_open, {p.pk for p in gone})


def agree_line_by_line(world, tickets, asking, still_open, gone):
    orders = {order.pk: order for order in world[Order]}
    good = good_units(world)
    for line in world[OrderLine]:
        items = [item for item in world[TicketLine] if item.line_id == line.pk]
        parts = [part for part in world[PayoutLine] if part.line_id == line.pk]
        says = Counter(
            settled=sum(part.amount for part in parts if part.payout_id in gone),
            reserved=sum(part.amount for part in parts if part.payout_id not in gone)
            + sum(item.amount for item in items if item.ticket_id in asking),
            shipped=sum(parcel.quantity for parcel in world[ShipmentLine] if parcel.line_id == line.pk),
            open_tickets=sum(item.ticket_id in still_open for item in items),
        )
        for item in items:
            ticket = tickets[item.ticket_id]
            assert item.is_open == (item.ticket_id in still_open)
            if waits := ticket.units_wait:
                says += _units_of(ticket, item, waits, good)
        if orders[line.order_id].state == "closed":
            says["cancelled"] = line.quantity - line.shipped - line.cancelling
        counted = ("settled", "reserved", "shipped", "open_tickets", "cancelled", "cancelling", "returned", "returning")
        for column in (*counted, "restocked", "replaced"):
            assert getattr(line, column) == says[column], column
        assert line.settled + line.reserved <= line.paid


def _units_of(ticket, item, waits, good):
    """Where the units of a ticket's line are counted: while it is open, and once it has succeeded."""
    units = item.quantity
    if ticket.state == "closed" or (ticket.state == "succeeded" and ticket.kind == "repair"):
        return Counter()
    if ticket.state != "succeeded":
        return Counter({waits: units})
    if waits == "cancelling":
        return Counter(cancelled=units)
    replaced = units if ticket.kind == "exchange" else 0
    return Counter(returned=units, restocked=good.get(item.pk, 0), replaced=replaced)


def good_units(world):
    """What was found good of each ticket line, the last time that its goods came; nothing where nobody looked then."""
    seen = {}
    for event in sorted(world.events[TicketEvent], key=lambda event: event.pk):
        if event.action == "send_waybill" or looked_at(event):
            seen[event.ticket_id] = event.action != "send_waybill"
    lines = {item.pk for item in world[TicketLine] if seen.get(item.ticket_id)}
    return {found.line_id: found.good for found in world[Inspection] if found.line_id in lines}


def tell_a_path(world):
    """The events of every row form a path in the table that ends where the row is."""
    for life, event in HISTORIES:
        at: dict[int, str] = {}
        for told in world.events[event]:
            assert told.from_state == at.get(told.row_id, "")
            if told.from_state:
                assert not life.state(told.from_state).final
                pair = (told.from_state, told.to_state)
                steps = [t for t in life.named(told.action) if pair[0] in t.sources and pair[1] == t.leads(pair[0])]
                assert steps
                assert any(told.role in t.who for t in steps)
            else:
                assert told.to_state in life.born
            at[told.row_id] = told.to_state
        assert at == {row.pk: row.state for row in world[life.model]}


def stay_final(before, world):
    for life, _ in HISTORIES:
        now = {row.pk: row.state for row in world[life.model]}
        for row in before[life.model]:
            assert not life.state(row.state).final or now[row.pk] == row.state


def balance(world):
    """Every posting sums to zero, and each account says what the payments and payouts say."""
    postings: Counter[tuple[int, str]] = Counter()
    accounts: Counter[str] = Counter()
    for leg in world[Leg]:
        postings[leg.posting_id, leg.currency] += leg.amount
        accounts[leg.account] += leg.amount
    assert not any(postings.values())
    paid = sum(p.received for p in world[Payment] if p.pays_order)
    surplus = sum(p.received for p in world[Payment]) - paid
    back: Counter[str] = Counter()
    by_hand = {event.row_id for event in world.events[PayoutEvent] if event.action == "settle_by_hand"}
    for payout in world[Payout]:
        back[OWED_BY.get(payout.cause, "sales")] += payout.amount
        back["due" if payout.state != "settled" else "by hand" if payout.pk in by_hand else "gone"] += payout.amount
    assert accounts["channel"] == paid + surplus - back["gone"]
    assert accounts["by_hand"] == -back["by hand"]
    assert accounts["refunds_due"] == -back["due"]
    assert accounts["sales"] == -(paid - back["sales"])
    assert accounts["surplus"] == -(surplus - back["surplus"]) == 0
    assert accounts["return_freight"] == back["return_freight"]


def keep_stock(world, full):
    """Units are in stock, out with a line, or held for and sent by a ticket: never two of these, never twice."""
    out: Counter[int] = Counter()
    good = good_units(world)
    for line in world[OrderLine]:
        out[line.sku_id] += line.quantity - line.cancelled
    for item in world[TicketLine]:
        ticket = item.ticket
        out[item.goes_out] += item.stock_held + item.stock_sent
        if ticket.state == "succeeded" and ticket.units_wait == "returning" and ticket.kind != "repair":
            out[item.comes_back] -= good.get(item.pk, 0)
        if ticket.kind not in ("exchange", "reissue"):
            assert item.stock_held == 0
    assert {key: number + out[key] for key, number in world.stock.items()} == full


def use_coupons(world, coupons):
    """A coupon is used by the orders that have it."""
    unpaid = ("buyer_cancelled", "payment_timeout")
    assert world.coupons == coupons - sum(bool(o.coupon_id) and o.closed_reason not in unpaid for o in world[Order])


def move_on(world):
    """No order waits for what cannot come; the receipt clock stands exactly while a ticket is open."""
    for order in world[Order]:
        lines = [line for line in world[OrderLine] if line.order_id == order.pk]
        to_ship = any(line.quantity > line.shipped + line.cancelled for line in lines)
        if order.state == "awaiting_shipment":
            assert to_ship
        elif order.state in ("awaiting_receipt", "completed"):
            assert not to_ship
        if order.state == "awaiting_receipt":
            assert (order.held_left is not None) == (order.open_tickets > 0)
        if order.total and order.settled == order.total:
            assert order.state == "closed"


def stand_aside(world):
    """A ticket with an offer waits for the buyer, one with a dispute for customer service, and the other way round."""
    offered = Counter(offer.ticket_id for offer in world[Offer] if not offer.answer)
    disputed = Counter(dispute.ticket_id for dispute in world[Dispute] if dispute.state != "final")
    assert offered == Counter(t.pk for t in world[Ticket] if t.state == "awaiting_buyer")
    assert disputed == Counter(t.pk for t in world[Ticket] if t.state == "arbitration")
    assert all(dispute.due_at for dispute in world[Dispute] if dispute.state != "final")
    causes = Counter((payout.ticket_id, payout.cause) for payout in world[Payout] if payout.ticket_id)
    assert set(causes.values()) <= {1}


def leave_nothing_behind(world):
    """Whatever a move writes beside its row is there exactly as often as the history tells of the move."""
    told = Counter((event.ticket_id, event.action) for event in world.events[TicketEvent])
    ruled = Counter(event.dispute_id for event in world.events[DisputeEvent] if event.action == "rule")
    assert Counter(ruling.dispute_id for ruling in world[Ruling]) == ruled
    inspected = Counter(seen.line_id for seen in world[Inspection])
    for ticket in world[Ticket]:

        def times(*actions, key=ticket.pk):
            return sum(told[key, action] for action in actions)

        def of(model, key=ticket.pk):
            return [row for row in world[model] if row.ticket_id == key]

        sent_in = [parcel for parcel in of(ReturnParcel) if not parcel.to_buyer]
        assert len(sent_in) == times("send_waybill", "add_parcel")
        assert len(of(ReturnParcel)) - len(sent_in) == times("send_back", "dispatch")
        assert len(of(Offer)) == times("offer")
        assert ticket.version == 1 + times("amend")
        # Goods are looked at by whoever accepts or fails them, once; a seller who gives in has looked before.
        reports = [event for event in world.events[TicketEvent] if event.ticket_id == ticket.pk and looked_at(event)]
        assert {inspected[item.pk] for item in of(TicketLine)} <= {len(reports)}


def looked_at(event):
    """Whether somebody, or a warehouse, saw the goods at this move."""
    seen = event.role == "seller" or "document" in event.data
    by_hand = event.action in ("accept", "fail") and event.from_state == "awaiting_inspection"
    return (by_hand or event.action == "report") and seen
