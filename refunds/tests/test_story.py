"""From "buy" to money back, told once through the verbs."""

from aftersales import actors
from aftersales.testing import books_sum_to_zero, file, one, overdue, pay, place, ship
from orders.models import Sku
from refunds import actions, money
from refunds.models import Payout


def test_return_of_one_of_two_units_pays_its_share(cast):
    order = ship(pay(place(cast)), cast)
    line = order.lines.get(sku=cast.mug)
    ticket = file(order, {line.pk: 1}, kind="return_refund")
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)
    actions.send_waybill(one(ticket), actors.buyer(cast.alice), "SF", "SF9")
    actions.accept(one(ticket), actors.seller(cast.bob))
    payout = Payout.objects.get()
    assert (payout.amount, payout.state) == (1000, "created")
    from aftersales.actors import CLOCK
    from aftersales.lifecycle.move import move, story
    from refunds.lifecycle import PAYOUT

    overdue(payout)
    with story(CLOCK):
        assert move(PAYOUT, "send", one(payout), CLOCK)
    money.settle(one(payout), "ref")

    ticket.refresh_from_db()
    line.refresh_from_db()
    order.refresh_from_db()
    assert ticket.state == "succeeded"
    assert (line.settled, line.reserved, line.returned, line.restocked, line.open_tickets) == (1000, 0, 1, 1, 0)
    assert order.state == "awaiting_receipt"
    assert order.held_left is None
    assert Sku.objects.get(pk=cast.mug.pk).stock == 999
    assert books_sum_to_zero()
