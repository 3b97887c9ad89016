"""Who may do what on each page of the admin, and that nothing but that works: forged requests change no row and say
nothing about rows of others. A new page belongs into TABLE."""

from dataclasses import dataclass
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django import forms
from django.contrib import admin
from django.db.models import ForeignKey, Model
from django.test import Client, RequestFactory
from django.urls import reverse

from aftersales.changes.models import Act
from aftersales.changes.record import record
from aftersales.dev.code import SECRET
from aftersales.help.tests.asking import asked
from aftersales.help.tests.shelf import write
from aftersales.jobs import kinds
from aftersales.jobs.models import Job
from aftersales.models import Heartbeat, User
from aftersales.testing import agent, auditor, make_cast, supervisor
from orders.models import (
    Calendar,
    Coupon,
    GoodsRule,
    Invitation,
    Payment,
    Policy,
    PolicyBound,
    Product,
    ShopStaff,
    Sku,
    Warehouse,
)
from orders.staffing import invite
from orders.states import ShopRole
from refunds.models import AutoDecision, AutoRule, Difference, Notice, Payout, Reason, Reply
from refunds.notices import announce
from refunds.tests.at_admin import unshipped, with_cs

pytestmark = pytest.mark.django_db

ROLES = ("agent", "owner", "cs", "supervisor", "operator", "auditor")
OUTSIDERS = ("stranger", "buyer")
# Those whose forged requests are refused at every door; the others are refused by the same rights.
FORGERS = ("agent", "cs", "operator", "auditor", *OUTSIDERS)
LETTERS = {"v": "view", "a": "add", "c": "change", "d": "delete", "e": "export", "i": "import"}
# What each role may on a row of the shop, and of a dispute that customer service serves.
TABLE = {
    #                        agent  owner    cs  supervisor  operator  auditor
    "aftersales.Change": ("", "v", "", "", "v", "v"),
    "aftersales.Heartbeat": ("", "", "", "", "v", "v"),
    "aftersales.Job": ("v", "v", "", "", "v", "v"),
    "aftersales.User": ("", "", "", "", "vac", "v"),
    "help.Article": ("", "", "", "", "vac", "v"),
    "help.Category": ("", "", "", "", "vac", "v"),
    "help.Enquiry": ("", "", "v", "v", "v", "v"),
    "mfa.Authenticator": ("", "", "", "", "vd", "v"),
    "orders.Calendar": ("", "", "", "", "vac", "v"),
    "orders.Coupon": ("v", "vac", "", "", "vac", "v"),
    "orders.GoodsRule": ("", "", "", "", "vac", "v"),
    "orders.Invitation": ("v", "va", "", "", "va", "v"),
    "orders.Order": ("ve", "ve", "", "", "vei", "ve"),
    "orders.Payment": ("v", "v", "", "", "v", "v"),
    "orders.Policy": ("v", "vac", "", "", "vac", "v"),
    "orders.PolicyBound": ("", "", "", "", "vc", "v"),
    "orders.Product": ("vce", "vacei", "", "", "vacei", "ve"),
    "orders.Shop": ("v", "vc", "", "", "vac", "v"),
    "orders.ShopStaff": ("v", "vc", "", "", "vc", "v"),
    "orders.Warehouse": ("v", "vac", "", "", "vac", "v"),
    "refunds.AutoDecision": ("v", "v", "", "", "v", "v"),
    "refunds.AutoRule": ("v", "vac", "", "", "vac", "v"),
    "refunds.Difference": ("", "", "", "", "v", "v"),
    "refunds.Dispute": ("v", "v", "v", "v", "v", "v"),
    "refunds.Notice": ("", "", "", "", "v", "v"),
    "refunds.Payout": ("v", "v", "", "", "v", "v"),
    "refunds.Reason": ("", "", "", "", "vac", "v"),
    "refunds.Reply": ("v", "vac", "", "a", "vac", "v"),
    "refunds.Ticket": ("ve", "ve", "v", "v", "ve", "ve"),
}
PAGES: dict[str, Any] = {model._meta.label: page for model, page in admin.site._registry.items()}


class Nothing(kinds.RowByRow):
    """Work for a job."""

    name, label, batch = "nothing", "Nothing", 1

    def do(self, job, rows):
        raise AssertionError("nobody works here")


@dataclass
class Stage:
    cast: Any
    people: dict[str, User]
    clients: dict[str, Client]
    rows: dict[str, Any]

    def request(self, who: str) -> Any:
        return asking(self.people[who])


def asking(person: User) -> Any:
    """What the admin is asked with, without a page."""
    request = RequestFactory().get("/")
    request.user = User.objects.get(pk=person.pk)
    return request


def _enter(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture(scope="module")
def stage(shared):
    with shared(), pytest.MonkeyPatch.context() as patch:
        patch.setitem(kinds.KINDS, Nothing.name, Nothing())
        cast = make_cast()
        people = {"agent": cast.agent_of_shop(), "owner": cast.bob, "cs": agent(), "supervisor": supervisor()}
        people |= {"operator": cast.operator, "auditor": auditor(), "stranger": cast.dave, "buyer": cast.alice}
        rows = a_row_of_each(cast)
        yield Stage(cast, people, {who: _enter(person) for who, person in people.items()}, rows)


def a_row_of_each(cast: Any) -> dict[str, Any]:
    """A row of each model, of the shop if it has one."""
    dispute = with_cs(cast, {cast.mug: 1})
    rule = AutoRule.objects.create(shop=cast.shop, name="Small things", effect="agree", most=10**6)
    ticket = unshipped(cast)
    announce()
    policy = Policy.objects.in_force(cast.shop)
    policy.pk, policy.shop, policy._state.adding = None, cast.shop, True
    policy.save()
    article = write("tests", "Tests")
    rows = (
        dispute, dispute.ticket, dispute.order, rule, AutoDecision.objects.get(ticket=ticket), policy, article,
        article.category, cast.mug.product, cast.shop, cast.alice, Payment.objects.filter(order=dispute.order).get(),
        Payout.objects.get(ticket=ticket), Notice.objects.all()[0], asked(cast.carol), Reason.objects.all()[0],
        GoodsRule.objects.all()[0], TOTP.activate(cast.bob, SECRET).instance,
        Heartbeat.objects.create(name="beat", at=ticket.opened_at),
        Calendar.objects.create(name="China", region="CN"),
        Coupon.objects.create(shop=cast.shop, code="TEN", amount=1000, left=3),
        Warehouse.objects.create(shop=cast.shop, name="North", return_address="1 North Road"),
        PolicyBound.objects.all()[0],
        invite(cast.shop, "new@example.com", ShopRole.AGENT, cast.bob), cast.shop.staff.get(user=cast.bob),
        Reply.objects.create(shop=cast.shop, title="Sorry", body_en="We are sorry."),
        Job.objects.create(kind=Nothing.name, by=cast.bob, shop=cast.shop),
        Difference.objects.create(books="order", number="O-DIFFERS", currency="CNY", ours=1, theirs=2),
        record(cast.operator, Act.CHANGED, cast.shop, reason="A better name"),
    )  # fmt: skip
    return {row._meta.label: row for row in rows if row}


def address(row: Model, page: str) -> str:
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}"
    return reverse(name, args=() if page in ("changelist", "add", "export", "import") else (row.pk,))


def kept(*models: Any) -> list[Any]:
    return [list(model._base_manager.order_by("pk").values()) for model in models]


def _may(label: str, who: str) -> set[str]:
    letters = TABLE[label][ROLES.index(who)] if who in ROLES else ""
    return {LETTERS[letter] for letter in letters}


def test_every_page_is_in_the_table():
    assert set(TABLE) == set(PAGES)


@pytest.mark.parametrize("label", TABLE)
def test_rights_are_those_of_the_table(stage, label):
    row, page = stage.rows[label], PAGES[label]
    for who in (*ROLES, *OUTSIDERS):
        request = stage.request(who)
        found = page.get_queryset(request).filter(pk=row.pk).first()
        may = {
            "view": found is not None and page.has_view_permission(request, found),
            "change": found is not None and page.has_change_permission(request, found),
            "delete": found is not None and page.has_delete_permission(request, found),
        }
        if who != "stranger":  # who owns a shop may add to it
            may["add"] = page.has_add_permission(request)
            may |= {what: page.may(request, what) for what in ("export", "import")}
        assert {what for what, holds in may.items() if holds} == _may(label, who), (label, who)
        assert ("delete_selected" in page.get_actions(request)) is ("delete" in _may(label, who)), (label, who)
        assert not page.get_list_display_links(request, ()) or not page.list_editable


@pytest.mark.parametrize("label", TABLE)
def test_forged_requests_are_refused(stage, label):
    """Every page and every POST that is not theirs: refused, nothing about the row is said, no row has changed."""
    row = stage.rows[label]
    before = kept(type(row), User, ShopStaff, Sku)
    data = {"name": "X", "code": "x", "title": "X", "stock": 9, "is_superuser": "on", "state": "closed", "post": "yes"}
    for who in FORGERS:
        client, may = stage.clients[who], _may(label, who)
        asked = [("post", "change")] * ("change" not in may) + [("post", "delete")] * ("delete" not in may)
        asked += [("get", "change"), ("get", "history")] * ("view" not in may)
        asked += [("post", "add")] * ("add" not in may and who != "stranger")
        for method, page in asked:
            answer = getattr(client, method)(address(row, page), data)
            refused = (302,) if who == "buyer" else (403, 404, 405)
            assert answer.status_code in refused, (who, method, page, answer.status_code)
            assert getattr(row, "number", "no number") not in answer.text, (who, method, page)
    assert kept(type(row), User, ShopStaff, Sku) == before


@pytest.mark.parametrize("label", TABLE)
def test_lists_of_others_say_nothing(stage, label):
    """Neither by a search nor by a filter, nor by a question about a column that is not shown."""
    row, page = stage.rows[label], PAGES[label]
    stranger = stage.clients["stranger"]
    answer = stranger.get(address(row, "changelist"), {"q": str(row)})
    assert answer.status_code in (200, 403)
    assert answer.status_code == 403 or not answer.context["cl"].queryset.filter(pk=row.pk).exists()
    asked = {"pk__gt": "0", "password__startswith": "p", "shop__staff__user__password__startswith": "p"}
    for field in page.model._meta.get_fields():
        if field.related_model is User:
            asked[f"{field.name}__password__startswith"] = "p"
    for name, value in asked.items():
        answer = stage.clients["operator"].get(address(row, "changelist"), {name: value})
        assert answer.status_code == 400, name


def _links():
    """Every column that an autocomplete of the admin might be asked for."""
    models: list[Any] = [*admin.site._registry, ShopStaff, Sku]
    for model in models:
        for field in model._meta.get_fields():
            target = admin.site._registry.get(field.related_model) if isinstance(field, ForeignKey) else None
            if target is not None and target.search_fields:
                yield model._meta.app_label, model._meta.model_name, field.name, target


@pytest.mark.parametrize("who", ["agent", "stranger"])
def test_autocomplete_finds_only_what_the_list_shows(stage, who):
    client, request = stage.clients[who], stage.request(who)
    asked = list(_links())
    assert len(asked) > 20
    for app, model, field, target in asked:
        query = {"app_label": app, "model_name": model, "field_name": field, "term": ""}
        answer = client.get(reverse("admin:autocomplete"), query)
        if answer.status_code == 200:
            found = {item["id"] for item in answer.json()["results"]}
            seen = {str(pk) for pk in target.get_queryset(request).values_list("pk", flat=True)}
            assert found <= seen, (app, model, field)
            assert target.has_view_permission(request), (app, model, field)
        else:
            assert answer.status_code == 403, (app, model, field)


@pytest.mark.parametrize("who", ["agent", "owner", "cs", "supervisor"])
def test_choices_are_of_ones_own(stage, who):
    """No form offers, and so none takes, what belongs to another shop: in its fields and in those of its rows."""
    cast, request = stage.cast, stage.request(who)
    place = Warehouse.objects.create(shop=cast.other_shop, name="South", return_address="1 South Road")
    foreign = {cast.other_shop, cast.dave, place}
    for label, page in PAGES.items():
        row = page.get_queryset(request).filter(pk=stage.rows[label].pk).first()
        made = [page.get_form(request)()] if page.has_add_permission(request) else []
        if row is not None and page.has_change_permission(request, row):
            made.append(page.get_form(request, row, change=True)(instance=row))
        for form in made:
            for name, field in form.fields.items():
                if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
                    assert not foreign & set(field.queryset), (label, name)


@pytest.mark.parametrize("who", ["agent", "auditor", "stranger", "buyer", "cs"])
def test_only_owners_let_people_go(stage, who):
    staff, invitation = stage.rows["orders.ShopStaff"], stage.rows["orders.Invitation"]
    before = kept(ShopStaff, Invitation)
    for row, page in ((staff, "remove"), (invitation, "revoke")):
        answer = stage.clients[who].post(address(row, page))
        assert answer.status_code in ((302,) if who == "buyer" else (403, 404)), page
    assert kept(ShopStaff, Invitation) == before


# --- rows of a form ---------------------------------------------------------------------------------------------------


def product_form(product: Product, sku: Sku, **more: Any) -> dict[str, Any]:
    return {
        "skus-TOTAL_FORMS": 1, "skus-INITIAL_FORMS": 1, "skus-MIN_NUM_FORMS": 0, "skus-MAX_NUM_FORMS": 1000,
        "skus-0-id": sku.pk, "skus-0-product": product.pk, **more,
    }  # fmt: skip


def test_an_agent_changes_the_stock_and_nothing_else(stage):
    product, sku = stage.cast.mug.product, stage.cast.mug
    before = kept(Product)
    client = stage.clients["agent"]
    data = product_form(product, sku) | {"title": "X", "code": "x", "shop": stage.cast.other_shop.pk}
    data |= {"skus-0-price": "0.01", "skus-0-discount": "0", "skus-0-code": "x", "skus-0-more": "5"}
    stock = Sku.objects.get(pk=sku.pk).stock
    assert client.post(address(product, "change"), data).status_code == 302
    now = Sku.objects.get(pk=sku.pk)
    assert (now.stock, now.price, now.discount, now.code) == (stock + 5, 1000, 0, "mug")
    new = {"skus-TOTAL_FORMS": 2, "skus-1-code": "new", "skus-1-price": "1", "skus-1-more": "1"}
    client.post(address(product, "change"), product_form(product, sku) | new)
    assert kept(Product) == before
    assert Sku.objects.filter(product=product).count() == 1


def test_an_owner_of_one_shop_is_none_of_another(stage):
    """given: the other shop's owner is an agent here; then: pages here are those of an agent"""
    cast = stage.cast
    ShopStaff.objects.create(shop=cast.shop, user=cast.dave, role=ShopRole.AGENT)
    client = _enter(cast.dave)
    before = kept(Coupon, AutoRule)
    for label in ("orders.Shop", "orders.Coupon", "refunds.AutoRule"):
        assert client.get(address(stage.rows[label], "change")).status_code == 200
        assert client.post(address(stage.rows[label], "change"), {"name": "X"}).status_code == 403
    coupon = {"shop": cast.shop.pk, "code": "MINE", "amount": "1", "least": "", "more": "1"}
    assert client.post(address(stage.rows["orders.Coupon"], "add"), coupon).status_code == 422
    assert kept(Coupon, AutoRule) == before


def test_an_owner_hires_nobody_through_the_page_of_the_shop(stage):
    cast = stage.cast
    before = kept(ShopStaff)
    data: dict[str, Any] = {"name": "Shop", "freight": "6.00", "return_address": "1 Return Road", "is_open": "on"}
    data |= {"staff-TOTAL_FORMS": 1, "staff-INITIAL_FORMS": 0, "staff-0-user": cast.carol.pk, "staff-0-role": "owner"}
    assert stage.clients["owner"].post(address(cast.shop, "change"), data).status_code == 302
    assert kept(ShopStaff) == before


def test_an_operator_is_told_who_can_be_what(stage):
    cast, ada, client = stage.cast, stage.people["auditor"], stage.clients["operator"]
    before = kept(User, ShopStaff)
    person = {"email": cast.carol.email, "is_active": "on"}
    for wrong, words in (
        ({"is_supervisor": "on"}, "A supervisor belongs to customer service"),
        ({"is_auditor": "on", "is_superuser": "on"}, "An auditor only reads"),
    ):
        answer = client.post(address(cast.carol, "change"), person | wrong)
        assert (answer.status_code, words in answer.text) == (422, True), wrong
    hired = {
        "name": "Shop",
        "code": "shop",
        "profile": "marketplace",
        "freight": "6",
        "return_address": "1 Return Road",
    }
    hired |= {
        "staff-TOTAL_FORMS": "1",
        "staff-INITIAL_FORMS": "0",
        "staff-0-user": str(ada.pk),
        "staff-0-role": "agent",
    }
    answer = client.post(address(cast.shop, "change"), hired)
    assert (answer.status_code, "works for no shop" in answer.text) == (422, True)
    assert kept(User, ShopStaff) == before


def test_an_auditor_does_nothing_on_rows_with_a_life(stage):
    """Every action of the tables, and the buttons beside them: there is none for who only reads."""
    client = stage.clients["auditor"]
    for label in ("orders.Order", "refunds.Ticket", "refunds.Dispute", "refunds.Payout"):
        row, page = stage.rows[label], PAGES[label]
        before = kept(type(row), type(row).events.rel.related_model)
        assert page.offers(stage.request("auditor"), row) == {}
        for action in page.ways:
            url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_do", args=(row.pk, action))
            assert client.post(url, {"note": "x", "version": 1}).status_code == 404, action
        assert client.post(address(row, "put_back")).status_code == 404
        assert kept(type(row), type(row).events.rel.related_model) == before
    enquiry = stage.rows["help.Enquiry"]
    for action in ("take", "release", "answer", "annotate"):
        url = reverse("admin:help_enquiry_do", args=(enquiry.pk, action))
        assert client.post(url, {"text": "x", "read": 10**6}).status_code == 404
    assert "password" not in client.get(address(stage.cast.alice, "change")).text.lower()
