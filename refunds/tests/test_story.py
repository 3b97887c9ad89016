"""The same day in a food-delivery shop and in a marketplace, told through the verbs; time passes for real sweeps."""

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from aftersales import actors
from aftersales.models import User
from aftersales.testing import file, one, pay, place, ship
from orders import actions as order_actions
from orders.models import Order, Product, Shop, Sku
from orders.tasks import sweep_orders
from refunds import actions, money
from refunds.actions import Rejection
from refunds.models import Dispute, Payout, Reason, Ticket
from refunds.rules import Decision, Found, Terms
from refunds.tasks import sweep_disputes, sweep_tickets
from refunds.tests.paying import balance, books_agree, held, line_of, settled, stock


def later(**time):
    """So much time passes: every clock is that much nearer, and beat runs the sweeps."""
    gone = timedelta(**time)
    for model in (Order, Ticket, Dispute):
        model.objects.filter(due_at__isnull=False).update(due_at=F("due_at") - gone, remind_at=None)
        model.objects.update(entered_at=F("entered_at") - gone)
    sweep_orders()
    sweep_tickets()
    sweep_disputes()


def left(row):
    """What is left of a row's clock, to the minute; what is kept of it while it is held."""
    row.refresh_from_db()
    time = row.due_at - timezone.now() if row.due_at else row.held_left
    return timedelta(minutes=round(time.total_seconds() / 60))


def stands(row):
    row.refresh_from_db()
    return row.state


def days(number):
    return timedelta(days=number)


def hours(number):
    return timedelta(hours=number)


def minutes(number):
    return timedelta(minutes=number)


def sells(shop, code, price):
    product = Product.objects.create(shop=shop, code=code, title=code.title())
    return Sku.objects.create(product=product, code=code, price=price, stock=100)


def agent(name):
    user = User.objects.create_user(f"{name}@example.com", "x", name=name, is_staff=True, is_customer_service=True)
    return actors.agent(user)


def asks(order, sku, kind="refund_only", **more):
    """The buyer asks for something about one unit."""
    return file(order, {line_of(order, sku).pk: 1}, kind=kind, **more)


def agrees(ticket, cast):
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)


def offers(ticket, cast, terms, words):
    actions.offer(one(ticket), actors.seller(cast.bob), terms, words, version=1)


def rejects(ticket, cast, words):
    reason = Reason.objects.get(side="seller", code="not_convincing")
    actions.reject(one(ticket), actors.seller(cast.bob), Rejection(reason, words), version=1)


def sends_in(ticket, postage=0):
    actions.send_waybill(one(ticket), actors.buyer(ticket.order.buyer), "SF", "SF1", postage)


def finds(ticket, cast, words, *, damaged):
    found = {ticket.lines.get().pk: Found(1 - damaged, damaged)}
    actions.fail_inspection(one(ticket), actors.seller(cast.bob), found, words)


def takes_back(ticket, cast):
    actions.accept(one(ticket), actors.seller(cast.bob))


def sends_out(ticket, cast, **more):
    actions.dispatch(one(ticket), actors.seller(cast.bob), "SF", "SF2", **more)


def calls_customer_service(ticket, words):
    actions.call_cs(one(ticket), actors.buyer(ticket.order.buyer), words)
    return ticket.disputes.get()


def rules(sam, dispute, amount, words, freight_by="buyer"):
    actions.claim(one(dispute), sam)
    actions.rule(one(dispute), sam, Decision("refund", amount, freight_by=freight_by, note=words))


def money_goes(ticket):
    return settled(ticket.payouts.get(cause="ticket")).amount


def test_a_day_in_a_food_delivery_shop(cast):
    Shop.objects.update(profile="local_delivery", freight=500)
    noodles, soup = sells(cast.shop, "noodles", 2800), sells(cast.shop, "soup", 1200)
    sam = agent("sam")

    # At noon Alice orders and pays. Carol orders and is called away: her bowl is free a quarter of an hour later.
    lunch = place(cast, {noodles: 2, soup: 1})
    forgotten = place(cast, {noodles: 1}, buyer=cast.carol)
    assert (left(lunch), left(forgotten)) == (minutes(15), minutes(15))
    pay(lunch)
    later(minutes=15)
    assert (stands(lunch), stands(forgotten)) == ("awaiting_shipment", "closed")
    assert forgotten.closed_reason == "payment_timeout"
    assert stock(noodles) == 98

    # The courier hands it over. It would count as received half an hour later, but the soup is missing.
    ship(lunch, cast)
    assert left(lunch) == hours(24)
    order_actions.deliver(one(lunch), actors.seller(cast.bob))
    assert left(lunch) == minutes(30)
    later(minutes=20)
    missing = asks(lunch, soup, reason="missing")
    assert left(missing) == hours(2)
    assert left(lunch) == minutes(10)

    # The kitchen is too busy to answer: after two hours, and not a minute before, the soup is paid back.
    later(minutes=119)
    assert stands(missing) == "awaiting_seller"
    later(minutes=1)
    assert stands(missing) == "refunding"
    assert money_goes(missing) == 1200
    assert stands(missing) == "succeeded"

    # The order's clock stood still meanwhile, and goes on with a quarter of an hour at least.
    assert left(lunch) == minutes(15)
    later(minutes=15)
    assert stands(lunch) == "completed"

    # Alice finds a hair in the noodles. The shop does not believe her, and she has a day to answer.
    hair = asks(lunch, noodles, reason="other", description="A hair.")
    assert left(hair) == hours(2)
    rejects(hair, cast, "The photo shows another bowl.")
    assert left(hair) == hours(24)

    # She calls customer service: both sides have two hours, an agent four.
    later(hours=3)
    dispute = calls_customer_service(hair, "It is your bowl.")
    assert (stands(hair), hair.due_at) == ("arbitration", None)
    assert left(dispute) == hours(2)
    later(hours=2)
    assert stands(dispute) == "review"
    assert left(dispute) == hours(4)

    # Sam rules that half of the bowl goes back. Nobody appeals for two hours, and only then the money moves.
    rules(sam, dispute, 1400, "Half of it was eaten.")
    assert (stands(dispute), left(dispute)) == ("ruled", hours(2))
    later(minutes=119)
    assert not hair.payouts.exists()
    later(minutes=1)
    assert (stands(dispute), stands(hair)) == ("final", "refunding")
    assert money_goes(hair) == 1400

    # In the evening: 73.00 came, 26.00 went back, nothing is held, no dish came back to the kitchen.
    lunch.refresh_from_db()
    assert (lunch.total, lunch.settled, lunch.state) == (2 * 2800 + 1200 + 500, 1200 + 1400, "completed")
    assert (line_of(lunch, soup).settled, line_of(lunch, noodles).settled) == (1200, 1400)
    assert (stock(noodles), stock(soup)) == (98, 99)
    assert held(lunch) == 0
    assert balance("channel") == 7300 - 2600
    assert books_agree()


def test_a_day_in_a_marketplace(cast):
    cup, lid = sells(cast.shop, "cup", 2000), sells(cast.shop, "lid", 501)
    blue = Sku.objects.create(product=cup.product, code="blue", price=2000, stock=100)
    sam = agent("sam")

    # Alice has three days to pay and, once it is shipped, ten to receive. Two cups, a lid, freight 6.00.
    order = place(cast, {cup: 2, lid: 1})
    assert left(order) == days(3)
    ship(pay(order), cast)
    assert left(order) == days(10)

    return_with_haggling(order, cast, sam, cup)
    exchange(order, cast, cup, blue)
    repair(order, cast, lid)
    missing_lid(order, cast, lid)

    # 51.01 came, 12.00 went back through the channel and 8.00 from the shop's own till. One cup came back broken and
    # one whole; a blue one and a lid went out.
    order.refresh_from_db()
    cups, lids = line_of(order, cup), line_of(order, lid)
    assert (order.total, order.settled) == (2 * 2000 + 501 + 600, 1200)
    assert (cups.settled, cups.returned, cups.restocked, cups.replaced) == (1200, 2, 1, 1)
    assert (lids.settled, lids.returned, lids.restocked, lids.replaced) == (0, 0, 0, 0)
    assert (stock(cup), stock(blue), stock(lid)) == (100 - 2 + 1, 100 - 1, 100 - 1 - 1)
    assert held(order) == 0
    assert balance("channel") == 5101 - 1200
    assert (balance("return_freight"), balance("by_hand"), balance("refunds_due")) == (800, -800, 0)
    assert books_agree()

    # All that time the order waited; now it goes on with what was left, and is received by itself.
    assert left(order) == days(9)
    later(days=9)
    assert stands(order) == "completed"


def return_with_haggling(order, cast, sam, cup):
    """Alice wants to send a cup back because it came late; it ends with customer service and a part of the money."""
    later(days=1)
    ticket = asks(order, cup, "return_refund", reason="late")
    assert left(ticket) == days(5)
    assert left(order) == days(9)

    # Bob would rather give 3.00. She has three days, takes two, and declines: his own clock goes on where it was.
    later(days=1)
    offers(ticket, cast, Terms("refund_only", 300), "Keep it.")
    assert left(ticket) == days(3)
    later(days=2)
    actions.decline_offer(one(ticket), actors.buyer(cast.alice), "No, thanks.")
    assert (stands(ticket), left(ticket)) == ("awaiting_seller", days(4))
    assert ticket.offers.get().answer == "declined"

    # He agrees. She has seven days to send it and pays 8.00 for that; he has ten to look at it.
    agrees(ticket, cast)
    assert (stands(ticket), left(ticket)) == ("awaiting_return", days(7))
    later(days=6)
    sends_in(ticket, postage=800)
    assert (stands(ticket), left(ticket)) == ("awaiting_inspection", days(10))

    # It is broken, and he does not know what to do: after three days customer service takes it, called by the clock.
    later(days=9)
    finds(ticket, cast, "The handle is off.", damaged=1)
    assert left(ticket) == days(3)
    later(days=3)
    assert stands(ticket) == "arbitration"
    dispute = ticket.disputes.get()
    assert (dispute.called_by, left(dispute)) == ("system", hours(48))
    later(hours=48)
    assert (stands(dispute), left(dispute)) == ("review", hours(48))

    # Sam gives her 12.00 of 20.00, and the freight. Both accept within a day.
    rules(sam, dispute, 1200, "It broke on the way.", freight_by="seller")
    assert (stands(dispute), left(dispute)) == ("ruled", hours(24))
    actions.accept_ruling(one(dispute), actors.buyer(cast.alice))
    assert (stands(dispute), Payout.objects.count()) == ("ruled", 0)
    actions.accept_ruling(one(dispute), actors.seller(cast.bob))
    assert (stands(dispute), stands(ticket)) == ("final", "refunding")
    assert money_goes(ticket) == 1200
    assert stands(ticket) == "succeeded"
    owed = ticket.payouts.get(cause="return_freight")
    assert (owed.state, owed.amount) == ("owed", 800)
    money.settle_by_hand(one(owed), actors.seller(cast.bob), "Bank transfer 77")


def exchange(order, cast, cup, blue):
    """The other cup for a blue one, which is kept for her as soon as Bob agrees."""
    ticket = asks(order, cup, "exchange", reason="wrong_size", wanted={line_of(order, cup).pk: blue.pk})
    assert left(ticket) == days(5)
    agrees(ticket, cast)
    assert (stock(cup), stock(blue)) == (98, 99)
    sends_in(ticket)
    takes_back(ticket, cast)
    assert (stands(ticket), left(ticket)) == ("awaiting_dispatch", days(5))
    sends_out(ticket, cast)
    assert (stands(ticket), left(ticket)) == ("awaiting_buyer_receipt", days(10))

    # She forgets to say that it came.
    later(days=10)
    assert (stands(ticket), ticket.payouts.count()) == ("succeeded", 0)
    assert (stock(cup), stock(blue)) == (99, 99)


def repair(order, cast, lid):
    """The lid leaks: it is mended, and nothing moves but the lid."""
    ticket = asks(order, lid, "repair", reason="other")
    agrees(ticket, cast)
    assert (stands(ticket), left(ticket)) == ("awaiting_return", days(7))
    sends_in(ticket)
    takes_back(ticket, cast)
    sends_out(ticket, cast, repairs={ticket.lines.get().pk: ("It leaks.", "A new seal.")})
    assert left(ticket) == days(10)
    actions.confirm(one(ticket), actors.buyer(cast.alice))
    assert (stands(ticket), stock(lid)) == ("succeeded", 99)


def missing_lid(order, cast, lid):
    """The mended lid gets lost on her way home; Bob sends another one after five days, just in time."""
    ticket = asks(order, lid, "reissue", reason="missing")
    assert left(ticket) == days(5)
    agrees(ticket, cast)
    assert (stands(ticket), left(ticket), stock(lid)) == ("awaiting_dispatch", days(5), 98)
    later(days=4, hours=23)
    assert stands(ticket) == "awaiting_dispatch"
    sends_out(ticket, cast)
    actions.confirm(one(ticket), actors.buyer(cast.alice))
    assert stands(ticket) == "succeeded"
