"""What the database refuses whoever asks: plain SQL against every guard that is generated from the tables."""

from itertools import product

import pgtrigger
import pytest
from django.core.management import call_command
from django.utils import timezone

from aftersales.lifecycles import ALL
from aftersales.testing import file, one
from aftersales.tests.refusals import change, refused, sql, undone
from orders.models import Leg, Order, OrderLine, Payment, Policy, Posting, Shipment, ShipmentLine
from refunds.models import Payout, PayoutLine, Ticket, TicketLine


def test_migrations_carry_every_guard_of_the_code(db):
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


# --- states -----------------------------------------------------------------------------------------------------------


def _columns(life, state) -> str:
    """What a row needs in a state besides its name, so that nothing but the pair can be refused."""
    words = ["due_at = now()" if state.clock else "due_at = NULL", "held_left = NULL", "remind_at = NULL"]
    if life.name == "dispute":
        words.append("outcome = " + ("'ruled'" if state == "final" else "''"))
    if life.name in ("order", "ticket"):
        words.append("closed_reason = " + ("'seller_cancelled'" if state == "closed" else "''"))
    if life.name == "ticket":
        words.append("return_address = 'x'")
        words.append("resume_state = " + ("'awaiting_seller'" if state in ("awaiting_buyer", "arbitration") else "''"))
    return ", ".join(words)


def _states(life):
    """Where the row of these tests may be. A payout of a ticket is never owed by the shop: that is return freight."""
    return [state for state in life.states.all() if state != "owed"]


@pytest.mark.parametrize("life", ALL, ids=lambda life: life.name)
def test_only_pairs_of_the_table_are_let_through(world, life, subtests):
    row, pairs = world.row(life.model), life.pairs()
    for source, target in product(_states(life), repeat=2):
        assignments = f"state = '{target}', {_columns(life, target)}"
        with subtests.test(source=source, target=target), undone():
            with pgtrigger.ignore(f"{life.model._meta.label}:table"):
                change(row, f"state = %s, {_columns(life, source)}", source)
            if target == source or (source, target) in pairs:
                change(row, assignments)
            else:
                with refused(f"a {life.name} cannot go from {source} to {target}"):
                    change(row, assignments)


@pytest.mark.parametrize("life", ALL, ids=lambda life: life.name)
def test_no_row_is_born_elsewhere(world, life, subtests):
    for state in life.states.all():
        if state in life.born:
            continue
        row = one(world.row(life.model)).get()
        row.pk, row.number, row.state = None, "X1", str(state)
        row.due_at, row.held_left = (timezone.now() if state.clock else None), None
        with subtests.test(state=state), refused(f"no {life.name} is born {state}"):
            row.save(force_insert=True)


@pytest.mark.parametrize("life", ALL, ids=lambda life: life.name)
def test_unknown_state_is_refused(world, life):
    with pgtrigger.ignore(f"{life.model._meta.label}:table"), refused(f"{life.name}_state_known"):
        change(world.row(life.model), "state = 'lost', due_at = NULL, held_left = NULL, remind_at = NULL")


@pytest.mark.parametrize("life", ALL, ids=lambda life: life.name)
def test_rows_are_never_deleted(world, life):
    with refused(f"a {life.name} is never deleted"):
        sql(f"DELETE FROM {life.model._meta.db_table}")  # noqa: S608


CLOCKS = [
    (True, "due_at = NULL, held_left = NULL, remind_at = NULL"),
    (True, "due_at = now(), held_left = interval '1 hour'"),
    (False, "due_at = now(), held_left = NULL"),
    (False, "due_at = NULL, remind_at = NULL, held_left = interval '1 hour'"),
]


@pytest.mark.parametrize("life", ALL, ids=lambda life: life.name)
def test_clock_runs_exactly_in_timed_states(world, life, subtests):
    row = world.row(life.model)
    for state, (timed, clock) in product(_states(life), CLOCKS):
        if bool(state.clock) != timed:
            continue
        with subtests.test(state=state, clock=clock), undone():
            with pgtrigger.ignore(f"{life.model._meta.label}:table"):
                change(row, f"state = %s, {_columns(life, state)}", state)
            with refused(f"{life.name}_clock_when_timed"):
                change(row, clock)


@pytest.mark.parametrize("life", ALL, ids=lambda life: life.name)
def test_nothing_less_than_nothing_is_left(world, life):
    row = world.row(life.model)
    state = next(state for state in life.states.all() if state.clock)
    with pgtrigger.ignore(f"{life.model._meta.label}:table"):
        change(row, f"state = %s, {_columns(life, state)}", state)
    with refused(f"{life.name}_held_left_positive"):
        change(row, "due_at = NULL, held_left = interval '-1 second'")


# --- history ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("life", ALL, ids=lambda life: life.name)
def test_events_stay(world, life):
    with refused(f"history of a {life.name} is never deleted"):
        sql(f"DELETE FROM {life.event._meta.db_table}")  # noqa: S608


@pytest.mark.parametrize("life", ALL, ids=lambda life: life.name)
def test_event_is_announced_once(world, life):
    event = life.event.objects.first()
    with refused("never changed"):
        change(event, "announced_at = NULL")
    change(event, "announced_at = now()")
    for again in ("announced_at = now() + interval '1 s'", "announced_at = NULL", "announced_at = announced_at"):
        with refused(f"history of a {life.name} is never changed"):
            change(event, again)


COLUMNS = (
    "action = 'x'",
    "from_state = 'x'",
    "to_state = 'x'",
    "role = 'cs'",
    "actor_id = 1",
    "at = now() + interval '1 s'",
    "due_at = now()",
    "note = 'x'",
    """data = '{"x": 1}'""",
)


@pytest.mark.parametrize("life", ALL, ids=lambda life: life.name)
def test_no_column_of_an_event_changes(world, life, subtests):
    event = life.event.objects.first()
    for assignment, more in product(COLUMNS, ("", ", announced_at = now()")):
        with subtests.test(assignment + more), refused(f"history of a {life.name} is never changed"):
            change(event, assignment + more)


@pytest.mark.parametrize("model", [Policy, Posting, Leg, PayoutLine])
def test_append_only_rows(world, model):
    row = world.row(model)
    name = model._meta.model_name
    with refused(f"a {name} is never changed or deleted"):
        change(row, "id = id")
    with refused(f"a {name} is never changed or deleted"):
        sql(f"DELETE FROM {model._meta.db_table} WHERE id = %s", row.pk)  # noqa: S608


FROZEN = {
    Order: ("number", "buyer_id", "shop_id", "policy_id", "currency", "freight", "total"),
    OrderLine: ("order_id", "sku_id", "quantity", "list_total", "discount", "paid"),
    Payment: ("number", "order_id", "channel", "amount", "currency"),
    Ticket: ("number", "order_id", "shop_id", "shipped"),
    TicketLine: ("ticket_id", "line_id", "quantity", "part"),
    Payout: ("number", "order_id", "payment_id", "ticket_id", "cause", "amount", "freight", "currency"),
}


@pytest.mark.parametrize("model", FROZEN)
def test_frozen_columns(world, model, subtests):
    for column in FROZEN[model]:
        kind = model._meta.get_field(column).get_internal_type()
        new = {"CharField": f"'{column[:3]}'", "BooleanField": f"NOT {column}"}.get(kind, f"{column} + 1")
        with subtests.test(column), refused(f"of a {model._meta.model_name} never change"):
            change(world.row(model), f"{column} = {new}")


def test_a_ticket_belongs_to_the_shop_of_its_order(world):
    twin = one(world.ticket).get()
    twin.pk, twin.number, twin.shop, twin.state = None, "X1", world.cast.other_shop, "awaiting_seller"
    twin.due_at = timezone.now()
    with refused("a ticket belongs to the shop of its order"):
        twin.save(force_insert=True)


def test_what_a_ticket_pays_back_is_never_owed_by_the_shop(world):
    with pgtrigger.ignore("refunds.Payout:table"), refused("payout_return_freight_is_owed"):
        change(world.payout, "state = 'owed', due_at = NULL")


def test_what_was_agreed_does_not_change(world, subtests):
    for assignment in ("amount = amount + 1", "freight = 1", "kind = 'return_refund'"):
        with subtests.test(assignment), refused("kind, amount, freight of a ticket never change"):
            change(world.ticket, assignment)
    with refused("version of a ticket never change"):
        change(world.ticket, "version = version + 1")
    with refused("the amount of a line that was agreed never changes"):
        change(world.ticket.lines.get(), "amount = amount + 1")
    with refused("a line of a ticket that was answered is never deleted"):
        sql("DELETE FROM refunds_ticketline WHERE ticket_id = %s", world.ticket.pk)


def test_an_application_may_change(world):
    ticket = file(world.order, {world.order.lines.exclude(pk=world.line.pk).get().pk: 1})
    change(ticket, "amount = amount - 1, version = version + 1")
    assert sql("DELETE FROM refunds_ticketline WHERE ticket_id = %s", ticket.pk) == 1


@pytest.mark.parametrize("model", [OrderLine, Payment, Shipment, ShipmentLine])
def test_what_money_and_goods_hang_on_is_never_deleted(world, model):
    with refused(f"a {model._meta.model_name} is never (changed or )?deleted"):
        sql(f"DELETE FROM {model._meta.db_table}")  # noqa: S608


# --- books ------------------------------------------------------------------------------------------------------------


def _post(order: Order, *legs: tuple[int, str]) -> None:
    posting = Posting.objects.create(order=order, kind="test", reference=str(timezone.now()))
    for amount, currency in legs:
        Leg.objects.create(posting=posting, account="channel", amount=amount, currency=currency)
    sql("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize(
    "legs",
    [
        [(5, "CNY")],
        [(5, "CNY"), (-4, "CNY")],
        [(5, "CNY"), (-5, "USD")],
        [(5, "CNY"), (-5, "CNY"), (1, "USD")],
    ],
)
def test_unbalanced_posting_is_refused_at_the_commit(world, legs):
    with refused("does not sum to zero"):
        _post(world.order, *legs)


def test_balanced_posting_is_taken(world):
    _post(world.order, (5, "CNY"), (-2, "CNY"), (-3, "CNY"), (7, "USD"), (-7, "USD"))


def test_a_leg_too_late_is_refused(world):
    with refused("does not sum to zero"):
        Leg.objects.create(posting=Posting.objects.earliest("pk"), account="channel", amount=1, currency="CNY")
        sql("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"amount": 0}, "leg_amount_not_zero"), ({"account": "mattress"}, "leg_account_known")],
)
def test_leg_that_cannot_be(world, fields, words):
    with refused(words):
        Leg.objects.create(
            **{"posting": Posting.objects.earliest("pk"), "account": "channel", "amount": 1, "currency": "CNY"} | fields
        )


def test_nothing_is_booked_twice(world):
    twin = Posting.objects.earliest("pk")
    with refused("posting_once"):
        Posting.objects.create(order=world.order, kind=twin.kind, reference=twin.reference)
