"""The cast and the builders of the tests, and the fixtures that every test may use (a pytest plugin).

Rows are built by the verbs that pages use, so no test can build a row that the system could not have made.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.test import Client, override_settings
from django.utils import timezone, translation

from aftersales.testdb import install_standing

PASSWORD = "correct horse battery"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: begins before the others, so that no core idles while another ends alone")


def pytest_collection_finish() -> None:
    """What is loaded by now stays: looking through it for garbage, again and again, was a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session", autouse=True)
def _private_evidence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test leaves photos behind."""
    options = {"location": str(tmp_path_factory.mktemp("evidence")), "base_url": None}
    usual: Any = settings.STORAGES
    with override_settings(STORAGES=usual | {"default": usual["default"] | {"OPTIONS": options}}):
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """A hash that is slow on purpose would be most of what the tests do."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def _own_cache() -> Iterator[None]:
    """No broker is needed to count attempts."""
    with override_settings(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}):
        yield


@pytest.fixture(scope="session", autouse=True)
def _whole_logins() -> Iterator[None]:
    """`force_login` is a whole login, of staff with their second factor, as the person is by now: joining a shop has
    changed their rights."""
    from aftersales.accounts.second_factor import prove, works_here

    usual = Client.force_login

    def whole(client: Client, user: Any, backend: str | None = None) -> None:
        user.refresh_from_db(fields=["rights_version"])
        usual(client, user, backend)
        if works_here(user):
            request = HttpRequest()
            request.session = client.session
            prove(request, user)
            request.session.save()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "force_login", whole)
        yield


@pytest.fixture(autouse=True)
def _counted_anew() -> None:
    """The attempts of one test are not those of the next."""
    cache.clear()


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """A request leaves its reader's language behind in the thread; the next test starts in English."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def woken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The wake-ups that would have been sent; no broker is needed to see them. Tests with real workers send them."""
    sent: list[str] = []
    if "workplace" in request.fixturenames:
        return sent
    monkeypatch.setattr("aftersales.wake._send", sent.append)
    return sent


@dataclass
class Cast:
    """alice buys, bob owns `shop`; carol and dave are the strangers: another buyer, another shop's owner."""

    alice: Any
    bob: Any
    carol: Any
    dave: Any
    operator: Any
    shop: Any
    other_shop: Any
    mug: Any
    lamp: Any

    def agent_of_shop(self) -> Any:
        """eve works in `shop` and does not own it."""
        from orders.models import ShopStaff

        eve = person("eve", is_staff=True)
        ShopStaff.objects.create(shop=self.shop, user=eve)
        return eve


def agent() -> Any:
    """sam serves customers."""
    return person("sam", is_staff=True, is_customer_service=True)


def supervisor() -> Any:
    """sue leads those who do."""
    return person("sue", is_staff=True, is_customer_service=True, is_supervisor=True)


def auditor() -> Any:
    """ada reads everything and changes nothing."""
    return person("ada", is_staff=True, is_auditor=True)


def person(name: str, **more: Any) -> Any:
    """Somebody who logs in as name@example.com."""
    from aftersales.models import User

    return User.objects.create_user(f"{name}@example.com", PASSWORD, name=name.title(), **more)


def make_cast() -> Cast:
    """Two shops with their people; `mug` costs 10.00 and `lamp` 30.01 in CNY, freight is 6.00."""
    from orders.models import Product, Shop, ShopStaff, Sku
    from orders.states import ShopRole

    install_standing()
    alice, carol = person("alice"), person("carol")
    bob, dave = person("bob", is_staff=True), person("dave", is_staff=True)
    operator = person("olga", is_staff=True, is_superuser=True)
    shops = [
        Shop.objects.create(code=code, name=code.title(), freight=600, return_address="1 Return Road")
        for code in ("shop", "other")
    ]
    for shop, user in zip(shops, (bob, dave), strict=True):
        ShopStaff.objects.create(shop=shop, user=user, role=ShopRole.OWNER)
    skus = []
    for code, price in (("mug", 1000), ("lamp", 3001)):
        product = Product.objects.create(shop=shops[0], code=code, title=code.title())
        skus.append(Sku.objects.create(product=product, code=code, price=price, stock=1000))
    return Cast(alice, bob, carol, dave, operator, *shops, *skus)


@pytest.fixture(scope="session")
def shared(django_db_setup: None, django_db_blocker: Any) -> Callable[[], AbstractContextManager[None]]:
    """For fixtures of a module that build rows once: inside of `with shared():` they build and yield, and every test
    finds the rows as they were built, since each runs in a savepoint. Not for a module with real commits."""

    @contextmanager
    def sharing() -> Iterator[None]:
        with django_db_blocker.unblock(), transaction.atomic():
            yield
            transaction.set_rollback(True)

    return sharing


@pytest.fixture
def cast(db: None) -> Cast:
    # Named as an argument: a database asked for by getfixturevalue is not prepared, and the test would run on the
    # development database. With transaction=True or transactional_db this is still one with real commits.
    return make_cast()


def place(cast: Cast, units: dict[Any, int] | None = None, *, buyer: Any = None) -> Any:
    """An order awaiting payment; two mugs and a lamp unless said otherwise."""
    from orders.actions import Checkout
    from orders.actions import place as place_order

    wanted = {sku.pk: number for sku, number in (units or {cast.mug: 2, cast.lamp: 1}).items()}
    checkout = Checkout(wanted, recipient="Alice", phone="1", address="2 Home Street")
    return place_order(buyer or cast.alice, checkout)[0]


def pay(order: Any) -> Any:
    """The channel has the money for the order."""
    from aftersales import actors
    from orders.actions import start_payment
    from orders.models import Order
    from payments.base import Settled
    from refunds.money import record_money

    payment = start_payment(Order.objects.filter(pk=order.pk), actors.buyer(order.buyer))
    record_money(payment.pk, Settled(payment.amount, payment.currency, timezone.now(), "ref"))
    type(payment).objects.filter(pk=payment.pk).update(started_at=timezone.now())
    order.refresh_from_db()
    return order


def ship(order: Any, cast: Cast, units: dict[int, int] | None = None) -> Any:
    """A parcel with everything that may be shipped, or with {line: units}."""
    from aftersales import actors
    from orders.actions import Parcel
    from orders.actions import ship as ship_order

    units = units or {line.pk: line.to_ship for line in order.lines.all()}
    ship_order(one(order), actors.seller(cast.bob), Parcel(units, "SF", "SF1"))
    order.refresh_from_db()
    return order


def file(order: Any, units: dict[int, int], *, kind: str = "refund_only", **more: Any) -> Any:
    """A ticket by the order's buyer on {line: units}; `more` goes into the application."""
    from refunds.actions import file_ticket
    from refunds.models import Reason
    from refunds.rules import Application

    reason = Reason.objects.get(side="buyer", code=more.pop("reason", "changed_mind"))
    more.setdefault("shipped", order.lines.filter(shipped__gt=0).exists())
    return file_ticket(one(order), order.buyer, Application(kind=kind, reason=reason, units=units, **more))


def one(row: Model) -> QuerySet[Any]:
    """The queryset of one that verbs take."""
    return type(row)._default_manager.filter(pk=row.pk)


def state_of(row: Any) -> str:
    """The state of a row, such as the one that a Conflict shows."""
    return str(row.state)


def overdue(row: Model, by: timedelta = timedelta(seconds=1)) -> None:
    """Age the row in the database until its clock has run out for that long."""
    from django.db.models.functions import Now

    type(row)._base_manager.filter(pk=row.pk, due_at__isnull=False).update(due_at=Now() - by, remind_at=None)


def counters(order: Any) -> list[dict[str, Any]]:
    """Every counter of an order and its lines, to compare before and after."""
    from orders.models import Order, OrderLine

    orders: list[Any] = list(Order.objects.filter(pk=order.pk).values())
    return orders + list[Any](OrderLine.objects.filter(order=order).order_by("pk").values())


def books_sum_to_zero() -> bool:
    """Whether every posting of the ledger sums to zero per currency."""
    from django.db.models import Sum

    from orders.models import Leg

    sums = Leg.objects.values("posting", "currency").annotate(sum=Sum("amount"))
    return not sums.exclude(sum=0).exists()
