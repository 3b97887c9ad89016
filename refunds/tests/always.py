"""What always holds, whoever did what: read the whole world, and let counters, books, stock and history agree."""

from collections import Counter

from orders.lifecycle import ORDER
from orders.models import Coupon, Leg, Order, OrderEvent, OrderLine, Payment, ShipmentLine, Sku
from refunds.lifecycle import PAYOUT, TICKET
from refunds.models import Inspection, Payout, PayoutEvent, PayoutLine, Ticket, TicketEvent, TicketLine

COUPONS = 100
ENDED = ("succeeded", "closed")
MODELS = (Order, OrderLine, Payment, Ticket, TicketLine, Payout, PayoutLine, Inspection, ShipmentLine, Leg)
HISTORIES = ((ORDER, OrderEvent), (TICKET, TicketEvent), (PAYOUT, PayoutEvent))


class World:
    """Everything that the machine compares, read once after a step."""

    def __init__(self):
        self.rows = {model: list(model.objects.order_by("pk")) for model in MODELS}
        self.events = {event: list(event.objects.order_by("pk")) for _, event in HISTORIES}
        self.stock = dict(Sku.objects.values_list("pk", "stock"))
        self.coupons = Coupon.objects.get().left

    def __getitem__(self, model):
        return self.rows[model]

    def fingerprint(self):
        rows = [[tuple(vars(row)[f.attname] for f in m._meta.fields) for row in self.rows[m]] for m in MODELS]
        return rows, {event: len(rows) for event, rows in self.events.items()}, self.stock, self.coupons


def check(before, world, full):
    """Everything below. `full` is the stock before anybody bought."""
    agree_with_tickets(world)
    tell_a_path(world)
    stay_final(before, world)
    balance(world)
    keep_stock(world, full)
    move_on(world)


def agree_with_tickets(world):
    """Every counter is what the tickets, payouts, parcels and inspections say."""
    tickets = {ticket.pk: ticket for ticket in world[Ticket]}
    asking = {t.pk for t in world[Ticket] if t.state not in (*ENDED, "refunding")}
    still_open = {t.pk for t in world[Ticket] if t.state not in ENDED}
    promised, gone = ([p for p in world[Payout] if bool(p.settlements) == done] for done in (False, True))
    own = {"reserved": promised, "settled": gone}
    for payout in world[Payout]:
        if payout.ticket_id:
            ticket = tickets[payout.ticket_id]
            assert ticket.amount == payout.amount
            assert ticket.state == ("succeeded" if payout.settlements else "refunding")
    for order in world[Order]:
        mine = [t for t in world[Ticket] if t.order_id == order.pk]
        assert order.open_tickets == sum(t.pk in still_open for t in mine)
        for column, payouts in own.items():
            paid = [p for p in payouts if p.order_id == order.pk and p.cause != "surplus"]
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
    good = {inspection.line_id: inspection.good for inspection in world[Inspection]}
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
            if ticket.state == "closed":
                continue
            if not ticket.shipped:
                says["cancelled" if ticket.state == "succeeded" else "cancelling"] += item.quantity
            elif ticket.kind == "return_refund":
                says["returned" if ticket.state == "succeeded" else "returning"] += item.quantity
                says["restocked"] += good.get(item.pk, 0) if ticket.state == "succeeded" else 0
        if orders[line.order_id].state == "closed":
            says["cancelled"] = line.quantity - line.shipped - line.cancelling
        counted = ("settled", "reserved", "shipped", "open_tickets", "cancelled", "cancelling", "returned", "returning")
        for column in (*counted, "restocked"):
            assert getattr(line, column) == says[column], column
        assert line.settled + line.reserved <= line.paid


def tell_a_path(world):
    """The events of every row form a path in the table that ends where the row is."""
    for life, event in HISTORIES:
        at: dict[int, str] = {}
        for told in world.events[event]:
            assert told.from_state == at.get(told.row_id, "")
            if told.from_state:
                assert not life.state(told.from_state).final
                pair = (told.from_state, told.to_state)
                steps = [t for t in life.named(told.action) if pair[0] in t.sources and pair[1] == t.target]
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
        back["surplus" if payout.cause == "surplus" else "sales"] += payout.amount
        back["due" if payout.state != "settled" else "by hand" if payout.pk in by_hand else "gone"] += payout.amount
    assert accounts["channel"] == paid + surplus - back["gone"]
    assert accounts["by_hand"] == -back["by hand"]
    assert accounts["refunds_due"] == -back["due"]
    assert accounts["sales"] == -(paid - back["sales"])
    assert accounts["surplus"] == -(surplus - back["surplus"]) == 0


def keep_stock(world, full):
    """Units are in stock or out with a line, never both, never twice; a coupon is used by the orders that have it."""
    out: Counter[int] = Counter()
    for line in world[OrderLine]:
        out[line.sku_id] += line.quantity - line.cancelled - line.restocked
    assert {key: number + out[key] for key, number in world.stock.items()} == full
    unpaid = ("buyer_cancelled", "payment_timeout")
    assert world.coupons == COUPONS - sum(bool(o.coupon_id) and o.closed_reason not in unpaid for o in world[Order])


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
