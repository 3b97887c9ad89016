"""Everybody does anything at any time, the worker at a channel that pays whatever it is asked for; after every step
the counters, the books, the stock and the history agree, and at the end the channel's books do too.

RANDOM_EXAMPLES and RANDOM_STEPS make a longer run: RANDOM_EXAMPLES=2000 pytest refunds/tests/test_lifecycle_random.py
"""

import os
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from aftersales import actors
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.lifecycle.move import sweep
from aftersales.testing import one, overdue, pay, place, ship
from orders import actions as order_actions
from orders.actions import Checkout, Parcel
from orders.lifecycle import ORDER
from orders.models import Coupon, Order, OrderLine, Payment, Product, Sku
from orders.rules import refundable
from payments.base import Settled
from payments.testing import SandboxProcess
from refunds import actions, money, workers
from refunds.actions import DISPUTE_ON_DUE, ON_DUE
from refunds.lifecycle import DISPUTE, TICKET
from refunds.models import AutoRule, Dispute, Payout, Reason, Ticket
from refunds.rules import FILING_STATES, Application, Terms, caps, offered_kinds, verdicts
from refunds.states import REFUNDS, Kind, Payer, Verdict
from refunds.tests import always
from refunds.tests.always import COUPONS, World
from refunds.tests.conftest import KEY
from refunds.tests.service import staffed
from refunds.tests.walking import decision, order_acts, ticket_steps

EXAMPLES = int(os.environ.get("RANDOM_EXAMPLES", "10"))
STEPS = int(os.environ.get("RANDOM_STEPS", "40"))
MOST_ORDERS = 3
VERBS = ((ORDER, order_actions.ON_DUE), (TICKET, ON_DUE), (DISPUTE, DISPUTE_ON_DUE))
FAULTS = ("none", "none", "none", "refuse", "error_before", "error_after", "pending")


def machine(cast, channel):
    """The machine over these people, these goods and this channel. Each example is rolled back at its end."""

    class Life(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.block = transaction.atomic()
            self.block.__enter__()
            channel.reset()
            self.full = dict(Sku.objects.values_list("pk", "stock"))
            pay(place(cast))
            ship(pay(place(cast, {cast.mug: 3, cast.lamp: 2, cast.gift: 1})), cast)
            self.world = World()

        def teardown(self):
            self.the_channel_agrees()
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

        # --- who does what ------------------------------------------------------------------------------------------

        @rule(data=st.data())
        def somebody_acts(self, data):
            """One of all the things that can be tried now. One rule, so that no kind of step is ever left out."""
            step, *given = self.draw(data, list(self.steps()))
            note(" ".join(str(word) for word in (step.__name__, *given) if not isinstance(word, dict)))
            step(data, *given)

        def steps(self):
            """Everything that somebody may try: (step, what it is given), the usual more often."""
            if len(self.world[Order]) < MOST_ORDERS:
                yield (self.somebody_buys,)
            for order in self.world[Order]:
                if order.state in FILING_STATES and any(x.left and not x.open_tickets for x in self.lines(order)):
                    yield from [(self.the_buyer_files, order)] * 3
                    yield self.the_seller_gives_back, order
                yield from [(self.money_comes, p) for p in self.world[Payment] if p.order_id == order.pk]
                yield from [(self.something_is_done_with_an_order, order)] * 2
            for ticket in self.world[Ticket]:
                if not TICKET.state(ticket.state).final:
                    yield from [(self.something_is_done_with_a_ticket, ticket)] * 8
                    yield from [(self.haggle, ticket)] * 2
            for dispute in self.world[Dispute]:
                yield from [(self.customer_service_rules, dispute)] * (5 if dispute.state == "review" else 0)
            for life, verbs in VERBS:
                yield from ((self.time_passes, life, verbs, row) for row in self.world[life.model] if row.due_at)
            for payout in self.world[Payout]:
                yield from [(self.the_worker_pays, payout)] * (4 if payout.due_at else 0)
                yield from [(self.the_operator_acts, payout)] * (2 if payout.state in ("failed", "owed") else 0)
                yield from [(self.the_channel_takes_back, payout)] * (payout.state == "settled")

        def somebody_buys(self, data):
            skus = [cast.mug, cast.lamp, cast.gift]
            units = {sku.pk: data.draw(st.integers(0, 3)) for sku in skus}
            units = {key: number for key, number in units.items() if number} or {cast.mug.pk: 2}
            coupon = data.draw(st.sampled_from(["", "OFF"]))
            self.do(order_actions.place, cast.alice, Checkout(units, "Alice", "1", "2 Home St", coupon))

        def money_comes(self, data, payment):
            """Mostly what was asked; now and then another amount, or when nobody waits for it any more."""
            amount = data.draw(st.sampled_from([payment.amount] * 5 + [1, payment.amount + 1]))
            currency = data.draw(st.sampled_from(["CNY"] * 9 + ["JPY"]))
            self.do(_receive, payment, Settled(amount, currency, timezone.now(), "ref"))

        def the_buyer_files(self, data, order):
            sides = [(True, True)] * any(line.to_return for line in self.lines(order))
            sides += [(False, True)] * any(line.to_ship for line in self.lines(order))
            shipped, arrived = self.draw(data, [*sides, *sides, (True, False)])
            self.do(actions.file_ticket, one(order), cast.alice, self.wish(data, order, shipped, arrived))

        def the_seller_gives_back(self, data, order):
            left = {x.pk: data.draw(st.integers(0, x.left + 1)) for x in self.lines(order) if not x.open_tickets}
            freight = data.draw(st.sampled_from([0, 0, 100]))
            self.do(actions.give_back, one(order), actors.seller(cast.bob), left, freight, cast.goodwill, "Sorry.")

        def something_is_done_with_an_order(self, data, order):
            tries = list(order_acts(order, cast, self.parcel(data, order)))
            self.some_of(data, tries)

        def something_is_done_with_a_ticket(self, data, ticket):
            """What its state offers to anybody, its dispute included, and twice as it was read: the second one may find
            the world changed."""
            self.some_of(data, [act for name, act in ticket_steps(ticket, cast) if name not in ("clock", "paid")])

        def some_of(self, data, acts):
            if acts:
                for _ in range(data.draw(st.sampled_from([1, 1, 1, 2]))):
                    self.do(self.draw(data, acts))

        def haggle(self, data, ticket):
            """Another version by the buyer, or an offer of any amount by the seller."""
            if data.draw(st.booleans()):
                order = next(order for order in self.world[Order] if order.pk == ticket.order_id)
                wish = self.wish(data, order, ticket.shipped, ticket.arrived)
                self.do(actions.amend, one(ticket), actors.buyer(cast.alice), wish)
                return
            now = Ticket.objects.select_related("order__policy", "order__shop").get(pk=ticket.pk)
            kind = self.draw(data, offered_kinds(now))
            amount = data.draw(st.integers(0, caps(now).goods + 1)) if kind in REFUNDS else 0
            self.do(actions.offer, one(ticket), actors.seller(cast.bob), Terms(kind, amount), "Shall we?")

        def customer_service_rules(self, data, dispute):
            """Whoever has it, or takes it, rules anything that can be ruled, on any amount."""
            agent = dispute.agent or self.draw(data, [cast.sam, cast.sue, cast.sid])
            if dispute.agent is None:
                self.do(actions.claim, one(dispute), actors.agent(agent))
            ticket = Ticket.objects.select_related("order__policy", "order__shop").get(pk=dispute.ticket_id)
            if ticket.state != "arbitration":
                return
            verdict = self.draw(data, verdicts(ticket))
            given = decision(ticket, verdict, freight_by=data.draw(st.sampled_from(Payer.values)))
            if verdict in (Verdict.REFUND, Verdict.RETURN_FIRST) and given.amount:
                amount = data.draw(st.integers(max(given.freight, 1), given.amount + 1))
                given = decision(ticket, verdict, amount=amount, freight_by=given.freight_by)
            self.do(actions.rule, one(dispute), actors.agent(agent), given)

        def time_passes(self, data, life, verbs, row):
            overdue(row, timedelta(minutes=data.draw(st.sampled_from([1, 11]))))
            state = life.state(row.state)
            assert not sweep(life, state, verbs[state]).set_aside
            self.check()

        def the_worker_pays(self, data, payout):
            """The real worker, at a channel that behaves, refuses, breaks down before or after, or takes its time."""
            fault = data.draw(st.sampled_from(FAULTS))
            if fault != "none":
                channel.fault(fault, on="refund", seconds=None)
            Payout.objects.filter(due_at__isnull=False).update(due_at=Now())
            workers.pursue_payouts()
            channel.clear()
            self.check()

        def the_channel_takes_back(self, data, payout):
            """As when a card turns out to be closed. What was paid by hand it cannot take."""
            if channel.moved(payout.number)[-1:] == [-payout.amount]:
                channel.reverse(payout.number)
                money.notice_of_refund(payout.number)
                workers.pursue_payouts()
                self.check()

        def the_operator_acts(self, data, payout):
            by = actors.operator(cast.operator)
            if data.draw(st.integers(0, 2)):
                self.do(money.retry, one(payout), by)
            else:
                self.do(money.settle_by_hand, one(payout), by, "Bank transfer 77")

        # --- how ----------------------------------------------------------------------------------------------------

        def draw(self, data, rows):
            return rows[data.draw(st.integers(0, len(rows) - 1))]

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

        def wish(self, data, order, shipped, arrived):
            """Mostly what can be had; now and then too much."""
            over = data.draw(st.integers(0, 9)) == 9
            kind = data.draw(st.sampled_from(Kind.values if shipped else ["refund_only"]))
            units, amounts = {}, {}
            for line in self.lines(order):
                most = line.quantity if over else line.to_return if shipped else line.to_ship
                if not over and (line.open_tickets or not line.left):
                    continue
                units[line.pk] = most - data.draw(st.integers(0, most))
                if units[line.pk] and kind in REFUNDS and data.draw(st.booleans()):
                    cap = refundable(line, units[line.pk])
                    amounts[line.pk] = cap + over - data.draw(st.integers(0, cap))
            left = order.freight - order.freight_settled - order.freight_reserved
            freight = data.draw(st.sampled_from([0, 0, left, left + over])) if kind in REFUNDS else 0
            mugs = [line.pk for line in self.lines(order) if line.sku_id == cast.mug.pk]
            wanted = dict.fromkeys(mugs, cast.blue.pk) if data.draw(st.booleans()) and kind == Kind.EXCHANGE else {}
            return Application(kind, cast.reason, units, amounts, freight, shipped, arrived, wanted)

        def parcel(self, data, order):
            most = {line.pk: line.quantity - line.shipped - line.cancelled for line in self.lines(order)}
            some = {key: data.draw(st.integers(0, max(0, number))) for key, number in most.items()}
            return Parcel(data.draw(st.sampled_from([most, some])), "SF", "1")

        # --- what always holds --------------------------------------------------------------------------------------

        def check(self):
            before, self.world = self.world, World()
            always.check(before, self.world, self.full)

        def the_channel_agrees(self):
            """The channel would have paid anything: what it did pay is what we promised, once a number."""
            moved: dict[str, list[int]] = {}
            for movement in channel.ledger()["movements"]:
                moved.setdefault(movement["number"], []).append(movement["amount"])
            for payout in self.world[Payout]:
                steps = moved.pop(payout.number, [])
                # Paid, and taken back, in turn.
                assert steps == [-payout.amount, payout.amount] * (len(steps) // 2) + steps[len(steps) // 2 * 2 :]
                assert set(steps) <= {-payout.amount, payout.amount}
                by_hand = any(e.action == "settle_by_hand" for e in payout.events.all())
                if payout.state == "settled" and not by_hand:
                    assert sum(steps) == -payout.amount
            assert moved == {}

    return Life


def _receive(payment, money_that_came):
    """The channel knows what it was paid."""
    money.record_money(payment.pk, money_that_came)
    Payment.objects.filter(pk=payment.pk).update(started_at=Now())


@pytest.fixture(scope="module")
def lax(tmp_path_factory):
    with SandboxProcess(tmp_path_factory.mktemp("lax") / "books.sqlite", KEY, lax=True) as running:
        yield running


@pytest.mark.long
@pytest.mark.parametrize("half", [1, 2])
def test_everybody_does_anything(cast, lax, settings, half):
    """In two halves, for two cores."""
    entry = settings.CHANNELS["sandbox"]
    settings.CHANNELS = {"sandbox": {**entry, "url": lax.url, "secret": KEY}}
    # Nobody takes the notices: the worker asks.
    settings.PUBLIC_URL = "http://127.0.0.1:9"
    settings.APPLICATIONS_PER_LINE = settings.TICKETS_PER_DAY = 10_000
    _people_and_goods(cast)

    run_state_machine_as_test(machine(cast, lax), settings=_settings())


def _people_and_goods(cast):
    product = Product.objects.create(shop=cast.shop, code="gift", title="Gift")
    cast.gift = Sku.objects.create(product=product, code="gift", price=7, discount=7, stock=1000)
    staffed(cast, confirm_above=2000)
    Coupon.objects.create(shop=cast.shop, code="OFF", amount=1001, left=COUPONS)
    cast.reason, cast.goodwill = Reason.objects.get(side="buyer", code="other"), Reason.objects.get(code="goodwill")
    AutoRule.objects.create(shop=cast.shop, name="Small sums", most=150)
    AutoRule.objects.create(shop=cast.shop, name="Keep it", most=300, effect="keep_goods")


def _settings():
    return settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        # Making a failure smaller would take as long as finding it, thousands of times.
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
