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
    NOT_ARRIVED = "not_arrived", _("Goods that have not arrived cannot be sent back. Ask for a refund.")
    GOODS_RULE = "goods_rule", _("This is not offered for such goods. Choose another kind, or leave those goods out.")
    NO_MONEY = (
        "no_money",
        _("An exchange, a repair or sending again returns no money. Clear the amount, or ask for a refund."),
    )
    WANTED = "wanted", _("For %(title)s choose another variant of the same product.")
    OUT_OF_STOCK = "out_of_stock", _("Only %(left)s of %(title)s are in stock. Choose another article or a refund.")
    DIFFERENT_GOODS = (
        "different_goods",
        _("After an exchange the units of %(title)s differ. Choose at most %(most)s of one article."),
    )
    TOO_MANY_TICKETS = (
        "too_many_tickets",
        _("At most %(most)s tickets can be filed within 24 hours. Please come back later, or write to the shop."),
    )
    TOO_MANY_APPLICATIONS = (
        "too_many_applications",
        _("%(title)s has been applied for %(most)s times. Customer service can be called on the last ticket."),
    )
    TOO_MANY_MESSAGES = "too_many_messages", _("A ticket takes at most %(most)s messages. Customer service can decide.")
    TOO_MANY_PHOTOS = "too_many_photos", _("A ticket takes at most %(most)s photos altogether.")
    NO_WORDS = "no_words", _("Write something, or choose a photo.")
    REASON = "reason", _("Choose a reason from the list.")
    REASON_KIND = "reason_kind", _("This reason does not fit what should happen. Choose another one.")
    REASON_ARRIVED = "reason_arrived", _("This reason does not fit whether the goods have arrived. Choose another one.")
    PROOF = "proof", _("This reason needs at least one photo.")
    PHOTO = "photo", _("This file is not a photo that can be read. Send a JPEG, PNG or WebP.")
    PHOTO_SIZE = "photo_size", _("This photo is too large. Send one of at most %(megabytes)s MB.")
    PHOTO_GONE = "photo_gone", _("One of the photos is not here any more. Remove it and add it again.")
    TOO_MANY_UPLOADS = "too_many_uploads", _("At most %(most)s photos can be sent in a day. Please go on tomorrow.")
    PHOTOS = "photos", _("At most %(most)s photos can be sent at once.")
    ORDER_STATE = "order_state", _("No ticket can be filed on this order in its present state.")
    WINDOW = "window", _("The time for after-sale requests ended on %(date)s. Please write to the shop.")
    CURRENCY = "currency", _("This order was paid in %(currency)s; amounts in another currency cannot be refunded.")
    WAYBILL = "waybill", _("Give the carrier and the tracking number.")
    NO_RETURN_ADDRESS = (
        "no_return_address",
        _("The shop has no return address. Add one under “Shops”, then agree again."),
    )
    CHECK_DIGIT = (
        "check_digit",
        _("This number of %(carrier)s has a digit that is wrong, or two that have changed places. Type it again."),
    )
    ODD_NUMBER = (
        "odd_number",
        _("Numbers of %(carrier)s usually look different. Look at the receipt again, or say that it is right."),
    )
    POSTAGE = "postage", _("Of the postage at most %(most)s is paid back.")
    SIGNED_FOR = "signed_for", _("This parcel has been signed for. Its waybill cannot be changed any more.")
    KNOWN_PARCEL = "known_parcel", _("A parcel with this carrier and number is on the ticket already.")
    NO_PARCEL = "no_parcel", _("This parcel does not belong to the ticket. Load the page again.")
    REPAIR = "repair", _("Say what was wrong with %(title)s and what was done about it.")
    SHORT = "short", _("There are not enough of %(title)s in stock. Offer money instead, or fill up the stock.")
    OFFER_SHORT = (
        "offer_short",
        _("There are not enough of %(title)s in stock for this offer. Decline it, or call customer service."),
    )
    STOCK_IN = "stock_in", _("Document %(document)s was reported before, with other figures or another ticket.")
    SAME_TERMS = "same_terms", _("This is what the buyer asks for. Agree, or change the offer.")
    AMOUNT_MOST = "amount_most", _("At most %(most)s can be given back.")
    NO_OFFER = "no_offer", _("This offer does not stand any more. Look at the ticket as it is now.")
    VERDICT = "verdict", _("This cannot be ruled where the ticket stands. Choose another ruling.")
    PAYER = "payer", _("Say who pays the return freight.")
    FREIGHT_ALONE = (
        "freight_alone",
        _("This ticket holds no freight: it may be gone before the ruling is final. Rule something for the goods too."),
    )
    NO_MONEY_RULED = "no_money_ruled", _("This ruling moves no money. Clear the amount, or rule a refund.")
    NOT_YOURS = "not_yours", _("This dispute is another agent’s. Claim it when it is free, or ask for a hand-over.")
    NOT_AN_AGENT = (
        "not_an_agent",
        _("This person cannot take the dispute: they do not work in customer service, or belong to a side of it."),
    )
    NOT_A_SUPERVISOR = "not_a_supervisor", _("Only a supervisor of customer service gives disputes to agents.")
    NOBODY_CHANGED = (
        "nobody_changed",
        _("That agent has the dispute already, or may not decide it. Choose another one."),
    )
    RULED_BEFORE = "ruled_before", _("You ruled on this before. An appeal goes to another agent.")
    SECOND_AGENT = "second_agent", _("A second agent has to confirm this. It cannot be the one who ruled.")
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
    TOO_MANY_NOTES = (
        "too_many_notes",
        _("This ticket has %(most)s internal notes already, which is all that it may have."),
    )
    NOTE = "note", _("Say why, in a few words.")
    STALE = "stale", _("The buyer has changed the application since you read it. Look at the new one first.")
    NOT_WAITING = (
        "not_waiting",
        _("It is no application that waits for the shop’s answer now. Other tickets are dealt with one by one."),
    )
    NOT_IN_SHOP = "not_in_shop", _("It is not in a shop that this person works for.")
    ENDED = "ended", _("It has ended.")
    NOT_A_COLLEAGUE = "not_a_colleague", _("Choose somebody who works for this shop.")
    PROOF_OF_PAYMENT = "proof_of_payment", _("Say how and when the money was paid, with its reference.")
