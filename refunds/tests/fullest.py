"""A case with a number of everything that may come together on one: for the tests of what its pages cost."""

from dataclasses import dataclass
from typing import Any

from aftersales import actors
from aftersales.actors import SYSTEM
from aftersales.testing import file, one, pay, person, place, ship
from orders.models import Product, ShopStaff, Sku
from refunds import actions
from refunds.desk import notes
from refunds.models import Dispute, Reply, Ticket
from refunds.models.desk import Audience
from refunds.rules import Decision, Found, Terms
from refunds.tests.filling import photo


@dataclass(frozen=True)
class Fullest:
    """The ticket, and its last dispute, which Sam reviews."""

    ticket: Ticket
    dispute: Dispute


def fullest(cast: Any, number: int, *, called: str) -> Fullest:
    """So many lines, parcels, photos, offers, words of both sides, reports, disputes, rulings, notes, replies,
    colleagues, agents and other tickets of the buyer. Of a cast with customer service, which rules nothing alone."""
    skus = [_article(cast, f"{called}-{at}") for at in range(number)]
    order = pay(place(cast, dict.fromkeys(skus, 2)))
    for line in order.lines.all():
        ship(order, cast, {line.pk: line.quantity})
    ticket = file(order, {line.pk: 1 for line in order.lines.all()}, kind="return_refund", reason="other")
    _work_of_the_shop(cast, ticket, number, called)
    _negotiate(cast, ticket, number)
    for at in range(number):
        _disputed(cast, ticket, f"{called}-{at}")
    dispute = _under_review(cast, ticket, number)
    for _ in range(number):
        other = ship(pay(place(cast)), cast)
        file(other, {other.lines.first().pk: 1}, reason="other")
    return Fullest(Ticket.objects.get(pk=ticket.pk), dispute)


def _article(cast: Any, code: str) -> Sku:
    product = Product.objects.create(shop=cast.shop, code=code, title=code)
    return Sku.objects.create(product=product, code=code, variant="red", price=1000, stock=100)


def _work_of_the_shop(cast: Any, ticket: Ticket, number: int, called: str) -> None:
    """Colleagues who gave it to each other, what they noted, and what they answer."""
    bob = actors.seller(cast.bob)
    for at in range(number):
        colleague = ShopStaff.objects.create(shop=cast.shop, user=person(f"{called}-seller-{at}", is_staff=True))
        actions.assign_many(one(ticket), bob, {ticket.pk: 1}, colleague)
        agent = person(f"{called}-agent-{at}", is_staff=True, is_customer_service=True)
        notes.write(one(ticket), colleague.user, Audience.SHOP, "Ask the depot.")
        notes.write(one(ticket), agent, Audience.CS, "Known buyer.")
        for shop in (cast.shop, None):
            Reply.objects.create(shop=shop, title=f"{called} {at}", body_en="{goods} of {order}, {reason}: {due}")


def _negotiate(cast: Any, ticket: Ticket, number: int) -> None:
    bob, alice = actors.seller(cast.bob), actors.buyer(cast.alice)
    rows = one(ticket)
    for at in range(number):
        actions.message(rows, alice, "Look.", [photo(), photo()])
        actions.message(rows, bob, "I see.", [photo()])
        actions.offer(rows, bob, Terms("refund_only", 300 + at), "A part of it?")
        actions.decline_offer(rows, alice, "No.")
    actions.agree(rows, bob, version=1)
    actions.send_waybill(rows, alice, "SF", "SF-0")
    for at in range(1, number):
        actions.add_parcel(rows, alice, "SF", f"SF-{at}")


def _disputed(cast: Any, ticket: Ticket, document: str) -> None:
    """A dispute about goods that a warehouse counts meanwhile; its ruling sends both sides back to negotiate."""
    alice = actors.buyer(cast.alice)
    actions.call_cs(one(ticket), alice, "Nobody answers.")
    dispute = one(Dispute.objects.open().get(ticket=ticket))
    item = ticket.lines.earliest("pk")
    actions.stock_in(document, one(ticket), {item.pk: Found(0, 1)})
    actions.close_evidence(dispute, SYSTEM)
    actions.claim(dispute, actors.agent(cast.sam))
    actions.rule(dispute, actors.agent(cast.sam), Decision("negotiate", note="Talk."))
    actions.confirm_ruling(dispute, actors.agent(cast.sid))
    actions.accept_ruling(dispute, alice)
    actions.accept_ruling(dispute, actors.seller(cast.bob))


def _under_review(cast: Any, ticket: Ticket, number: int) -> Dispute:
    """With words of all three, and rulings to which a second agent objected."""
    alice, bob, sam = actors.buyer(cast.alice), actors.seller(cast.bob), actors.agent(cast.sam)
    actions.call_cs(one(ticket), alice, "Again.")
    found = Dispute.objects.open().get(ticket=ticket)
    dispute = one(found)
    actions.close_evidence(dispute, SYSTEM)
    actions.claim(dispute, sam)
    for _ in range(number):
        actions.ask(dispute, sam, "What happened?")
        actions.message(one(ticket), alice, "This.", [photo()])
        actions.message(one(ticket), bob, "That.", [photo()])
        actions.close_evidence(dispute, SYSTEM)
        actions.rule(dispute, sam, Decision("refund", 500, note="So be it."))
        actions.object_to(dispute, actors.agent(cast.sid), "Read it again.")
    return Dispute.objects.get(pk=found.pk)
