"""The states of an order, and why one closes."""

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.lifecycle.table import Owner, State, States


class OrderState(States):
    AWAITING_PAYMENT = State(
        "awaiting_payment", _("Awaiting payment"), "amber", owner=Owner.BUYER, clock="payment", on_due="expire"
    )
    AWAITING_SHIPMENT = State("awaiting_shipment", _("Awaiting shipment"), "blue", owner=Owner.SELLER)
    AWAITING_RECEIPT = State(
        "awaiting_receipt", _("Awaiting receipt"), "violet", owner=Owner.BUYER, clock="receipt", on_due="auto_receive"
    )
    COMPLETED = State("completed", _("Completed"), "green", resting=True)
    CLOSED = State("closed", pgettext_lazy("order", "Closed"), "grey", final=True)


class ClosedReason(models.TextChoices):
    BUYER_CANCELLED = "buyer_cancelled", _("Cancelled by the buyer")
    PAYMENT_TIMEOUT = "payment_timeout", _("Not paid in time")
    SELLER_CANCELLED = "seller_cancelled", _("Cancelled by the seller")
    FULLY_REFUNDED = "fully_refunded", _("Fully refunded")


class TitleKind(models.TextChoices):
    """Whom an invoice is made out to."""

    PERSONAL = "personal", _("A person")
    COMPANY = "company", _("A company")


class ShopRole(models.TextChoices):
    """What a person is in a shop: owners set it up, agents work on its orders and tickets."""

    OWNER = "owner", _("Owner")
    AGENT = "agent", pgettext_lazy("shop", "Agent")


class Profile(models.TextChoices):
    MARKETPLACE = "marketplace", _("Marketplace")
    LOCAL_DELIVERY = "local_delivery", _("Local delivery")
    VIRTUAL = "virtual", _("Virtual goods")


# What a goods rule allows or not: the kinds of tickets, by the names that refunds gives them.
GOODS_KINDS: Final = ("refund_only", "return_refund", "exchange", "repair", "reissue")


class Account(models.TextChoices):
    """The ledger's accounts. Positive legs are debits."""

    CHANNEL = "channel", _("Held at the payment channel")
    BY_HAND = "by_hand", _("Paid by hand")
    SALES = "sales", _("Received for orders")
    SURPLUS = "surplus", _("Received without an order to pay")
    REFUNDS_DUE = "refunds_due", _("Owed back to buyers")
    RETURN_FREIGHT = "return_freight", _("Return freight owed by shops")
