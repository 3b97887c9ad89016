"""Reasons, and rules by which shops answer by themselves, in the admin."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from aftersales.testing import file, pay, place
from orders.models import Order
from refunds.models import AutoDecision, AutoRule, Reason, StockIn
from refunds.tests.at_admin import agent, change, to_inspect

LIST, ADD = "admin:refunds_autorule_changelist", "admin:refunds_autorule_add"


def rule(cast, shop=None, **more):
    return AutoRule.objects.create(shop=shop or cast.shop, name="Small", most=1000, **more)


def filled(shop, **more):
    fields = {"shop": shop.pk, "name": "Small", "effect": "agree", "most": "10.00", "least_orders": "0"}
    return fields | {"kinds": ["refund_only"], "in_use": "on", "position": "0"} | more


def test_a_seller_keeps_the_rules_of_the_own_shop(cast, client):
    client.force_login(cast.bob)
    reason = Reason.objects.get(side="buyer", code="late")
    assert client.post(reverse(ADD), filled(cast.shop, reasons=[reason.pk])).status_code == 302
    mine = AutoRule.objects.get()
    assert (mine.shop, mine.most, mine.kinds, list(mine.reasons.all())) == (cast.shop, 1000, ["refund_only"], [reason])
    assert client.post(change(mine), filled(cast.shop, most="12.50", in_use="")).status_code == 302
    mine.refresh_from_db()
    assert (mine.most, mine.in_use) == (1250, False)
    assert client.post(reverse("admin:refunds_autorule_delete", args=[mine.pk]), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("shop", "other"),
        ("reasons", "seller"),
        ("kinds", "gift"),
        ("most", "-1"),
        ("most", ""),
        ("effect", "refuse"),
        ("least_orders", "x"),
    ],
)
def test_forged_fields_make_no_rule(cast, client, field, value):
    stands_for = {"other": cast.other_shop.pk, "seller": Reason.objects.filter(side="seller")[0].pk}
    client.force_login(cast.bob)
    response = client.post(reverse(ADD), filled(cast.shop) | {field: stands_for.get(value, value)})
    assert response.status_code == 422
    assert not AutoRule.objects.exists()


def test_a_rule_that_fits_nothing_is_refused(cast, client):
    client.force_login(cast.bob)
    response = client.post(reverse(ADD), filled(cast.shop, effect="keep_goods"))
    assert response.status_code == 422
    assert "choose “Return and refund” too." in response.text
    assert not AutoRule.objects.exists()


def test_a_rule_keeps_its_shop(cast, client):
    mine = rule(cast)
    client.force_login(cast.operator)
    assert client.post(change(mine), filled(cast.other_shop, name="Renamed")).status_code == 302
    mine.refresh_from_db()
    assert (mine.shop, mine.name) == (cast.shop, "Renamed")


def test_foreign_rules_and_decisions_are_missing_ones(cast, client):
    foreign = rule(cast)
    order = pay(place(cast))
    file(order, {order.lines.get(sku=cast.mug).pk: 1})
    decision = AutoDecision.objects.get()
    for user, status in ((cast.dave, 404), (cast.bob, 200), (cast.operator, 200), (agent(), 403)):
        client.force_login(user)
        assert (client.get(change(foreign)).status_code, client.get(change(decision)).status_code) == (status, status)
    client.force_login(cast.dave)
    assert client.post(change(foreign), filled(cast.shop, most="99.00")).status_code == 404
    assert list(client.get(reverse(LIST)).context["cl"].result_list) == []
    foreign.refresh_from_db()
    assert foreign.most == 1000


def test_a_rule_shows_what_it_has_done(cast, client):
    mine = rule(cast)
    for _time in range(2):
        order = pay(place(cast))
        file(order, {order.lines.get(sku=cast.mug).pk: 1})
    client.force_login(cast.bob)
    [row] = client.get(reverse(LIST)).context["cl"].result_list
    assert (row.tickets, row.worth) == (2, 2000)
    text = client.get(change(mine)).content.decode()
    assert "CN¥20.00" in text
    log = client.get(reverse("admin:refunds_autodecision_changelist"))
    assert [decision.worth for decision in log.context["cl"].result_list] == [1000, 1000]
    assert client.get(reverse("admin:refunds_autodecision_add")).status_code == 403


def test_operators_say_what_a_reason_is_for(cast, client):
    reason = Reason.objects.get(side="buyer", code="late")
    fields = {"label_en": "Late", "label_zh": "太慢", "kinds": ["refund_only", "reissue"], "needs_proof": "on"}
    fields |= {"not_arrived": "true", "freight_by": "seller", "sellers_fault": "on", "in_use": "on", "position": "3"}
    client.force_login(cast.operator)
    assert client.post(change(reason), fields | {"kinds": ["gift"]}).status_code == 422
    assert client.post(change(reason), fields | {"code": "other", "side": "seller"}).status_code == 302
    reason.refresh_from_db()
    assert (reason.kinds, reason.needs_proof, reason.not_arrived) == (["refund_only", "reissue"], True, True)
    assert (reason.freight_by, reason.sellers_fault, reason.code, reason.side) == ("seller", True, "late", "buyer")
    client.force_login(cast.bob)
    assert client.get(change(reason)).status_code == 403


def test_what_a_warehouse_reported_is_on_the_ticket(cast, client):
    ticket = to_inspect(cast)
    key = str(ticket.lines.get().pk)
    StockIn.objects.create(document="WMS-1", ticket=ticket, found={key: [0, 1]}, reported_at=Now() - timedelta(hours=1))
    client.force_login(cast.bob)
    text = client.get(change(ticket)).content.decode()
    assert "WMS-1" in text
    assert "Mug: good 0, damaged 1" in text
    assert Order.objects.get().open_tickets == 1
