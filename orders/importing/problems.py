"""Why a file, a line or an order is not imported: one sentence each, for the report and the terminal."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class FileProblem(models.TextChoices):
    """Nothing of the file is imported."""

    EMPTY = "empty", _("The file is empty.")
    ENCODING = "encoding", _("Line %(line)s is not UTF-8. Save the file as CSV UTF-8 and try again.")
    COLUMNS = "columns", _("The first line has to name the columns; missing here: %(columns)s.")
    TWICE = "twice", _("The first line names a column twice: %(columns)s.")


class LineProblem(models.TextChoices):
    """What is wrong with one line by itself."""

    MALFORMED = "malformed", _("This is not a line of CSV; perhaps a quotation mark is open, or a field has two lines.")
    TOO_LONG = "too_long", _("The line is longer than %(most)s bytes.")
    FIELDS = "fields", _("The line has %(found)s fields instead of %(wanted)s.")
    CONTROL = "control", _("%(column)s has a character that cannot be shown.")
    MISSING = "missing", _("%(column)s is empty.")
    LONG = "long", _("%(column)s is longer than %(most)s characters.")
    ORDER_NO = (
        "order_no",
        _("order_no has only letters, digits and . _ - | * @, and begins with a letter or digit."),
    )
    SHOP = "shop", _("shop has only letters, digits, - and _.")
    QUANTITY = "quantity", _("quantity has to be a whole number from 1 to %(most)s.")
    AMOUNT = "amount", _("%(column)s has to be a whole number of the smallest unit, from 0 to %(most)s.")
    DISCOUNT = "discount", _("discount_cents is more than list_cents.")
    PAID = "paid", _("paid_cents is not list_cents less discount_cents.")
    CURRENCY = "currency", _("%(currency)s is not a currency; use its code of three capitals, like CNY.")
    PAID_AT = "paid_at", _("paid_at is not a date and time like 2026-01-31T16:05:00Z, of 1970 or later.")
    NO_ZONE = "no_zone", _("paid_at does not say its time zone; add Z or an offset like +08:00.")
    FUTURE = "future", _("paid_at lies in the future.")


class OrderProblem(models.TextChoices):
    """What is wrong with an order as a whole."""

    OTHER_LINE = "other_line", _("Line %(line)s of the same order is refused, so the whole order is.")
    DIFFERENT = "different", _("%(column)s differs from that of line %(line)s, the order's first.")
    SKU_TWICE = "sku_twice", _("The same sku stands in line %(line)s of this order.")
    TOO_MANY = "too_many", _("The order has more than %(most)s lines.")
    TOTAL = "total", _("The order's lines sum to more than %(most)s.")
    NATIVE = "native", _("An order with this number was placed here, not imported.")
    CHANGED = "changed", _("An order with this number was imported before, with another %(column)s.")
    SHOP_CURRENCY = "shop_currency", _("The shop sells in %(wanted)s, not in %(found)s.")
    NO_POLICY = "no_policy", _("The shop's business has no policy in force; an operator has to add one.")
    BUSY = "busy", _("Somebody else was writing the same order or shop. Import the file again.")
    DATABASE = "database", _("The database does not take this order: %(why)s")
