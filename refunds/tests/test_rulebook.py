"""What the rules say about a case: the sentences, with their figures, and which deadlines were kept."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.timezone import localtime

from aftersales import actors
from aftersales.actors import CLOCK, Role
from aftersales.testing import file, one, overdue, pay, place, ship
from orders.models import GoodsRule, Order
from refunds import actions, deadlines
from refunds.admin import desk
from refunds.deadlines import End
from refunds.models import Dispute, TicketEvent
from refunds.tests.at_admin import agent, failed_inspection, reviewed, with_cs


def told(row, number):
    """A section's sentences with their marks."""
    row = Dispute.objects.select_related("ticket__order__policy", "ticket__order__shop", "order").get(pk=row.pk)
    section = desk.read(row, internal=True).sections[number]
    return section.title, [(said.words, said.mark) for said in section.said]


def test_sentences_have_the_figures_of_the_order(cast):
    rule = GoodsRule.objects.create(code="glass", label_en="Glass", label_zh="玻璃", exchange=False)
    cast.mug.product.goods_rule = rule
    cast.mug.product.save()
    dispute = reviewed(cast)

    title, said = told(dispute, 0)
    assert title == "What may be asked for"
    assert said[0][0].endswith("before the order was completed: no window ran.")
    assert said[0][1] == "kept"
    assert [words for words, _mark in said[1:]] == [
        "Asked for: Refund only. For this order the rules offer: Refund only.",
        "Mug falls under “Glass”, which allows: Refund only, Return and refund, Repair, Send again.",
    ]
    assert told(dispute, 1)[1] == [
        ("The buyer’s reason: Changed my mind.", ""),
        ("This reason asks for no photo; from the buyer there are 0 photos.", ""),
    ]
    assert [words for words, _mark in told(dispute, 2)[1]] == [
        "Mug × 2: at most CN¥20.00. Of CN¥20.00 paid for the line CN¥0.00 went back, "
        "and CN¥0.00 wait in other tickets.",
        "Of the freight of CN¥6.00 at most CN¥6.00.",
        "Asked for CN¥20.00; together at most CN¥26.00 can be given back.",
        "A ruling on more than CN¥500.00 needs a second agent.",
    ]
    assert [words for words, _mark in told(dispute, 4)[1]] == [
        "Possible: Refund the buyer, Refuse the application, Negotiate again.",
        "Not possible: The goods go back first. The goods were never shipped.",
        "Not possible: The seller sends the goods. The seller owes no goods here.",
        "Not possible: The seller sends the buyer’s goods back. None of the buyer’s goods are with the seller.",
    ]


def test_goods_that_failed_the_inspection(cast):
    ticket = failed_inspection(cast)
    actions.call_cs(one(ticket), actors.buyer(cast.alice), "It was whole.")
    dispute = Dispute.objects.get()
    said = dict(told(dispute, 3)[1])
    assert said["The goods are with the seller, or on their way there."] == ""
    assert said["The seller found of Mug: good 0, damaged 1, missing 0."] == ""
    assert [mark for words, mark in told(dispute, 3)[1] if words.startswith("The seller promised")] == ["kept"]
    marks = [(words.split(",")[0].split(" runs")[0], mark) for words, mark in told(dispute, 5)[1]]
    assert marks == [
        ("The seller’s time to answer", "kept"),
        ("The time to send the goods back", "kept"),
        ("The seller’s time to inspect", "kept"),
        ("The seller’s time to decide", ""),
        ("The time for evidence", ""),
    ]


def test_a_window_that_has_closed_is_told(cast):
    """Filing refuses it; what came in another way is judged by the same rule."""
    order = ship(pay(place(cast)), cast)
    ticket = file(order, {order.lines.first().pk: 1})
    actions.call_cs(one(ticket), actors.seller(cast.bob), "No.")
    Order.objects.filter(pk=order.pk).update(completed_at=ticket.order.placed_at - timedelta(days=16))
    [first, *_rest] = told(Dispute.objects.get(), 0)[1]
    assert ("too late" in first[0], first[1]) == (True, "missed")


def test_silence_is_a_deadline_missed(cast):
    order = pay(place(cast))
    ticket = file(order, {order.lines.first().pk: 1})
    overdue(ticket)
    actions.agree(one(ticket), CLOCK)
    [period] = deadlines.periods(list(TicketEvent.objects.order_by("pk")), [])
    assert (str(period.clock), period.how) == ("The seller’s time to answer", End.MISSED)


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def happened(action, source, target, role, hours, due=None, **data):
    event = TicketEvent(action=action, from_state=source, to_state=target, role=role, data=data)
    event.at, event.due_at = NOON + timedelta(hours=hours), due and NOON + timedelta(hours=due)
    return event


@pytest.mark.parametrize(
    ("story", "ends"),
    [
        ([("agree", "awaiting_seller", "awaiting_return", Role.SELLER, 1)], [End.KEPT]),
        ([("agree", "awaiting_seller", "awaiting_return", Role.SYSTEM, 48)], [End.MISSED]),
        ([("withdraw", "awaiting_seller", "closed", Role.BUYER, 1)], [End.CUT]),
        ([("message", "awaiting_seller", "awaiting_seller", Role.BUYER, 1, 48)], [End.RUNS]),
        ([], [End.RUNS]),
    ],
)
def test_how_a_clock_ended(story, ends):
    birth = happened("begin", "", "awaiting_seller", Role.BUYER, 0, 48)
    found = deadlines.periods([birth, *(happened(*step) for step in story)], [])
    assert [period.how for period in found] == ends


def test_a_rule_that_answers_at_once_is_no_silence():
    birth = happened("begin", "", "awaiting_seller", Role.BUYER, 0, 48)
    agreed = happened("agree", "awaiting_seller", "refunding", Role.SYSTEM, 0, rule="Small sums")
    assert [period.how for period in deadlines.periods([birth, agreed], [])] == [End.KEPT]


def test_an_amended_application_is_answered_anew():
    birth = happened("begin", "", "awaiting_seller", Role.BUYER, 0, 48)
    amended = happened("amend", "awaiting_seller", "awaiting_seller", Role.BUYER, 5, 53)
    [period] = deadlines.periods([birth, amended], [])
    assert period.due_at == NOON + timedelta(hours=53)


# --- the clock and the worklist ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entered", "due", "late", "used", "tone"),
    [(-1, 3, False, 24, "calm"), (-9, 1, False, 89, "soon"), (-4, -1, False, 100, "late"), (-4, 9, True, 100, "late")],
)
def test_how_much_of_the_promised_time_is_used(entered, due, late, used, tone):
    now = localtime()
    row = Dispute(
        state="review",
        entered_at=now + timedelta(hours=entered),
        due_at=now + timedelta(hours=due, seconds=30),
        late_at=now if late else None,
    )
    found = desk.sla(row)
    assert found
    assert (found.used, found.tone) == (used, tone)


def test_worklist_begins_with_what_is_mine(cast):
    sam = agent()
    free, mine = with_cs(cast), reviewed(cast)
    for side in (actors.buyer(cast.alice), actors.seller(cast.bob)):
        actions.rest(one(free), side)
    assert list(desk.worklist(sam)) == [mine, free]
