"""Addresses of the admin, and rows that wait for somebody there."""

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from aftersales import actors
from aftersales.models import User
from aftersales.testing import PASSWORD, counters, file, one, pay, place, ship
from orders.models import Order, Payment, ShopStaff
from refunds import actions, money
from refunds.lifecycle import PAYOUT
from refunds.models import (
    Dispute,
    Evidence,
    Inspection,
    Offer,
    Payout,
    Reason,
    RepairRecord,
    ReturnParcel,
    Ruling,
    Ticket,
)
from refunds.rules import Decision, Found


def page(row, action, query=""):
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_do", args=[row.pk, action]) + query


def change(row):
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])


def read(response):
    return response.content.decode()


def _of(order):
    rows = (order, *Ticket.objects.filter(order=order), *Payout.objects.filter(order=order))
    return (*rows, *Dispute.objects.filter(order=order))


def snapshot(row):
    """Everything about the row's order, to compare before and after."""
    order = row if isinstance(row, Order) else row.order
    events = [list(r.events.values_list("pk", "action")) for r in _of(order)]
    models = (Payment, Payout, Ticket, Dispute, Ruling, Offer, ReturnParcel, Inspection, RepairRecord, Evidence)
    return counters(order), events, [list(model.objects.order_by("pk").values()) for model in models]


def picture():
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    return SimpleUploadedFile("proof.png", out.getvalue(), "image/png")


def unshipped(cast):
    order = pay(place(cast))
    return file(order, {order.lines.get(sku=cast.mug).pk: 1})


def to_return(cast):
    order = ship(pay(place(cast)), cast)
    return file(order, {order.lines.get(sku=cast.mug).pk: 1}, kind="return_refund")


def to_inspect(cast):
    ticket = to_return(cast)
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)
    actions.send_waybill(one(ticket), actors.buyer(cast.alice), "SF", "SF9")
    ticket.refresh_from_db()
    return ticket


def failed_inspection(cast):
    ticket = to_inspect(cast)
    line = ticket.lines.get()
    actions.fail_inspection(one(ticket), actors.seller(cast.bob), {line.pk: Found(0, 1)}, "broken")
    ticket.refresh_from_db()
    return ticket


def failed_payout(cast):
    ticket = unshipped(cast)
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)
    payout = Payout.objects.get(ticket=ticket)
    from aftersales.actors import CLOCK
    from aftersales.lifecycle.move import move, story

    with story(CLOCK):
        move(PAYOUT, "send", one(payout), CLOCK)
    money.refuse(one(payout), "no")
    payout.refresh_from_db()
    return payout


def parcel(row, cast):
    order = row if isinstance(row, Order) else row.order
    return {f"units_{line.pk}": line.quantity for line in order.lines.all()} | {"carrier": "SF", "number": "SF1"}


def inspection(ticket, cast):
    key = ticket.lines.get().pk
    return {f"good_{key}": 0, f"damaged_{key}": 1, f"note_{key}": "a crack", "note": "It came broken."}


def no_proof():
    """A reason to reject that takes no photo."""
    return Reason.objects.filter(side="seller", in_use=True, needs_proof=False).first()


# --- customer service -------------------------------------------------------------------------------------------------


def agent(name="sam"):
    """A person of customer service; the same one for the same name."""
    rows = User.objects.filter(email=f"{name}@example.com")
    return rows.first() or User.objects.create_user(
        f"{name}@example.com", PASSWORD, name=name.title(), is_staff=True, is_customer_service=True
    )


def lead():
    """The supervisor of customer service."""
    user = agent("liz")
    user.is_supervisor = True
    user.save()
    return user


def agent_of_shop(cast):
    """One who also sells in the shop."""
    user = agent("gus")
    ShopStaff.objects.get_or_create(shop=cast.shop, user=user)
    return user


def with_cs(cast, units=None, **asked):
    """A dispute in which both sides are heard: the seller called on a ticket of unshipped or returned goods."""
    order = pay(place(cast, units))
    if asked:
        ship(order, cast)
    ticket = file(order, {line.pk: line.quantity for line in order.lines.all()[:1]}, **asked)
    actions.call_cs(one(ticket), actors.seller(cast.bob), "We do not agree.")
    return Dispute.objects.get(ticket=ticket)


def fresh(row):
    row.refresh_from_db()
    return row


def claimed(cast, units=None):
    dispute = with_cs(cast, units)
    actions.claim(one(dispute), actors.agent(agent()))
    return fresh(dispute)


def reviewed(cast, units=None):
    dispute = claimed(cast, units)
    actions.rest(one(dispute), actors.buyer(cast.alice))
    actions.rest(one(dispute), actors.seller(cast.bob))
    return fresh(dispute)


def ruled(cast, units=None):
    dispute = reviewed(cast, units)
    amount = dispute.ticket.amount
    actions.rule(one(dispute), actors.agent(agent()), Decision("refund", amount, 0, "buyer", "The buyer is right."))
    return fresh(dispute)


def to_confirm(cast):
    """Twenty lamps cost more than one agent rules alone."""
    return ruled(cast, {cast.lamp: 20})


def ruling(dispute, cast, **more):
    """What the agent sends: the first time for a look at what it does, `confirmed` to rule."""
    fields = {"verdict": "refund", "amount": "5.00", "freight": "0.00", "freight_by": "buyer", "note": "Half."}
    return fields | {"confirmed": "1"} | more


# --- goods that are sent again ----------------------------------------------------------------------------------------


def to_dispatch(cast):
    order = ship(pay(place(cast)), cast)
    ticket = file(order, {order.lines.get(sku=cast.mug).pk: 1}, kind="reissue", reason="missing")
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)
    return fresh(ticket)


def to_repair(cast):
    order = ship(pay(place(cast)), cast)
    ticket = file(order, {order.lines.get(sku=cast.mug).pk: 1}, kind="repair", reason="other")
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)
    actions.send_waybill(one(ticket), actors.buyer(cast.alice), "SF", "SF9")
    actions.accept(one(ticket), actors.seller(cast.bob))
    return fresh(ticket)


def sent_again(cast):
    ticket = to_dispatch(cast)
    actions.dispatch(one(ticket), actors.seller(cast.bob), "SF", "SF7")
    return fresh(ticket)


def owed(cast):
    """The shop owes what the buyer paid for sending broken goods in."""
    order = ship(pay(place(cast)), cast)
    ticket = file(order, {order.lines.get(sku=cast.mug).pk: 1}, kind="return_refund", reason="late")
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)
    actions.send_waybill(one(ticket), actors.buyer(cast.alice), "SF", "SF9", 900)
    actions.accept(one(ticket), actors.seller(cast.bob))
    return Payout.objects.get(ticket=ticket, cause="return_freight")
