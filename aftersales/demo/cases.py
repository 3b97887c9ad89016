"""What takes longer than a refund: goods sent again, offers, gifts, and cases before customer service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.db.models import QuerySet

from aftersales import actors
from aftersales.actors import Actor
from aftersales.demo.tools import Cast, ask, bought, fail, one, photo, place, sent_back, served, this
from aftersales.models import User
from orders import actions as orders
from orders.models import Shop
from refunds import actions as refunds
from refunds.models import AutoRule, Dispute, Reason, Ticket
from refunds.rules import Decision, Terms
from refunds.states import Kind, Payer, Side, Verdict


def exchanged(cast: Cast) -> None:
    """Another size of the same tea: the seller has the first one back and is to send the other."""
    order = bought(cast, cast.mei, {"longjing/50g": 1})
    ticket = ask(order, "wrong_size", "想换成大包装。", kind=Kind.EXCHANGE, instead="250g")
    refunds.accept(this(sent_back(cast, ticket)), cast.tea)


def repaired(cast: Cast) -> None:
    """The pot came to the seller, who is mending it."""
    order = bought(cast, cast.tom, {"yixing/220ml": 1})
    ticket = ask(order, "defect", "The lid does not close any more.", kind=Kind.REPAIR)
    refunds.accept(this(sent_back(cast, ticket)), cast.tea)


def sent_again(cast: Cast) -> None:
    """What was missing is on its way."""
    ticket = ask(bought(cast, cast.mei, {"cups/six": 2}), "missing", "少了一套杯子。", kind=Kind.REISSUE, units=1)
    refunds.agree(this(ticket), cast.tea, version=1)
    refunds.dispatch(this(ticket), cast.tea, "顺丰 SF", f"SF30{ticket.pk:08}")


def offered(cast: Cast) -> None:
    """The seller proposes half the price; the buyer thinks about it."""
    ticket = ask(bought(cast, cast.tom, {"glass/600ml": 1}), "damaged", "There is a scratch on the warmer.")
    refunds.offer(this(ticket), cast.tea, Terms(Kind.REFUND_ONLY, 3950), "Would half of it do, and you keep it?")


def given(cast: Cast) -> None:
    """Money that nobody asked for; and what a shop's rule answered by itself."""
    order = bought(cast, cast.mei, {"puer/357g": 1})
    reason = Reason.objects.get(side=Side.UNASKED, code="goodwill")
    refunds.give_back(one(order), cast.tea, {order.lines.all()[0].pk: 1000}, 0, reason, "新客返现，感谢支持！")
    AutoRule.objects.create(
        shop=Shop.objects.get(code="noodle-express"),
        name="Small amounts, known buyers",
        most=3000,
        kinds=[Kind.REFUND_ONLY],
        least_orders=1,
    )
    spilt = served(cast, place(cast.mei, {"dandan/one": 1}))
    orders.receive(one(spilt), actors.buyer(cast.mei))
    ask(spilt, "other", "汤洒了一半。")


def disputed(cast: Cast) -> None:
    """Cases before customer service, from the first word to the money."""
    heard(cast)
    reviewed(cast)
    waits_for_a_second(cast)
    ruled(cast)
    final(cast)


def heard(cast: Cast) -> None:
    """Both sides are heard."""
    ticket = _turned_down(cast, cast.mei, {"tray/40cm": 1})
    case = _call(ticket, cast.mei, "茶盘一到就开裂了，照片很清楚。")
    words = "The tray left us whole; here is our photo from before it was packed."
    refunds.message(this(case.ticket), cast.tea, words, [photo()])


def reviewed(cast: Cast) -> None:
    """The goods failed the inspection, the buyer says that they were whole; an agent is reading."""
    order = bought(cast, cast.tom, {"yixing/220ml": 1})
    ticket = sent_back(cast, ask(order, "changed_mind", "I prefer the glass one.", kind=Kind.RETURN_REFUND))
    fail(cast, ticket, "The spout is chipped.")
    case = _call(ticket, cast.tom, "It was whole when I packed it.")
    _take(case, cast.sam)


def waits_for_a_second(cast: Cast) -> None:
    """So much money that a second agent confirms."""
    case = _call(_turned_down(cast, cast.mei, {"yixing/220ml": 3}), cast.mei, "三把壶都有裂纹。")
    _rule(_take(case, cast.sam), cast.sam, case.ticket.amount, "The photos show cracks in all three.")


def ruled(cast: Cast) -> None:
    """A ruling that both sides may accept or appeal."""
    case = _call(_turned_down(cast, cast.tom, {"puer/357g": 1}), cast.tom, "This is not the cake in the picture.")
    _rule(_take(case, cast.kim), cast.kim, 8000, "The label is another one, the tea is the same: half of it.")
    refunds.accept_ruling(_that(case), actors.buyer(cast.tom))


def final(cast: Cast) -> None:
    """Both accept, and the money goes back."""
    case = _call(_turned_down(cast, cast.mei, {"glass/600ml": 1}), cast.mei, "壶底漏水。")
    _rule(_take(case, cast.sam), cast.sam, case.ticket.amount, "It leaks: the whole amount goes back.")
    refunds.accept_ruling(_that(case), actors.buyer(cast.mei))
    refunds.accept_ruling(_that(case), cast.tea)


def _turned_down(cast: Cast, buyer: User, units: dict[str, int]) -> Ticket:
    ticket = ask(bought(cast, buyer, units), "damaged", "Arrived damaged, see the photo.")
    reason = Reason.objects.get(side=Side.SELLER, code="not_convincing")
    refunds.reject(this(ticket), cast.tea, refunds.Rejection(reason, "It was whole when it left us."), version=1)
    return ticket


def _call(ticket: Ticket, buyer: User, words: str) -> Dispute:
    refunds.call_cs(this(ticket), actors.buyer(buyer), words)
    return Dispute.objects.select_related("ticket").get(ticket=ticket)


def _that(case: Dispute) -> QuerySet[Dispute]:
    return Dispute.objects.filter(pk=case.pk)


def _take(case: Dispute, by: Actor) -> Dispute:
    """An agent takes it once neither side has anything to add."""
    for side in (actors.buyer(case.order.buyer), actors.seller(case.order.shop.staff.all()[0].user)):
        refunds.rest(_that(case), side)
    refunds.claim(_that(case), by)
    return case


def _rule(case: Dispute, by: Actor, amount: int, words: str) -> None:
    refunds.rule(_that(case), by, Decision(Verdict.REFUND, amount, 0, Payer.SELLER, words))


STORIES: Final[tuple[Callable[[Cast], None], ...]] = (
    exchanged, repaired, sent_again, offered, given, disputed,
)  # fmt: skip
