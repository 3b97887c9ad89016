"""Addresses of the admin, and rows that wait for somebody there."""

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from aftersales import actors
from aftersales.testing import file, one, pay, place, ship
from orders.models import Order
from refunds import actions, money
from refunds.lifecycle import PAYOUT
from refunds.models import Payout
from refunds.rules import Found


def page(row, action, query=""):
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_do", args=[row.pk, action]) + query


def change(row):
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])


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


# action of a row, who may do it: how the row comes about, what is sent, the state it leads to
