"""Orders from the cart to the door, and the tickets that buyer and seller settle between themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aftersales import actors
from aftersales.demo.tools import (
    Cast,
    application,
    ask,
    ask_to_return,
    bought,
    fail,
    one,
    pay,
    place,
    sent_back,
    served,
    this,
)
from orders import actions as orders
from orders.actions import Parcel
from refunds import actions as refunds
from refunds.models import Reason
from refunds.states import Kind, Side


def unpaid(cast: Cast) -> None:
    """Not paid yet, about to be paid, thought better of."""
    place(cast.mei, {"longjing/50g": 2, "cups/six": 1})
    started = place(cast.tom, {"glass/600ml": 1})
    orders.start_payment(one(started), actors.buyer(cast.tom))
    cancelled = place(cast.tom, {"tray/40cm": 1})
    orders.cancel(one(cancelled), actors.buyer(cast.tom))


def to_ship(cast: Cast) -> None:
    """Waiting for the seller; one with a parcel out already, one that its seller cannot deliver."""
    pay(place(cast.tom, {"puer/357g": 1, "cups/six": 2}, "TEA20"))
    partly = pay(place(cast.mei, {"longjing/250g": 2, "yixing/220ml": 1}))
    first = partly.lines.all()[0]
    orders.ship(one(partly), cast.tea, Parcel({first.pk: 1}, "顺丰 SF", "SF1055550001"))
    hopeless = pay(place(cast.tom, {"tray/40cm": 2}))
    refunds.seller_cancel(one(hopeless), cast.tea, "The last trays were damaged by water in our storehouse.")


def on_the_way(cast: Cast) -> None:
    """Shipped; extended; received."""
    bought(cast, cast.mei, {"puer/357g": 2})
    late = bought(cast, cast.tom, {"longjing/250g": 1, "glass/600ml": 1}, "TEA20")
    orders.extend(one(late), actors.buyer(cast.tom))
    received = bought(cast, cast.mei, {"longjing/50g": 3})
    orders.receive(one(received), actors.buyer(cast.mei))


def before_shipping(cast: Cast) -> None:
    """Refunds of goods that were not shipped: asked for, agreed, and overtaken by the parcel."""
    ask(pay(place(cast.mei, {"cups/six": 3, "glass/600ml": 1})), "changed_mind", "买多了，只要两套。", units=1)
    all_of_it = ask(pay(place(cast.tom, {"yixing/220ml": 1})), "late", "I need it before the weekend.")
    refunds.agree(this(all_of_it), cast.tea, version=1, note="Sorry for the delay!")
    overtaken = pay(place(cast.mei, {"puer/357g": 1}))
    ask(overtaken, "late", "怎么还没发货？")
    parcel = Parcel({line.pk: line.quantity for line in overtaken.lines.all()}, "顺丰 SF", "SF1055550002")
    refunds.ship_anyway(one(overtaken), cast.tea, parcel)


def asked_for(cast: Cast) -> None:
    """Waiting for the seller's answer: a photo of the damage; a second version; one taken back by the buyer."""
    ask(bought(cast, cast.mei, {"yixing/220ml": 1, "cups/six": 1}), "damaged", "收到时壶身有一道裂纹，请看照片。")
    order = bought(cast, cast.tom, {"longjing/50g": 4})
    ticket = ask(order, "missing", "Two of the four bags were not in the parcel.")
    line = order.lines.all()[0]
    less = application(line.pk, 1, "missing", "I found one of them: one is missing.", Kind.REFUND_ONLY, shipped=True)
    refunds.amend(this(ticket), actors.buyer(cast.tom), less)
    found = ask(bought(cast, cast.tom, {"puer/357g": 1}), "not_received", "The parcel never came.")
    refunds.withdraw(this(found), actors.buyer(cast.tom))


def turned_down(cast: Cast) -> None:
    """The seller said no, with a reason."""
    ticket = ask(bought(cast, cast.tom, {"puer/357g": 1}), "not_as_described", "It tastes of earth.")
    reason = Reason.objects.get(side=Side.SELLER, code="not_convincing")
    words = "Ripe pu'er tastes of earth; that is how it should be. The photo shows the right cake."
    refunds.reject(this(ticket), cast.tea, refunds.Rejection(reason, words), version=1)


def returned(cast: Cast) -> None:
    """Goods on their way back, from the agreement to the money."""
    agreed = ask_to_return(bought(cast, cast.mei, {"tray/40cm": 1}), "changed_mind", "尺寸太大，放不下。")
    refunds.agree(this(agreed), cast.tea, version=1, note="请按地址寄回，谢谢。")
    glass = bought(cast, cast.tom, {"glass/600ml": 2, "cups/six": 1})
    sent_back(cast, ask_to_return(glass, "changed_mind", "One is enough.", units=1))
    order = bought(cast, cast.mei, {"longjing/250g": 1, "cups/six": 1})
    orders.receive(one(order), actors.buyer(cast.mei))
    back = sent_back(cast, ask_to_return(order, "other", "家人已经买过了。"))
    refunds.accept(this(back), cast.tea)


def found_wanting(cast: Cast) -> None:
    """What came back was not as it was sent: waiting, on its way back to the buyer, and there again."""
    note = "The lid is missing and the spout is chipped."
    for buyer, steps in ((cast.mei, 0), (cast.tom, 1), (cast.mei, 2)):
        order = bought(cast, buyer, {"yixing/220ml": 1})
        ticket = fail(cast, sent_back(cast, ask_to_return(order, "changed_mind", "I prefer the glass one.")), note)
        if steps:
            refunds.send_back(this(ticket), cast.tea, "顺丰 SF", f"SF20{ticket.pk:08}")
        if steps == 2:
            refunds.confirm(this(ticket), actors.buyer(buyer))


def noodles(cast: Cast) -> None:
    """The same in minutes: to pay, to cook, on its way, delivered, something missing, too late."""
    place(cast.mei, {"dandan/one": 1})
    pay(place(cast.tom, {"beef/one": 2, "dumplings/6": 1}, "NOODLE5"))
    served(cast, place(cast.mei, {"beef/one": 1}))
    delivered = served(cast, place(cast.tom, {"soup/one": 2}))
    orders.deliver(one(delivered), cast.noodles)
    eaten = served(cast, place(cast.mei, {"dumplings/12": 1, "dandan/one": 2}))
    orders.receive(one(eaten), actors.buyer(cast.mei))
    ask(eaten, "missing", "少了一份煎饺。")
    cold = served(cast, place(cast.tom, {"soup/one": 1, "dumplings/6": 2}))
    ticket = ask(cold, "late", "An hour late, and cold.")
    refunds.agree(this(ticket), cast.noodles, version=1, note="We are sorry. The soup is on us.")


STORIES: Final[tuple[Callable[[Cast], None], ...]] = (
    unpaid, to_ship, on_the_way, before_shipping, asked_for, turned_down, returned, found_wanting, noodles,
)  # fmt: skip
