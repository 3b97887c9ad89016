"""Why orders refuses something: one sentence each, saying what can be done instead."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class OrderError(models.TextChoices):
    CART_EMPTY = "cart_empty", _("The cart is empty. Choose something first.")
    CART_FULL = "cart_full", _("The cart holds %(most)s different articles at most. Order these first.")
    NOT_ON_SALE = "not_on_sale", _("%(title)s is not on sale now. Take it out of the cart to go on.")
    GONE = "gone", _("%(title)s is not sold any more, so it was not put into the cart.")
    SOLD_OUT = "sold_out", _("%(title)s is sold out at the moment, so it was not put into the cart.")
    FEWER_LEFT = "fewer_left", _("Only %(left)s of %(title)s are left, so only these are in the cart.")
    OUT_OF_STOCK = "out_of_stock", _("Only %(left)s of %(title)s are left. Lower the quantity to go on.")
    QUANTITY = "quantity", _("The quantity has to be a whole number from 1 to %(most)s.")
    ADDRESS_MISSING = "address_missing", _("Say where the goods should go.")
    ADDRESSES_FULL = "addresses_full", _("The address book holds %(most)s addresses at most. Delete one first.")
    ADDRESS_TWICE = "address_twice", _("This address is in your book already. Change that one, or say what differs.")
    COUPON = "coupon", _("This coupon cannot be used here. Take it out, or check its conditions.")
    COUPON_LEAST = (
        "coupon_least",
        _("This coupon is for goods of %(least)s or more at %(shop)s. Add some, or take it out."),
    )
    SHOP_CANNOT_SELL = (
        "shop_cannot_sell",
        _("%(shop)s cannot take orders yet: it has no return address. Its staff can add one under “Shops”."),
    )
    NOTHING_TO_SHIP = "nothing_to_ship", _("Choose at least one unit that can be shipped.")
    TOO_MANY_UNITS = "too_many_units", _("At most %(most)s of %(title)s can be shipped now.")
    RETURN_ADDRESS = "return_address", _("This shop's policy offers returns, so it needs a return address.")
    WORKS_HERE = "works_here", _("This person works for the shop already.")
    INVITATIONS_FULL = "invitations_full", _("%(most)s invitations wait for an answer. Revoke one first.")
    INVITATION_OVER = "invitation_over", _("This invitation counts no more. Ask for a new one.")
    INVITATION_OTHER = "invitation_other", _("This invitation is for %(email)s. Log in with that address.")
    AUDITOR = "auditor", _("An auditor of the platform cannot work for a shop.")
    LAST_OWNER = "last_owner", _("A shop needs an owner. Make somebody else one first.")
