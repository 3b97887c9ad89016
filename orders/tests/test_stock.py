"""The last units, wanted by many at once: real threads, real commits."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import close_old_connections, connection
from django.test.utils import CaptureQueriesContext

from aftersales import actors
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.testing import one, place
from orders import actions
from orders.models import Coupon, Order, OrderLine, Product, Sku

BUYERS = 20


def _at_once(*jobs):
    """Run the jobs in as many threads, all at the same moment; each result or the exception it raised."""
    ready = Barrier(len(jobs))

    def run(job):
        close_old_connections()
        ready.wait()
        try:
            return job()
        except (Refused, Conflict) as no:
            return no
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result() for future in [pool.submit(run, job) for job in jobs]]


@pytest.mark.django_db(transaction=True)
def test_twenty_buyers_and_three_units(cast):
    Sku.objects.filter(pk=cast.mug.pk).update(stock=3)

    ends = _at_once(*[lambda: place(cast, {cast.mug: 1})] * BUYERS)

    won = [end for end in ends if isinstance(end, Order)]
    assert len(won) == 3
    assert {end.code for end in ends if isinstance(end, Refused)} == {"out_of_stock"}
    assert not [end for end in ends if isinstance(end, Conflict)]
    assert Sku.objects.get(pk=cast.mug.pk).stock == 0
    assert OrderLine.objects.count() == Order.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_carts_in_every_order_do_not_deadlock(cast):
    Sku.objects.filter(pk__in=[cast.mug.pk, cast.lamp.pk]).update(stock=10)
    carts = [{cast.mug: 1, cast.lamp: 1}, {cast.lamp: 1, cast.mug: 1}] * 8

    ends = _at_once(*[lambda cart=cart: place(cast, cart) for cart in carts])

    assert sum(isinstance(end, Order) for end in ends) == 10
    assert set(Sku.objects.filter(stock=0)) == {cast.mug, cast.lamp}


@pytest.mark.django_db(transaction=True)
def test_a_coupon_is_used_as_often_as_it_says(cast):
    coupon = Coupon.objects.create(shop=cast.shop, code="OFF", amount=100, left=2)
    checkout = actions.Checkout({cast.mug.pk: 1}, recipient="A", address="B", coupon="OFF")

    ends = _at_once(*[lambda: actions.place(cast.alice, checkout)] * 8)

    coupon.refresh_from_db()
    assert (coupon.left, Order.objects.filter(coupon=coupon).count(), Order.objects.count()) == (0, 2, 2)
    assert {end.code for end in ends if isinstance(end, Refused)} == {"coupon"}
    assert Sku.objects.get(pk=cast.mug.pk).stock == 998


@pytest.mark.django_db(transaction=True)
def test_one_order_is_cancelled_once(cast):
    order = place(cast, {cast.mug: 5})

    ends = _at_once(*[lambda: actions.cancel(one(order), actors.buyer(cast.alice))] * 6)

    assert sum(isinstance(end, Conflict) for end in ends) == 5
    assert Sku.objects.get(pk=cast.mug.pk).stock == 1000
    assert order.events.filter(action="cancel").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_attempt_to_pay_for_many_clicks(cast):
    order = place(cast)

    ends = _at_once(*[lambda: actions.start_payment(one(order), actors.buyer(cast.alice))] * 6)

    assert len({payment.pk for payment in ends}) == 1


@pytest.mark.django_db(transaction=True)
def test_coupons_of_two_shops_do_not_deadlock(cast):
    def sku(shop, code):
        product = Product.objects.create(shop=shop, code=code, title=code)
        return Sku.objects.create(product=product, code=code, price=1000, stock=99)

    for shop in (cast.shop, cast.other_shop):
        Coupon.objects.create(shop=shop, code="OFF", amount=100, left=99)
    first, second = (sku(cast.other_shop, "vase"), sku(cast.shop, "bowl")), (cast.mug, sku(cast.other_shop, "jug"))
    carts = [actions.Checkout({s.pk: 1 for s in c}, "A", "1", "B", "OFF") for c in (first, second)]

    for _ in range(5):
        ends = _at_once(*[lambda cart=cart: actions.place(cast.alice, cart) for cart in carts * 5])
        assert not [end for end in ends if isinstance(end, Conflict)]


@pytest.mark.django_db(transaction=True)
def test_a_checkout_and_a_sweep_lock_coupons_in_one_order(cast):
    """given: the coupon of the first shop is the younger row; when: a checkout and a sweep both want both"""
    product = Product.objects.create(shop=cast.other_shop, code="jug", title="Jug")
    jug = Sku.objects.create(product=product, code="jug", price=1000, stock=99)
    coupons = [
        Coupon.objects.create(shop=shop, code="OFF", amount=100, left=99) for shop in (cast.other_shop, cast.shop)
    ]
    cart = actions.Checkout({cast.mug.pk: 1, jug.pk: 1}, "A", "1", "B", "OFF")

    with CaptureQueriesContext(connection) as ran:
        actions.place(cast.alice, cart)

    locks = [q["sql"] for q in ran if "orders_coupon" in q["sql"] and "FOR NO KEY UPDATE" in q["sql"]]
    assert len(locks) == 1
    assert 'ORDER BY "orders_coupon"."id"' in locks[0]
    assert [Coupon.objects.get(pk=coupon.pk).left for coupon in coupons] == [98, 98]
