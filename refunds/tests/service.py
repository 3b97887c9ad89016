"""Customer service in tests: three agents, and a ticket brought to where a test begins."""

from typing import Any

from aftersales import actors
from aftersales.actors import SYSTEM
from aftersales.lifecycle.move import sweep
from aftersales.models import User
from aftersales.testing import PASSWORD, file, one, overdue, pay, place, ship
from orders.models import Policy, Sku
from refunds import actions
from refunds.actions import DISPUTE_ON_DUE
from refunds.lifecycle import DISPUTE
from refunds.models import Reason
from refunds.rules import Decision, Found


def staffed(cast: Any, *, confirm_above: int | None = 50_000) -> Any:
    """Sam, Sue and Sid, their supervisor, of customer service; a blue mug at 12.00; a policy of the shop that says from
    which amount two agents are needed."""
    for name in ("sam", "sue", "sid"):
        rights = {"is_staff": True, "is_customer_service": True, "is_supervisor": name == "sid"}
        user = User.objects.create_user(f"{name}@example.com", PASSWORD, **rights)
        setattr(cast, name, user)
    policy = Policy.objects.in_force(cast.shop)
    policy.pk, policy.shop, policy.confirm_above, policy._state.adding = None, cast.shop, confirm_above, True
    policy.save()
    cast.blue = Sku.objects.create(product=cast.mug.product, code="blue", variant="blue", price=1200, stock=5)
    return cast


def asked(cast: Any, kind: str = "refund_only", units: int = 1, *, shipped: bool = True, **more: Any) -> Any:
    """A ticket on mugs of an order of two mugs and a lamp."""
    order = pay(place(cast))
    if shipped:
        ship(order, cast)
    more = {"reason": "other"} | more
    return fresh(file(order, {order.lines.get(sku=cast.mug).pk: units}, kind=kind, shipped=shipped, **more))


def rejected(cast: Any, **more: Any) -> Any:
    ticket = asked(cast, **more)
    refusal = Reason.objects.get(side="seller", code="final_sale")
    actions.reject(one(ticket), actors.seller(cast.bob), actions.Rejection(refusal, "No."))
    return fresh(ticket)


def sent_in(cast: Any, kind: str = "return_refund", **more: Any) -> Any:
    """Agreed, and on its way to the seller."""
    ticket = asked(cast, kind, **more)
    actions.agree(one(ticket), actors.seller(cast.bob), version=1)
    actions.send_waybill(one(ticket), actors.buyer(cast.alice), "SF", "SF9")
    return fresh(ticket)


def found_wanting(cast: Any, kind: str = "return_refund", **more: Any) -> Any:
    ticket = sent_in(cast, kind, **more)
    broken = {item.pk: Found(0, item.quantity) for item in ticket.lines.all()}
    actions.fail_inspection(one(ticket), actors.seller(cast.bob), broken, "Chipped.")
    return fresh(ticket)


def called(cast: Any, ticket: Any, by: Any = None) -> Any:
    """Customer service is called, by the buyer unless said otherwise."""
    actions.call_cs(one(ticket), by or actors.buyer(cast.alice), "They are wrong.")
    return ticket.disputes.open().get()


def under_review(cast: Any, ticket: Any, by: Any = None) -> Any:
    """Both sides were heard, and Sam has it."""
    dispute = called(cast, ticket, by)
    actions.close_evidence(one(dispute), SYSTEM)
    actions.claim(one(dispute), actors.agent(cast.sam))
    return fresh(dispute)


def ruled(cast: Any, ticket: Any, verdict: str, *, by: Any = None, **more: Any) -> Any:
    """Sam has ruled, and nothing has moved yet."""
    dispute = under_review(cast, ticket, by)
    given = Decision(verdict, **{"note": "So be it."} | more)
    actions.rule(one(dispute), actors.agent(cast.sam), given)
    return fresh(dispute)


def final(cast: Any, ticket: Any, verdict: str, **more: Any) -> Any:
    """Sam has ruled, and both sides have accepted."""
    dispute = ruled(cast, ticket, verdict, **more)
    actions.accept_ruling(one(dispute), actors.buyer(cast.alice))
    actions.accept_ruling(one(dispute), actors.seller(cast.bob))
    return fresh(ticket)


def fresh(row: Any) -> Any:
    return type(row)._base_manager.get(pk=row.pk)


def passes(dispute: Any) -> Any:
    """The dispute's clock runs out, and the sweep finds it."""
    overdue(dispute)
    state = DISPUTE.state(fresh(dispute).state)
    return sweep(DISPUTE, state, DISPUTE_ON_DUE[state])
