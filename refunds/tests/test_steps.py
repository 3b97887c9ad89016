"""Steps: whatever a ticket is about and wherever it stands, exactly one step is the present one."""

from itertools import product

import pytest

from refunds.models import Ticket
from refunds.models.ticket import ASIDE
from refunds.states import Kind, TicketState
from refunds.steps import steps


def shown(kind, state, **more):
    return steps(Ticket(kind=kind, state=state, **more))


@pytest.mark.parametrize(("kind", "state"), list(product(Kind.values, TicketState.all())))
def test_one_step_is_the_present_one(kind, state):
    for came_from in TicketState.all() if state in ASIDE else [""]:
        found = shown(kind, state, resume_state=came_from)
        assert sum(step.is_present for step in found) == 1
        states = [step.state for step in found]
        at = next(number for number, step in enumerate(found) if step.is_present)
        assert states[:at] == ["done"] * at
        assert states[at + 1 :] == ["next"] * (len(states) - at - 1)


@pytest.mark.parametrize(
    ("kind", "state", "labels", "states"),
    [
        ("refund_only", "awaiting_seller", "Filed|Seller’s answer|Money back", "done|now|next"),
        ("refund_only", "refunding", "Filed|Seller’s answer|Money back", "done|done|now"),
        ("reissue", "succeeded", "Filed|Seller’s answer|Goods again", "done|done|done"),
        ("exchange", "awaiting_inspection", "Filed|Seller’s answer|Goods back|Inspection|New goods",
         "done|done|done|now|next"),
        ("repair", "closed", "Filed|Seller’s answer|Goods back|Inspection|Closed", "done|done|done|done|failed"),
        # A ruling may send goods back that were to be kept.
        ("refund_only", "awaiting_return", "Filed|Seller’s answer|Goods back|Inspection|Money back",
         "done|done|now|next|next"),
    ],
)  # fmt: skip
def test_steps_say_what_is_behind_and_ahead(kind, state, labels, states):
    found = shown(kind, state)
    assert [str(step.label) for step in found] == labels.split("|")
    assert [step.state for step in found] == states.split("|")


def test_put_aside_it_stands_where_it_came_from():
    found = shown("return_refund", "arbitration", resume_state="inspection_failed")
    assert [str(step.label) for step in found if step.is_present] == ["Inspection"]


def test_goods_that_are_sent_back_end_otherwise():
    found = shown("return_refund", "awaiting_buyer_receipt", sending_back=True)
    assert (str(found[-1].label), found[-1].state) == ("Your goods back", "now")
