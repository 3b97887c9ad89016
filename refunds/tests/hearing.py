"""Tickets before customer service, for tests of pages: called by the buyer, heard, ruled."""

from aftersales import actors
from aftersales.models import User
from aftersales.testing import one
from refunds import actions
from refunds.actions import Rejection
from refunds.models import Reason
from refunds.rules import Decision


def agent_of(cast, name="cs"):
    """A person of customer service; the same one for the same name."""
    email = f"{name}@example.com"
    found = User.objects.filter(email=email).first()
    return found or User.objects.create_user(email, "pw", name=name.upper(), is_customer_service=True)


def rejected(ticket, cast):
    reason = Reason.objects.get(side="seller", code="final_sale")
    actions.reject(one(ticket), actors.seller(cast.bob), Rejection(reason, "it was on sale"))
    ticket.refresh_from_db()
    return ticket


def called(ticket, cast):
    """The seller has rejected, and the buyer called customer service."""
    actions.call_cs(one(rejected(ticket, cast)), actors.buyer(ticket.order.buyer), "please look at it")
    ticket.refresh_from_db()
    return ticket.disputes.first()


def heard(ticket, cast, name="cs"):
    """Both sides have nothing to add, and an agent has taken it."""
    dispute = called(ticket, cast)
    actions.rest(one(dispute), actors.buyer(ticket.order.buyer))
    actions.rest(one(dispute), actors.seller(cast.bob))
    actions.claim(one(dispute), actors.agent(agent_of(cast, name)))
    dispute.refresh_from_db()
    return dispute


def ruled(ticket, cast, verdict="refund", amount=700, **more):
    """An agent has ruled, and both sides read it."""
    dispute = heard(ticket, cast)
    decision = Decision(verdict, amount, note="the photos show it", **more)
    actions.rule(one(dispute), actors.agent(agent_of(cast)), decision)
    dispute.refresh_from_db()
    return dispute
