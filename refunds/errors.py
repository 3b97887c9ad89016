"""Why refunds refuses something: one sentence each, saying what can be done instead."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RefundError(models.TextChoices):
    NOTHING_CHOSEN = "nothing_chosen", _("Choose at least one item.")
    UNKNOWN_LINE = "unknown_line", _("One of the items does not belong to this order. Load the page again.")
    UNITS = "units", _("For %(title)s choose a whole number of units from 0 to %(most)s.")
    LINE_BUSY = "line_busy", _("%(title)s already has an open ticket. Amend or withdraw that one first.")
    AMOUNT = "amount", _("The amount has to be a number such as 12.50, without a sign or a currency.")
    LINE_AMOUNT = "line_amount", _("For %(title)s at most %(most)s can be refunded.")
    LINE_SUM = "line_sum", _("An amount was given for %(title)s, but no units. Choose the units, or clear the amount.")
    FREIGHT = "freight", _("Of the freight at most %(most)s can be refunded.")
    NOTHING_TO_REFUND = "nothing_to_refund", _("The amount has to be above zero.")
    NOTHING_LEFT = "nothing_left", _("Everything paid for this has been refunded already.")
    KIND_MISSING = "kind_missing", _("Choose what should happen.")
    KIND = "kind", _("This is not offered for this order. Choose another kind.")
    NOT_SHIPPED = "not_shipped", _("These goods have not been shipped, so they cannot be sent back. Ask for a refund.")
    NO_RETURNS = "no_returns", _("This shop does not take goods back. Ask for a refund without a return.")
    REASON = "reason", _("Choose a reason from the list.")
    PROOF = "proof", _("This reason needs at least one photo.")
    PHOTO = "photo", _("This file is not a photo that can be read. Send a JPEG, PNG or WebP.")
    PHOTO_SIZE = "photo_size", _("This photo is too large. Send one of at most %(megabytes)s MB.")
    PHOTOS = "photos", _("At most %(most)s photos can be sent at once.")
    ORDER_STATE = "order_state", _("No ticket can be filed on this order in its present state.")
    WINDOW = "window", _("The time for after-sale requests ended on %(date)s. Please write to the shop.")
    CURRENCY = "currency", _("This order was paid in %(currency)s; amounts in another currency cannot be refunded.")
    WAYBILL = "waybill", _("Give the carrier and the tracking number.")
    NO_RETURN_ADDRESS = (
        "no_return_address",
        _("The shop has no return address. Add one under “Shops”, then agree again."),
    )
    INSPECTION = (
        "inspection",
        _("Good and damaged units of %(title)s have to be whole numbers, together at most %(most)s."),
    )
    INSPECTION_WHOLE = (
        "inspection_whole",
        _("Something is missing or damaged. Choose “Inspection failed”, or accept everything as good."),
    )
    INSPECTION_NOTHING_WRONG = (
        "inspection_nothing_wrong",
        _("Everything arrived in good condition. Accept it, or say what is missing or damaged."),
    )
    NOTE = "note", _("Say why, in a few words.")
    STALE = "stale", _("The buyer has changed the application since you read it. Look at the new one first.")
    PROOF_OF_PAYMENT = "proof_of_payment", _("Say how and when the money was paid, with its reference.")
