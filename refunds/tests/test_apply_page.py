"""Asking for something: what the page offers, promises and files."""

import re
from functools import partial
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from aftersales import actors
from aftersales.testing import file, one, pay, place, ship
from orders.actions import receive
from orders.models import Order
from refunds.models import Ticket, Upload
from refunds.tests.filling import codes, filled, offered, photo, world
from refunds.tests.paying import agreed, pay_out


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


@pytest.fixture
def order(cast):
    return ship(pay(place(cast)), cast)


def address(order):
    return reverse("refunds:apply", args=(order.number,))


def mug(order, cast):
    return order.lines.get(sku=cast.mug)


def asked(alice, order, units, **fields):
    """The page after a step: so far, only this was chosen."""
    chosen = {f"units_{key}": number for key, number in units.items()}
    return alice.post(address(order), {"token": str(uuid4()), "currency": "CNY", "preview": "1"} | chosen | fields)


def test_page_asks_for_one_thing_after_the_other(alice, cast, order):
    line = mug(order, cast)
    page = alice.get(address(order))
    text = page.content.decode()
    assert f'name="units_{line.pk}"' in text
    assert 'max="2"' in text
    assert [offered(page, name) for name in ("goods", "reason", "kind")] == [[], [], []]

    page = asked(alice, order, {line.pk: 1})
    assert offered(page, "goods") == ["arrived", "on_the_way"]
    assert "damaged" in offered(page, "reason")
    assert offered(page, "kind") == []

    page = asked(alice, order, {line.pk: 1}, reason="damaged")
    assert offered(page, "kind") == ["refund_only", "return_refund", "exchange", "repair", "reissue"]
    assert 'accept="image/jpeg,image/png,image/webp"' not in page.content.decode()

    page = asked(alice, order, {line.pk: 1}, reason="damaged", kind="refund_only")
    text = page.content.decode()
    assert f'name="amount_{line.pk}" value="10.00"' in text
    assert "At most CN¥10.00, because this is what you paid for 1 unit, after discounts." in text
    assert "This reason needs at least one photo." in text
    assert 'accept="image/jpeg,image/png,image/webp" multiple' in text
    assert page.context["summary"].total == 1000


def test_one_line_is_chosen_at_once(alice, cast):
    single, double = ship(pay(place(cast, {cast.mug: 1})), cast), ship(pay(place(cast)), cast)
    first, second = single.lines.get(), mug(double, cast)
    assert f'id="id_units_{first.pk}" min="0" max="1" value="1"' in alice.get(address(single)).content.decode()
    assert 'value="1"' not in re.findall("<input[^>]*units_[^>]*>", alice.get(address(double)).content.decode())[0]
    text = alice.get(f"{address(double)}?line={second.pk}").content.decode()
    assert f'id="id_units_{second.pk}" min="0" max="2" value="1"' in text


def test_shipped_and_unshipped_goods_need_a_request_each(alice, cast):
    order = pay(place(cast))
    lamp = order.lines.get(sku=cast.lamp)
    ship(order, cast, {lamp.pk: 1})
    page = asked(alice, order, {mug(order, cast).pk: 1, lamp.pk: 1})
    assert "need a request each" in page.content.decode()
    assert "need a request each" not in asked(alice, order, {lamp.pk: 1}).content.decode()


@pytest.mark.parametrize("line", ["0", "x", "1" * 30, "%00"])
def test_any_line_may_be_named(alice, order, line):
    assert alice.get(f"{address(order)}?line={line}").status_code == 200


def test_received_goods_are_at_hand(alice, cast, order):
    receive(one(order), actors.buyer(cast.alice))
    page = alice.get(f"{address(order)}?line={mug(order, cast).pk}")
    assert 'id="goods-arrived" value="arrived" checked' in page.content.decode()


def test_a_reason_says_where_the_goods_are(alice, cast, order):
    page = asked(alice, order, {mug(order, cast).pk: 1}, reason="damaged")
    assert 'id="goods-arrived" value="arrived" checked' in page.content.decode()


def test_what_does_not_fit_any_more_is_asked_again(alice, cast, order):
    fields = {"goods": "on_the_way", "reason": "damaged", "kind": "exchange"}
    page = asked(alice, order, {mug(order, cast).pk: 1}, **fields)
    assert (page.status_code, page.context["form"].errors) == (200, {})
    assert "damaged" not in offered(page, "reason")
    assert offered(page, "kind") == []


def test_an_amount_follows_the_units_until_it_is_ones_own(alice, cast, order):
    key = mug(order, cast).pk
    more = {"reason": "changed_mind", "goods": "arrived", "kind": "refund_only", f"full_{key}": "10.00"}
    followed = asked(alice, order, {key: 2}, **more, **{f"amount_{key}": "10.00"})
    own = asked(alice, order, {key: 2}, **more, **{f"amount_{key}": "9.99"})
    assert [page.context["summary"].total for page in (followed, own)] == [2000, 999]


def test_a_cap_tells_of_what_went_back_before(alice, cast, order):
    line = mug(order, cast)
    pay_out(agreed(file(order, {line.pk: 1}, amounts={line.pk: 1200 - 300}), cast))
    page = asked(alice, order, {line.pk: 2}, reason="changed_mind", goods="arrived", kind="refund_only")
    assert "At most CN¥11.00, because CN¥9.00 of the CN¥20.00 paid were given back before" in page.content.decode()
    assert page.context["summary"].total == 1100


def test_freight_goes_back_with_all_that_was_not_sent(alice, cast):
    order = pay(place(cast))
    everything = {line.pk: line.quantity for line in order.lines.all()}
    page = asked(alice, order, everything, reason="changed_mind")
    assert page.context["summary"].total == order.total
    part = asked(alice, order, {mug(order, cast).pk: 2}, reason="changed_mind")
    assert part.context["summary"].total == 2000


def test_the_freight_alone(alice, order):
    page = asked(alice, order, {}, only_freight="on", reason="late", goods="arrived")
    assert page.context["summary"].total == 600


def test_something_else_than_was_promised_is_not_filed(alice, cast, order):
    """given: a summary of one mug, and a form that was changed after it"""
    line = mug(order, cast)
    fields = filled(order, {line.pk: 1})
    promised = alice.post(address(order), fields | {"preview": "1"}).context["summary"].promised
    before = world(order)

    answer = alice.post(address(order), fields | {f"units_{line.pk}": "2", "promised": promised})

    assert answer.status_code == 422
    assert "It comes to something else than was shown." in answer.content.decode()
    assert answer.context["summary"].total == 2000
    assert world(order) == before
    again = fields | {f"units_{line.pk}": "2", "promised": answer.context["summary"].promised}
    assert alice.post(address(order), again).status_code == 303


def test_unshipped_goods_cannot_be_returned(alice, cast):
    order = pay(place(cast))
    page = asked(alice, order, {mug(order, cast).pk: 1}, reason="changed_mind")
    assert offered(page, "kind") == ["refund_only"]
    assert 'type="hidden" name="goods" value="not_shipped"' in page.content.decode()
    assert page.context["summary"].total == 1000


def test_mixed_order_asks_which_goods(alice, cast):
    order = pay(place(cast))
    ship(order, cast, {mug(order, cast).pk: 1})
    page = asked(alice, order, {mug(order, cast).pk: 1})
    assert offered(page, "goods") == ["arrived", "on_the_way", "not_shipped"]
    assert "1 shipped, 1 not shipped." in page.content.decode()


def test_refunded_line_is_offered_no_more(alice, cast, order):
    line = mug(order, cast)
    pay_out(agreed(file(order, {line.pk: 1}, amounts={line.pk: 400}), cast))
    assert f'name="units_{line.pk}"' in alice.get(address(order)).content.decode()

    pay_out(agreed(file(order, {line.pk: 2}), cast))

    text = alice.get(address(order)).content.decode()
    assert f'name="units_{line.pk}"' not in text
    assert "Nothing of this is left to ask for." in text


def test_gift_may_go_back_with_what_was_bought(alice, cast):
    type(cast.mug).objects.filter(pk=cast.mug.pk).update(discount=1000)
    order = ship(pay(place(cast)), cast)
    gift, lamp = mug(order, cast), order.lines.get(sku=cast.lamp)
    assert gift.paid == 0

    alice.post(address(order), filled(order, {gift.pk: 1, lamp.pk: 1}, kind="return_refund"))

    assert [item.amount for item in Ticket.objects.get().lines.order_by("amount")] == [0, 3001]


def test_asking_writes_nothing(alice, cast, order):
    before = world(order)
    alice.get(address(order))
    alice.post(address(order), filled(order, {mug(order, cast).pk: 1}, preview="1"))
    assert world(order) == before


def test_filing_leads_to_the_ticket(alice, cast, order):
    line = mug(order, cast)

    answer = alice.post(address(order), filled(order, {line.pk: 2}) | {f"amount_{line.pk}": "12.50", "freight": "6"})

    ticket = Ticket.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, reverse("refunds:ticket", args=(ticket.number,)))
    assert (ticket.amount, ticket.freight, ticket.shipped, ticket.kind) == (1850, 600, True, "refund_only")
    item = ticket.lines.get()
    assert (item.line_id, item.quantity, item.amount) == (line.pk, 2, 1250)
    event = ticket.events.get()
    assert (event.action, event.role, event.actor) == ("begin", "buyer", cast.alice)


def test_freight_may_be_asked_for_alone(alice, cast, order):
    alice.post(address(order), filled(order, {}, freight="6.00"))
    assert Ticket.objects.get().amount == 600


@pytest.mark.parametrize(
    ("units", "amount", "freight"), [(1, "", ""), (2, "", ""), (1, "3.33", "0.01"), (2, "20.00", "6.00"), (2, "0", "1")]
)
def test_promise_is_what_is_filed(alice, cast, order, units, amount, freight):
    line = mug(order, cast)
    fields = filled(order, {line.pk: units}) | {f"amount_{line.pk}": amount, "freight": freight}

    preview = alice.post(address(order), fields | {"preview": "1"})
    alice.post(address(order), fields)

    assert preview.status_code == 200
    assert preview.context["summary"].total == Ticket.objects.get().amount
    assert "You will get back CN¥" in preview.content.decode()


def test_a_step_keeps_what_was_typed_and_the_photos(alice, cast, order):
    """Without a script, photos go with the step."""
    line = mug(order, cast)
    fields = filled(order, {line.pk: 2}, description="it is <b>chipped</b>", reason="damaged", preview="1")

    text = alice.post(address(order), fields | {"photos": [photo(), photo("PNG")]}).content.decode()

    tokens = [str(upload.token) for upload in Upload.objects.order_by("pk")]
    assert re.findall(r'name="photos_uploaded" value="([^"]+)"', text) == tokens
    assert len(tokens) == 2
    assert "it is &lt;b&gt;chipped&lt;/b&gt;" in text
    assert f'value="{fields["token"]}"' in text
    assert "Still missing: a photo." not in text

    text = alice.post(address(order), fields | {"photos_uploaded": tokens, "drop": tokens[0]}).content.decode()
    assert re.findall(r'name="photos_uploaded" value="([^"]+)"', text) == tokens[1:]
    assert Upload.objects.count() == 1


def test_double_submit_finds_the_same_ticket(alice, cast, order):
    fields = filled(order, {mug(order, cast).pk: 1})
    first, before = alice.post(address(order), fields), world(order)

    second = alice.post(address(order), fields)

    assert second["Location"] == first["Location"]
    assert world(order) == before


def test_token_names_the_form_of_one_order_only(alice, cast, order):
    other = pay(place(cast))
    fields = filled(order, {mug(order, cast).pk: 1})
    alice.post(address(order), fields)

    answer = alice.post(address(other), filled(other, {mug(other, cast).pk: 1}, shipped=False, token=fields["token"]))

    assert answer.status_code == 303
    assert [t.order for t in Ticket.objects.order_by("pk")] == [order, other]


def test_parcel_left_meanwhile(alice, cast):
    """A page from before the parcel left does not turn a cancellation into a refund of shipped goods."""
    order = pay(place(cast))
    fields = filled(order, {mug(order, cast).pk: 1}, shipped=False)
    ship(order, cast)

    answer = alice.post(address(order), fields)

    assert (answer.status_code, codes(answer)) == (422, {f"units_{mug(order, cast).pk}": ["units"]})
    assert not Ticket.objects.exists()


def test_busy_line_says_so(alice, cast, order):
    file(order, {mug(order, cast).pk: 1})
    page = alice.get(address(order))
    text = page.content.decode()
    assert "This has an open ticket." in text
    assert f'name="units_{mug(order, cast).pk}"' not in text


def test_photos_come_with_the_ticket(alice, cast, order):
    fields = filled(order, {mug(order, cast).pk: 1}, reason="damaged")
    alice.post(address(order), fields | {"photos": [photo(), photo("PNG"), photo("WEBP")]})
    assert Ticket.objects.get().evidence.count() == 3


def test_window_that_ended(alice, cast, order):
    receive(one(order), actors.buyer(cast.alice))
    Order.objects.filter(pk=order.pk).update(completed_at="2020-01-01T00:00Z")
    before = world(order)

    page = alice.get(address(order))
    answer = alice.post(address(order), filled(order, {mug(order, cast).pk: 1}))

    assert "The time for after-sale requests ended" in page.content.decode()
    assert "multipart/form-data" not in page.content.decode()
    assert (answer.status_code, codes(answer)) == (422, {"__all__": ["window"]})
    assert world(order) == before


def test_unpaid_order_has_nothing_to_ask_for(alice, cast):
    order = place(cast)
    answer = alice.post(address(order), filled(order, {mug(order, cast).pk: 1}, shipped=False))
    assert (answer.status_code, codes(answer)) == (422, {"__all__": ["order_state"]})
    assert not Ticket.objects.exists()


def test_query_count_does_not_grow_with_the_lines(alice, cast):
    def counts(goods):
        order = ship(pay(place(cast, goods)), cast)
        receive(one(order), actors.buyer(cast.alice))
        units = {line.pk: 1 for line in order.lines.all()}
        step = partial(asked, alice, order, units, reason="changed_mind", kind="refund_only", goods="arrived")
        step()
        for page in (step, partial(alice.get, address(order))):
            with CaptureQueriesContext(connection) as queries:
                assert page().context["summary"]
            yield len(queries)

    few, many = list(counts({cast.mug: 1})), list(counts(None))
    assert few == many
    assert max(few) <= 12


def test_token_is_minted_for_every_page(alice, order):
    tokens = [alice.get(address(order)).context["form"]["token"].value() for _ in range(2)]
    assert tokens[0] != tokens[1]
