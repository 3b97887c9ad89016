"""Everybody does anything at any time; after every step the counters, the books, the stock and the history agree.

RANDOM_EXAMPLES and RANDOM_STEPS make a longer run: RANDOM_EXAMPLES=2000 pytest refunds/tests/test_lifecycle_random.py
"""

import os
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from aftersales import actors
from aftersales.actors import CLOCK, Role
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.lifecycle.move import move, story, sweep
from aftersales.testing import one, overdue, pay, place, ship
from orders import actions as order_actions
from orders.actions import Checkout, Parcel
from orders.lifecycle import ORDER
from orders.models import (
    Coupon,
    Order,
    OrderLine,
    Payment,
    Product,
    Sku,
)
from orders.rules import refundable
from payments.base import Settled
from refunds import actions, money
from refunds.actions import Rejection
from refunds.lifecycle import PAYOUT, TICKET
from refunds.models import Payout, Reason, TicketLine
from refunds.rules import FILING_STATES, Application, Found
from refunds.tests import always
from refunds.tests.always import COUPONS, World

EXAMPLES = int(os.environ.get("RANDOM_EXAMPLES", "40"))
STEPS = int(os.environ.get("RANDOM_STEPS", "40"))
MOST_ORDERS = 4


def machine(cast):
    """The machine over these people and goods. Each example is rolled back at its end."""

    class Life(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.block = transaction.atomic()
            self.block.__enter__()
            self.full = dict(Sku.objects.values_list("pk", "stock"))
            pay(place(cast))
            ship(pay(place(cast, {cast.mug: 3, cast.lamp: 2, cast.gift: 1})), cast)
            self.world = World()

        def teardown(self):
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

        # --- who does what ------------------------------------------------------------------------------------------

        @rule(data=st.data())
        def somebody_acts(self, data):
            """One of all the things that can be tried now. One rule, so that no kind of step is ever left out."""
            step, *given = self.draw(data, list(self.steps()))
            note(" ".join(str(word) for word in (step.__name__, *given)))
            step(data, *given)

        def steps(self):
            """Everything that somebody may try: (step, what it is given), the usual more often."""
            if len(self.world[Order]) < MOST_ORDERS:
                yield (self.somebody_buys,)
            for order in self.world[Order]:
                if order.state in FILING_STATES and any(x.left and not x.open_tickets for x in self.lines(order)):
                    yield self.the_buyer_files, order
                yield from [(self.the_buyer_pays, order)] * (3 if order.state == "awaiting_payment" else 0)
            for payment in self.world[Payment]:
                if not payment.received_at:
                    yield self.money_comes, payment
            for life in (ORDER, TICKET):
                for row in self.world[life.model]:
                    for role in (Role.BUYER, Role.SELLER):
                        for transition in life.actions_of(role, row.state):
                            # Tickets twice, so that more of them come to their end.
                            yield from [(self.a_person_acts, role, life, row, transition.name)] * (1 + (life is TICKET))
                    if row.due_at:
                        yield self.time_passes, life, row
            for payout in self.world[Payout]:
                yield self.the_channel_acts, payout
                yield from [(self.the_channel_acts, payout)] * (2 if payout.due_at else 0)
                yield from [(self.the_operator_acts, payout)] * (2 if payout.state == "failed" else 0)
            yield (self.somebody_errs,)

        def somebody_buys(self, data):
            skus = [cast.mug, cast.lamp, cast.gift]
            units = {sku.pk: data.draw(st.integers(0, 3)) for sku in skus}
            units = {key: number for key, number in units.items() if number} or {cast.mug.pk: 2}
            coupon = data.draw(st.sampled_from(["", "OFF"]))
            self.do(order_actions.place, cast.alice, Checkout(units, "Alice", "1", "2 Home St", coupon))

        def the_buyer_pays(self, data, order):
            self.do(order_actions.start_payment, one(order), actors.buyer(cast.alice))
            payments = [p for p in self.world[Payment] if p.order_id == order.pk and not p.received_at]
            if payments:
                self.money_comes(data, payments[0])

        def money_comes(self, data, payment):
            """Mostly what was asked; now and then another amount, or when nobody waits for it any more."""
            amount = data.draw(st.sampled_from([payment.amount] * 5 + [1, payment.amount + 1]))
            currency = data.draw(st.sampled_from(["CNY"] * 9 + ["JPY"]))
            self.do(money.record_money, payment.pk, Settled(amount, currency, timezone.now(), "ref"))

        def the_buyer_files(self, data, order):
            kinds = [True] * any(line.to_return for line in self.lines(order))
            kinds += [False] * any(line.to_ship for line in self.lines(order))
            shipped = data.draw(st.sampled_from(kinds or [True]))
            self.do(actions.file_ticket, one(order), cast.alice, self.wish(data, order, shipped))

        def time_passes(self, data, life, row):
            overdue(row, timedelta(minutes=data.draw(st.sampled_from([1, 11]))))
            state = life.state(row.state)
            verbs = order_actions.ON_DUE if life is ORDER else actions.ON_DUE
            swept = sweep(life, state, verbs[state])
            assert not swept.set_aside
            self.check()

        def the_channel_acts(self, data, payout):
            """Half of the time it does what it should."""
            usual = {"created": "send", "sent": "settle", "unknown": "settle", "settled": "refuse"}
            step = usual.get(payout.state, "settle")
            step = data.draw(st.sampled_from([step] * 5 + ["send", "settle", "refuse", "doubt", "ask", "resend"]))
            self.do(getattr(self, f"channel_{step}"), payout)

        def the_operator_acts(self, data, payout):
            by = actors.operator(cast.operator)
            if data.draw(st.integers(0, 2)):
                self.do(money.retry, one(payout), by)
            else:
                self.do(money.settle_by_hand, one(payout), by, "Bank transfer 77")

        def a_person_acts(self, data, role, life, row, action):
            by = actors.buyer(cast.alice) if role == Role.BUYER else actors.seller(cast.bob)
            getattr(self, f"{life.name}_{action}")(data, row, by)

        def somebody_errs(self, data):
            """Any action of a person on any row: mostly one that the row's state does not offer."""
            life = data.draw(st.sampled_from([ORDER, TICKET]))
            tries = [(role, t.name) for t in life.transitions for role in (Role.BUYER, Role.SELLER) if role in t.who]
            row = self.draw(data, self.world[life.model])
            if row:
                role, action = self.draw(data, tries)
                self.a_person_acts(data, role, life, row, action)

        # --- how ----------------------------------------------------------------------------------------------------

        def draw(self, data, rows):
            return rows[data.draw(st.integers(0, len(rows) - 1))] if rows else None

        def lines(self, order):
            return [line for line in self.world[OrderLine] if line.order_id == order.pk]

        def do(self, verb, *given):
            """A verb moves, or says no and changes nothing. Any other exception is a bug."""
            try:
                verb(*given)
            except (Refused, Conflict):
                now = World()
                assert now.fingerprint() == self.world.fingerprint()
                self.world = now
            else:
                self.check()

        def wish(self, data, order, shipped):
            """Mostly what can be had; now and then too much."""
            over = data.draw(st.integers(0, 9)) == 9
            units, amounts = {}, {}
            for line in self.lines(order):
                most = line.quantity if over else line.to_return if shipped else line.to_ship
                if not over and (line.open_tickets or not line.left):
                    continue
                units[line.pk] = most - data.draw(st.integers(0, most))
                if units[line.pk] and data.draw(st.booleans()):
                    cap = refundable(line, units[line.pk])
                    amounts[line.pk] = cap + over - data.draw(st.integers(0, cap))
            kind = data.draw(st.sampled_from(["refund_only", "return_refund" if shipped else "refund_only"]))
            left = order.freight - order.freight_settled - order.freight_reserved
            freight = data.draw(st.sampled_from([0, 0, left, left + over]))
            return Application(kind, cast.reason, units, amounts, freight, shipped)

        def parcel(self, data, order):
            most = {line.pk: line.quantity - line.shipped - line.cancelled for line in self.lines(order)}
            some = {key: data.draw(st.integers(0, max(0, number))) for key, number in most.items()}
            return Parcel(data.draw(st.sampled_from([most, some])), "SF", "1")

        def found(self, data, ticket):
            items = [item for item in self.world[TicketLine] if item.ticket_id == ticket.pk]
            return {item.pk: Found(data.draw(st.integers(0, item.quantity))) for item in items}

        def ticket_amend(self, data, ticket, by):
            order = next(order for order in self.world[Order] if order.pk == ticket.order_id)
            self.do(actions.amend, one(ticket), by, self.wish(data, order, ticket.shipped))

        def ticket_agree(self, data, ticket, by):
            version = data.draw(st.sampled_from([ticket.version, ticket.version, 1]))
            self.do(lambda: actions.agree(one(ticket), by, version=version))

        def ticket_reject(self, data, ticket, by):
            self.do(actions.reject, one(ticket), by, Rejection(cast.refusal, "No."))

        def ticket_withdraw(self, data, ticket, by):
            if data.draw(st.booleans()):
                self.do(actions.withdraw, one(ticket), by)

        def ticket_send_waybill(self, data, ticket, by):
            self.do(actions.send_waybill, one(ticket), by, "SF", "1")

        def ticket_accept(self, data, ticket, by):
            self.do(actions.accept, one(ticket), by, data.draw(st.sampled_from([None, self.found(data, ticket)])))

        def ticket_fail(self, data, ticket, by):
            self.do(actions.fail_inspection, one(ticket), by, self.found(data, ticket), "Chipped.")

        def ticket_send_back(self, data, ticket, by):
            self.do(actions.send_back, one(ticket), by, "SF", "2")

        def ticket_confirm(self, data, ticket, by):
            self.do(actions.confirm, one(ticket), by)

        def ticket_ship_anyway(self, data, ticket, by):
            order = next(order for order in self.world[Order] if order.pk == ticket.order_id)
            self.do(actions.ship_anyway, one(order), by, self.parcel(data, order))

        def ticket_seller_cancel(self, data, ticket, by):
            """Only as a part of cancelling the order."""

        def order_cancel(self, data, order, by):
            if data.draw(st.booleans()):
                self.do(order_actions.cancel, one(order), by)

        def order_ship(self, data, order, by):
            self.do(order_actions.ship, one(order), by, self.parcel(data, order))

        def order_seller_cancel(self, data, order, by):
            if data.draw(st.booleans()):
                self.do(actions.seller_cancel, one(order), by, "Sold out.")

        def order_deliver(self, data, order, by):
            self.do(order_actions.deliver, one(order), by)

        def order_extend(self, data, order, by):
            self.do(order_actions.extend, one(order), by)

        def order_receive(self, data, order, by):
            self.do(order_actions.receive, one(order), by)

        def channel_send(self, payout):
            overdue(payout)
            with story(CLOCK):
                move(PAYOUT, "send", one(payout), CLOCK)

        def channel_settle(self, payout):
            money.settle(one(payout), "ref")

        def channel_refuse(self, payout):
            money.refuse(one(payout), "no")

        def channel_doubt(self, payout):
            overdue(payout)
            with story(CLOCK):
                move(PAYOUT, "doubt", one(payout), CLOCK)

        def channel_ask(self, payout):
            overdue(payout)
            with story(CLOCK):
                move(PAYOUT, "ask", one(payout), CLOCK)

        def channel_resend(self, payout):
            with story(actors.SYSTEM):
                move(PAYOUT, "resend", one(payout), actors.SYSTEM)

        # --- what always holds --------------------------------------------------------------------------------------

        def check(self):
            before, self.world = self.world, World()
            always.check(before, self.world, self.full)

    return Life


def test_everybody_does_anything(cast):
    product = Product.objects.create(shop=cast.shop, code="gift", title="Gift")
    cast.gift = Sku.objects.create(product=product, code="gift", price=7, discount=7, stock=1000)
    Coupon.objects.create(shop=cast.shop, code="OFF", amount=1001, left=COUPONS)
    cast.reason, cast.refusal = Reason.objects.get(side="buyer", code="other"), Reason.objects.get(code="final_sale")

    run_state_machine_as_test(
        machine(cast),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
