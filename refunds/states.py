"""The states of tickets and payouts, and the words that go with them."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.lifecycle.table import Owner, State, States


class TicketState(States):
    AWAITING_SELLER = State(
        "awaiting_seller", _("Awaiting the seller"), "amber", owner=Owner.SELLER, clock="answer", on_due="agree"
    )
    REJECTED = State(
        "rejected", _("Rejected by the seller"), "red", owner=Owner.BUYER, clock="answer_rejection", on_due="withdraw"
    )
    AWAITING_RETURN = State(
        "awaiting_return", _("Awaiting the return"), "violet", owner=Owner.BUYER, clock="return", on_due="withdraw"
    )
    AWAITING_INSPECTION = State(
        "awaiting_inspection",
        _("Awaiting inspection"),
        "blue",
        owner=Owner.SELLER,
        clock="inspection",
        on_due="accept",
    )
    INSPECTION_FAILED = State(
        "inspection_failed",
        _("Inspection failed"),
        "red",
        owner=Owner.SELLER,
        clock="after_failed_inspection",
        on_due="accept",
    )
    AWAITING_BUYER_RECEIPT = State(
        "awaiting_buyer_receipt",
        _("On its way to the buyer"),
        "violet",
        owner=Owner.BUYER,
        clock="sent_back",
        on_due="confirm",
    )
    REFUNDING = State("refunding", _("Refunding"), "blue", owner=Owner.CHANNEL)
    SUCCEEDED = State("succeeded", _("Succeeded"), "green", final=True)
    CLOSED = State("closed", pgettext_lazy("ticket", "Closed"), "grey", final=True)


class PayoutState(States):
    CREATED = State("created", _("To be sent"), "amber", owner=Owner.CHANNEL, clock="now", on_due="send")
    SENT = State("sent", pgettext_lazy("payout", "Sent"), "blue", owner=Owner.CHANNEL, clock="answer", on_due="doubt")
    UNKNOWN = State("unknown", _("Being asked about"), "violet", owner=Owner.CHANNEL, clock="now", on_due="ask")
    SETTLED = State("settled", _("Money returned"), "green", resting=True)
    FAILED = State("failed", _("Refused by the channel"), "red", owner=Owner.OPERATOR)


class Kind(models.TextChoices):
    REFUND_ONLY = "refund_only", _("Refund only")
    RETURN_REFUND = "return_refund", _("Return and refund")


class ClosedReason(models.TextChoices):
    WITHDRAWN = "withdrawn", _("Withdrawn")
    SENT_BACK = "sent_back", _("Goods sent back to the buyer")
    SHIPPED_ANYWAY = "shipped_anyway", _("Shipped by the seller anyway")
    SELLER_CANCELLED = "seller_cancelled", _("The seller cancelled the order")


class Cause(models.TextChoices):
    TICKET = "ticket", _("After-sale ticket")
    SELLER_CANCELLED = "seller_cancelled", _("Order cancelled by the seller")
    SURPLUS = "surplus", _("Money without an order to pay")


class Side(models.TextChoices):
    """Who gives a reason: the buyer for filing, the seller for rejecting."""

    BUYER = "buyer", _("Buyer")
    SELLER = "seller", _("Seller")
