"""The states of tickets, disputes and payouts, and the words that go with them."""

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.lifecycle.table import Owner, State, States


class TicketState(States):
    AWAITING_SELLER = State(
        "awaiting_seller", _("Awaiting the seller"), "amber", owner=Owner.SELLER, clock="answer", on_due="agree"
    )
    AWAITING_BUYER = State(
        "awaiting_buyer",
        _("Awaiting the buyer’s answer"),
        "amber",
        owner=Owner.BUYER,
        clock="answer_offer",
        on_due="decline_offer",
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
        on_due="call_cs",
    )
    AWAITING_DISPATCH = State(
        "awaiting_dispatch",
        _("Awaiting dispatch"),
        "amber",
        owner=Owner.SELLER,
        clock="dispatch",
        on_due="call_cs",
    )
    AWAITING_BUYER_RECEIPT = State(
        "awaiting_buyer_receipt",
        _("On its way to the buyer"),
        "violet",
        owner=Owner.BUYER,
        clock="buyer_receipt",
        on_due="confirm",
    )
    ARBITRATION = State("arbitration", _("With customer service"), "violet", owner=Owner.CS)
    REFUNDING = State("refunding", _("Refunding"), "blue", owner=Owner.CHANNEL)
    SUCCEEDED = State("succeeded", _("Succeeded"), "green", final=True)
    CLOSED = State("closed", pgettext_lazy("ticket", "Closed"), "grey", final=True)


class DisputeState(States):
    EVIDENCE = State(
        "evidence", _("Hearing both sides"), "amber", owner=Owner.PARTIES, clock="evidence", on_due="close_evidence"
    )
    REVIEW = State("review", _("Under review"), "blue", owner=Owner.CS, clock="review", on_due="escalate")
    CONFIRMATION = State(
        "confirmation", _("Awaiting a second agent"), "blue", owner=Owner.CS, clock="review", on_due="escalate"
    )
    RULED = State("ruled", _("Ruled"), "violet", owner=Owner.PARTIES, clock="appeal", on_due="finalise")
    FINAL = State("final", _("Final"), "green", final=True)


class PayoutState(States):
    CREATED = State("created", _("To be sent"), "amber", owner=Owner.CHANNEL, clock="now", on_due="send")
    SENT = State("sent", pgettext_lazy("payout", "Sent"), "blue", owner=Owner.CHANNEL, clock="answer", on_due="doubt")
    UNKNOWN = State("unknown", _("Being asked about"), "violet", owner=Owner.CHANNEL, clock="now", on_due="ask")
    SETTLED = State("settled", _("Money returned"), "green", resting=True)
    FAILED = State("failed", _("Refused by the channel"), "red", owner=Owner.OPERATOR)
    # Return freight is paid by the shop itself, outside the order's channel.
    OWED = State("owed", _("Owed by the shop"), "amber", owner=Owner.SELLER)


class Kind(models.TextChoices):
    REFUND_ONLY = "refund_only", _("Refund only")
    RETURN_REFUND = "return_refund", _("Return and refund")
    EXCHANGE = "exchange", _("Exchange")
    REPAIR = "repair", _("Repair")
    REISSUE = "reissue", pgettext_lazy("kind", "Send again")


# Kinds that give money back; the others move goods only, and their amount is 0.
REFUNDS: Final = (Kind.REFUND_ONLY, Kind.RETURN_REFUND)
# Kinds for which the goods come back first.
RETURNS: Final = (Kind.RETURN_REFUND, Kind.EXCHANGE, Kind.REPAIR)
# Kinds for which goods are taken from stock: a repaired unit is the buyer's own.
TAKES_STOCK: Final = (Kind.EXCHANGE, Kind.REISSUE)


class ClosedReason(models.TextChoices):
    WITHDRAWN = "withdrawn", _("Withdrawn")
    SENT_BACK = "sent_back", _("Goods sent back to the buyer")
    SHIPPED_ANYWAY = "shipped_anyway", _("Shipped by the seller anyway")
    SELLER_CANCELLED = "seller_cancelled", _("The seller cancelled the order")
    RULED_AGAINST = "ruled_against", _("Refused by customer service")


class Cause(models.TextChoices):
    TICKET = "ticket", _("After-sale ticket")
    SELLER_CANCELLED = "seller_cancelled", _("Order cancelled by the seller")
    SURPLUS = "surplus", _("Money without an order to pay")
    RETURN_FREIGHT = "return_freight", _("Return freight")


class Side(models.TextChoices):
    """Who gives a reason: the buyer for filing, the seller for rejecting and for giving money back unasked."""

    BUYER = "buyer", _("Buyer")
    SELLER = "seller", _("Seller")
    UNASKED = "unasked", _("Seller, unasked")


class Payer(models.TextChoices):
    """Who pays the freight of goods that come back."""

    BUYER = "buyer", _("Buyer")
    SELLER = "seller", _("Seller")


class OfferAnswer(models.TextChoices):
    OPEN = "", pgettext_lazy("offer", "Open")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    LAPSED = "lapsed", _("Lapsed")


class Verdict(models.TextChoices):
    """What customer service may rule. Each moves ticket, goods and money by itself."""

    REFUND = "refund", _("Refund the buyer")
    RETURN_FIRST = "return_first", _("The goods go back first")
    SEND_GOODS = "send_goods", _("The seller sends the goods")
    SEND_BACK = "send_back", _("The seller sends the buyer’s goods back")
    REFUSE = "refuse", _("Refuse the application")
    NEGOTIATE = "negotiate", _("Negotiate again")


class Outcome(models.TextChoices):
    """How a dispute became final."""

    RULED = "ruled", _("By the ruling")
    AGREED = "agreed", _("The seller agreed")
    WITHDRAWN = "withdrawn", _("The buyer gave up")
    CONFIRMED = "confirmed", _("The buyer confirmed the receipt")
    SELLER_CANCELLED = "seller_cancelled", _("The seller cancelled the order")


class Automatic(models.TextChoices):
    """What a shop's rule does with an application that it fits."""

    AGREE = "agree", _("Agree")
    KEEP_GOODS = "keep_goods", _("Pay without having the goods back")
