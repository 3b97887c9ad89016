"""Asking for goods instead of money: what the form offers, what the preview promises, what is filed."""

from uuid import uuid4

import pytest
from django.urls import reverse

from aftersales.testing import file, pay, place, ship
from orders.models import GoodsRule, Product, Sku
from refunds.models import Reason, Ticket
from refunds.tests.filling import codes, filled, offered, photo, world


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


@pytest.fixture
def order(cast):
    return ship(pay(place(cast)), cast)


@pytest.fixture
def blue(cast):
    return Sku.objects.create(product=cast.mug.product, code="blue", variant="blue", price=1250, stock=5)


def address(order):
    return reverse("refunds:apply", args=(order.number,))


def line_of(order, sku):
    return order.lines.get(sku=sku)


def text(answer):
    return answer.content.decode()


def asked(alice, order, line, **fields):
    """The page after a step."""
    so_far = {"token": str(uuid4()), "currency": "CNY", "preview": "1", f"units_{line.pk}": "1"}
    return alice.post(address(order), so_far | fields)


def test_all_five_kinds_are_offered(alice, cast, order):
    page = asked(alice, order, line_of(order, cast.mug), reason="other", goods="arrived")
    assert offered(page, "kind") == ["refund_only", "return_refund", "exchange", "repair", "reissue"]


def test_kinds_fit_where_the_goods_are(alice, cast, order):
    page = asked(alice, order, line_of(order, cast.mug), reason="other", goods="on_the_way")
    assert offered(page, "kind") == ["refund_only", "reissue"]


def test_each_kind_says_when_and_who_pays_the_way_back(alice, cast, order):
    text_ = text(asked(alice, order, line_of(order, cast.mug), reason="changed_mind", goods="arrived"))
    text_ = text_.replace("\xa0", " ")
    assert "Nothing has to go back. The seller answers within 5 days, silence means yes; then the money" in text_
    assert "You send the goods within 7 days; the money goes back once they are accepted, at most 10 days" in text_
    assert text_.count("You pay the way back.") == 2
    text_ = text(asked(alice, order, line_of(order, cast.mug), reason="defect"))
    assert text_.count("The seller pays the way back.") == 3


def test_variants_in_stock_can_be_wanted(alice, cast, order, blue):
    Sku.objects.create(product=cast.mug.product, code="red", variant="red", price=900, stock=0)
    form = alice.get(address(order)).context["form"]
    choices = dict(form.fields[f"wanted_{line_of(order, cast.mug).pk}"].choices)
    assert {key: str(label) for key, label in choices.items()} == {
        "": "The same again",
        str(blue.pk): "Mug blue · CN¥12.50",
    }


def test_no_choice_is_no_question(alice, cast, order):
    assert "wanted_" not in text(alice.get(address(order)))


def test_exchange_promises_and_files_the_other_article(alice, cast, order, blue):
    line = line_of(order, cast.mug)
    fields = filled(order, {line.pk: 2}, kind="exchange") | {f"wanted_{line.pk}": str(blue.pk)}

    preview = alice.post(address(order), fields | {"preview": "1"})
    alice.post(address(order), fields)

    page = text(preview)
    assert "Mug blue × 2" in page
    assert "What is wanted instead costs CN¥5.00 more. This is only shown: nothing is charged by itself." in page
    assert "the new goods are put aside and you send yours back" in page
    assert "You pay the way back." in page.split('id="summary"')[1].split("</section>")[0]
    ticket = Ticket.objects.get()
    assert (ticket.kind, ticket.amount, ticket.lines.get().wanted) == ("exchange", 0, blue)


def test_cheaper_article_pays_nothing_back(alice, cast, order):
    cheap = Sku.objects.create(product=cast.mug.product, code="grey", variant="grey", price=700, stock=5)
    line = line_of(order, cast.mug)
    fields = filled(order, {line.pk: 1}, kind="exchange", preview="1") | {f"wanted_{line.pk}": str(cheap.pk)}
    assert "costs CN¥3.00 less. This is only shown: nothing is paid back" in text(alice.post(address(order), fields))


def test_article_of_another_product_is_refused(alice, cast, order):
    line, before = line_of(order, cast.mug), world(order)
    fields = filled(order, {line.pk: 1}, kind="exchange") | {f"wanted_{line.pk}": str(cast.lamp.pk)}
    answer = alice.post(address(order), fields)
    assert (answer.status_code, codes(answer)) == (422, {f"wanted_{line.pk}": ["wanted"]})
    assert world(order) == before


@pytest.mark.parametrize(("kind", "field"), [("exchange", "wanted"), ("reissue", "units")])
def test_what_is_not_in_stock_is_refused_at_its_field(alice, cast, order, kind, field):
    Sku.objects.filter(pk=cast.mug.pk).update(stock=1)
    line = line_of(order, cast.mug)
    before = world(order)
    answer = alice.post(address(order), filled(order, {line.pk: 2}, kind=kind, reason="other"))
    assert (answer.status_code, codes(answer)) == (422, {f"{field}_{line.pk}": ["out_of_stock"]})
    assert world(order) == before


def test_repair_says_what_does_not_work(alice, cast, order):
    line = line_of(order, cast.lamp)
    fields = filled(order, {line.pk: 1}, kind="repair", reason="defect", description="it flickers", photos=[photo()])

    preview = alice.post(address(order), fields | {"preview": "1", "photos": [photo()]})
    alice.post(address(order), fields)

    assert "Lamp, repaired × 1" in text(preview)
    assert "The seller pays the way back." in text(preview).split('id="summary"')[1].split("</section>")[0]
    ticket = Ticket.objects.get()
    assert (ticket.kind, ticket.description, ticket.freight_by) == ("repair", "it flickers", "seller")


def test_part_is_sent_again(alice, cast, order):
    line = line_of(order, cast.lamp)
    fields = filled(order, {line.pk: 1}, kind="reissue", reason="missing", goods="on_the_way")
    fields |= {f"part_{line.pk}": " the shade "}

    preview = alice.post(address(order), fields | {"preview": "1"})
    alice.post(address(order), fields)

    assert "Lamp: the shade × 1" in text(preview)
    assert "the way back" not in text(preview).split('id="summary"')[1].split("</section>")[0]
    ticket = Ticket.objects.get()
    assert (ticket.kind, ticket.arrived, ticket.lines.get().part) == ("reissue", False, "the shade")


def test_reasons_say_that_they_ask_for_a_photo(alice, cast, order):
    page = text(asked(alice, order, line_of(order, cast.mug)))
    damaged, changed = (page.split(f'value="{code}"')[1][:200] for code in ("damaged", "changed_mind"))
    assert ("needs a photo" in damaged, "needs a photo" in changed) == (True, False)


def test_reasons_that_cannot_fit_are_left_out(alice, cast):
    order = pay(place(cast))
    page = asked(alice, order, line_of(order, cast.mug))
    assert offered(page, "reason") == ["changed_mind", "not_received", "late", "missing", "other"]


def test_goods_say_what_they_allow(alice, cast, order):
    fresh = GoodsRule.objects.get(code="fresh")
    Product.objects.filter(pk=cast.mug.product_id).update(goods_rule=fresh)
    line, lamp = line_of(order, cast.mug), line_of(order, cast.lamp)

    page = text(alice.get(address(order)))
    before = world(order)
    answer = alice.post(address(order), filled(order, {line.pk: 1, lamp.pk: 1}, kind="return_refund"))

    assert page.count("Fresh food: only Refund only, Send again.") == 1
    assert (answer.status_code, codes(answer)) == (422, {"kind": ["goods_rule"]})
    assert world(order) == before


def test_virtual_goods_offer_refunds_only(alice, cast):
    Product.objects.update(goods_rule=GoodsRule.objects.get(code="virtual"))
    order = ship(pay(place(cast)), cast)
    page = asked(alice, order, line_of(order, cast.mug), reason="other", goods="arrived")
    assert offered(page, "kind") == ["refund_only"]
    assert page.context["summary"].total == 1000


def test_amending_starts_from_what_was_wanted(alice, cast, order, blue):
    line = line_of(order, cast.mug)
    ticket = file(order, {line.pk: 2}, kind="exchange", wanted={line.pk: blue.pk})
    Sku.objects.filter(pk=blue.pk).update(stock=0)

    page = alice.get(reverse("refunds:amend", args=(ticket.number,)))

    form = page.context["form"]
    assert form["goods"].value() == "arrived"
    assert f'<option value="{blue.pk}" selected>' in text(page)
    assert form[f"amount_{line.pk}"].value() is None


def test_exchange_is_amended_into_a_refund(alice, cast, order, blue):
    line = line_of(order, cast.mug)
    ticket = file(order, {line.pk: 2}, kind="exchange", wanted={line.pk: blue.pk})
    fields = filled(order, {line.pk: 1}, kind="return_refund", version="1")

    alice.post(reverse("refunds:amend", args=(ticket.number,)), fields)

    ticket.refresh_from_db()
    assert (ticket.kind, ticket.amount, ticket.lines.get().wanted) == ("return_refund", 1000, None)


def test_goods_may_arrive_before_the_amendment(alice, cast, order):
    line = line_of(order, cast.mug)
    ticket = file(order, {line.pk: 2}, reason="not_received", arrived=False)
    fields = filled(order, {line.pk: 2}, kind="return_refund", version="1")

    alice.post(reverse("refunds:amend", args=(ticket.number,)), fields)

    ticket.refresh_from_db()
    assert (ticket.kind, ticket.arrived) == ("return_refund", True)


def test_amending_does_not_unship(alice, cast, order):
    ticket = file(order, {line_of(order, cast.mug).pk: 2})
    before = world(order)
    fields = filled(order, {line_of(order, cast.mug).pk: 1}, shipped=False, version="1")
    answer = alice.post(reverse("refunds:amend", args=(ticket.number,)), fields)
    assert (answer.status_code, codes(answer)) == (422, {"goods": ["invalid_choice"]})
    assert world(order) == before


def test_form_renders_in_chinese(alice, cast, order, blue):
    line = line_of(order, cast.mug)
    fields = filled(order, {line.pk: 1}, kind="exchange", preview="1") | {f"wanted_{line.pk}": str(blue.pk)}
    answer = alice.post(address(order), fields, headers={"accept-language": "zh-hans"})
    assert (answer.status_code, 'lang="zh-hans"' in text(answer)) == (200, True)


def test_query_count_is_fixed(alice, cast, order, blue, django_assert_num_queries):
    large = ship(pay(place(cast, {cast.mug: 1, cast.lamp: 1, blue: 2})), cast)
    Reason.objects.create(side="buyer", code="more", label_en="More", label_zh="更多")
    for each in (order, large):
        with django_assert_num_queries(8):
            alice.get(address(each))
