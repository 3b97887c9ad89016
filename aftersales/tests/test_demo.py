"""The demo shop: everything that can be seen is there, and the channel agrees with it."""

from collections import Counter
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.db.models import F, Sum
from django.utils import timezone

from aftersales import demo
from aftersales.dev.code import SECRET
from aftersales.lifecycles import ALL
from aftersales.models import User
from aftersales.testdb import install_standing
from aftersales.testing import books_sum_to_zero
from orders.models import Calendar, Leg, Order, OrderLine, Payment, Product, Sku
from orders.states import OrderState
from payments.testing import SandboxProcess
from refunds import workers
from refunds.models import AutoDecision, Dispute, Notice, Offer, Payout, Ticket
from refunds.states import DisputeState, Kind, TicketState

pytestmark = pytest.mark.django_db


def run(*options):
    out = StringIO()
    call_command("demo", *options, stdout=out)
    return out.getvalue()


def states(model):
    return Counter(model.objects.values_list("state", flat=True))


@pytest.fixture(scope="module", autouse=True)
def _seeded(shared):
    """Once: what a test does to the shop is undone after it."""
    with shared():
        install_standing()
        run("--force")
        yield


@pytest.fixture
def channel(tmp_path, settings):
    with SandboxProcess(tmp_path / "books.sqlite", "demo-secret") as process:
        sandbox = {**settings.CHANNELS["sandbox"], "url": process.url, "secret": "demo-secret"}
        settings.CHANNELS = {"sandbox": sandbox}
        yield process


def test_every_state_is_there_to_be_seen():
    assert set(states(Order)) == {str(state) for state in OrderState.all()}
    # Money goes back through the channel, so tickets succeed only after the workers have run.
    assert set(states(Ticket)) == {str(state) for state in TicketState.all()} - {"succeeded"}
    assert set(states(Payout)) == {"created"}
    assert set(states(Dispute)) == {str(state) for state in DisputeState.all()}


def test_every_kind_and_answer_is_there_to_be_seen():
    assert set(Ticket.objects.values_list("kind", flat=True)) == set(Kind.values)
    assert set(Ticket.objects.filter(by_seller=True).values_list("state", flat=True)) == {"refunding"}
    assert Ticket.objects.get(kind="exchange", lines__wanted__code="250g").state == "awaiting_dispatch"
    assert Ticket.objects.filter(kind="repair", state="awaiting_dispatch").count() == 1
    assert Ticket.objects.filter(kind="reissue", state="awaiting_buyer_receipt").count() == 1
    assert Offer.objects.get().ticket.state == "awaiting_buyer"
    decision = AutoDecision.objects.get()
    assert (decision.effect, decision.ticket.state) == ("agree", "refunding")
    assert Dispute.objects.get(agent__email="service@example.com", state="review")
    assert Dispute.objects.get(state="confirmation").rulings.get().needs_second
    assert Dispute.objects.get(state="final").ticket.state == "refunding"


def test_workers_bring_the_channels_books_and_ours_together(channel):
    workers.pursue_payments()
    workers.pursue_payouts()

    assert states(Ticket)["refunding"] == 0
    assert states(Ticket)["succeeded"] >= 3
    assert set(states(Payout)) == {"settled"}
    assert Order.objects.filter(closed_reason="fully_refunded").exists()
    sums = channel.ledger()["payments"]
    ours = {payment.number: payment for payment in Payment.objects.exclude(received_at=None)}
    assert {number: (s["paid"], s["refunded"]) for number, s in sums.items() if s["paid"]} == {
        number: (payment.received, payment.settled) for number, payment in ours.items()
    }
    held = Leg.objects.filter(account="channel").aggregate(sum=Sum("amount"))["sum"]
    assert held == sum(s["balance"] for s in sums.values())
    assert books_sum_to_zero()


def test_nothing_is_left_for_the_workers_afterwards(channel):
    workers.pursue_payments()
    workers.pursue_payouts()
    waiting = Payment.objects.exclude(next_at=None)
    # The one that a buyer is about to pay.
    [started] = waiting
    assert (started.received_at, bool(started.pay_url)) == (None, True)
    assert not Payment.objects.filter(received_at__isnull=False, started_at=None).exists()


def test_a_second_run_changes_nothing():
    before = [list(model.objects.order_by("pk").values()) for model in (Order, OrderLine, Ticket, Payment, Sku, User)]
    assert "nothing to do" in run("--force")
    assert before == [
        list(model.objects.order_by("pk").values()) for model in (Order, OrderLine, Ticket, Payment, Sku, User)
    ]


def test_the_stories_are_in_the_inboxes_and_mail_nobody():
    assert not any(life.event._base_manager.filter(announced_at=None).exists() for life in ALL)
    assert set(Notice.objects.values_list("channel", flat=True)) == {"inbox"}
    told = set(Notice.objects.values_list("person__email", flat=True))
    assert {"mei@example.com", "tom@example.com", "tea@example.com", "noodles@example.com"} <= told


def test_only_the_logins_are_printed(client):
    *lines, about_codes = run("--logins").splitlines()
    assert "make code" in about_codes
    assert len(lines) == len(demo.PEOPLE)
    for line in lines:
        email, password = line.split()[-2:]
        assert client.login(username=email, password=password), email
    keys = {factor.user.email: factor.data["secret"] for factor in Authenticator.objects.select_related("user")}
    assert keys == {email: SECRET for email, *_, columns in demo.PEOPLE if "is_staff" in columns}


def test_people_have_the_rights_of_their_work():
    roles = {
        user.email: (
            user.is_staff,
            user.is_superuser,
            user.is_customer_service,
            user.is_supervisor,
            user.is_auditor,
            [work.role for work in user.employments.all()],
        )
        for user in User.objects.all()
    }
    assert roles == {
        "mei@example.com": (False, False, False, False, False, []),
        "tom@example.com": (False, False, False, False, False, []),
        "tea@example.com": (True, False, False, False, False, ["owner"]),
        "tea2@example.com": (True, False, False, False, False, ["agent"]),
        "noodles@example.com": (True, False, False, False, False, ["owner"]),
        "service@example.com": (True, False, True, False, False, []),
        "service2@example.com": (True, False, True, False, False, []),
        "lead@example.com": (True, False, True, True, False, []),
        "operator@example.com": (True, True, False, False, False, []),
        "audit@example.com": (True, False, False, False, True, []),
    }


def test_the_shelves_show_what_a_shop_has():
    on_sale = Product.objects.on_sale()
    assert Product.objects.exclude(pk__in=on_sale).get().code == "spring"
    assert Sku.objects.get(stock=0).product.code == "whisk"
    assert Sku.objects.filter(discount__gt=0, discount__lt=F("price")).count() >= 3
    assert Order.objects.filter(coupon__isnull=False).count() == 3
    assert Product.objects.get(goods_rule__code="fresh").code == "dumplings"
    profiles = set(Order.objects.values_list("shop__profile", "currency"))
    assert profiles == {("marketplace", "CNY"), ("local_delivery", "CNY")}


def test_a_calendar_is_there_to_look_at():
    calendar = Calendar.objects.get()
    assert str(calendar) == "中国大陆 Mainland China"
    assert calendar.holidays.get().starts_at > timezone.now()
    assert not calendar.policies.exists()
