"""Every page of the admin in a real browser, over a row of each kind: it opens, nothing is wider than the screen, the
console is silent, axe finds nothing serious."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from aftersales.attention.sections import SECTIONS
from aftersales.jobs import kinds
from aftersales.testing import make_cast, supervisor
from aftersales.tests.browser import EVERY, Look, carry, reading, speak
from aftersales.tests.test_rights import PAGES, ROLES, TABLE, Nothing, a_row_of_each, address, asking

LOOKS = [Look(390, "zh-hans", "light"), Look(1280, "en", "light"), Look(1280, "en", "dark")][: 3 if EVERY else 1]
# Page of a model -> the right that opens it.
STANDARD = {"changelist": "v", "add": "a", "change": "v", "history": "v", "delete": "d", "import": "i", "export": "e"}
ALIKE = {"history", "delete", "export"}
# What more there is for whom, by the name of the page and the kind of the row that it is about.
BESIDE = {
    "index": ("", ROLES), "attention": ("", ("operator",)), "setup": ("", ("owner", "operator")),
    "figures": ("", ("owner", "operator")), "refunds_dispute_supervise": ("", ("supervisor", "operator")),
    "orders_shopstaff_remove": ("orders.ShopStaff", ("owner",)),
    "orders_invitation_revoke": ("orders.Invitation", ("owner",)),
    "orders_order_unmask": ("orders.Order", ("owner",)),
    "help_enquiry_unmask": ("help.Enquiry", ("supervisor",)),
    "aftersales_user_unmask": ("aftersales.User", ("operator",)),
    "auth_user_password_change": ("aftersales.User", ("operator",)),
    "refunds_difference_explain": ("refunds.Difference", ("operator",)),
}  # fmt: skip
# Opened below: every action of a row, every deed, what is done with those chosen in a list.
IN_TURN = {
    "attention_act", "orders_order_do", "orders_product_stock", "refunds_dispute_do", "refunds_payout_do",
    "refunds_ticket_bulk", "refunds_ticket_do",
}  # fmt: skip
# They answer a POST only, lead on, or give a part of a page or no page at all.
NO_PAGES = {
    "aftersales_job_cancel", "aftersales_job_file", "app_list", "autocomplete", "figures_table", "help_enquiry_do",
    "jsi18n", "login", "logout", "password_change", "password_change_done", "refunds_dispute_holder",
    "refunds_dispute_next", "refunds_notice_send_again", "search", "view_on_site",
}  # fmt: skip
PARTS = ("_assign", "_here", "_jot", "_note", "_preview", "_process_import", "_put_back")


def test_no_page_is_forgotten():
    names = {name for name in get_resolver().namespace_dict["admin"][1].reverse_dict if isinstance(name, str)}
    of_models = {
        f"{model._meta.app_label}_{model._meta.model_name}_{name}"
        for model in (page.model for page in PAGES.values())
        for name in STANDARD
    }
    parts = {name for name in names if name.endswith(PARTS)}
    assert names - of_models - parts == {*BESIDE} | IN_TURN | NO_PAGES


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.long
def test_page_looks_right(transactional_db, live_server, settings, chromium, monkeypatch, look):
    """In the quick suite each page is opened once, by whom works there, and contrast is left to the longer one."""
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = live_server.url, ["*"]
    monkeypatch.setitem(kinds.KINDS, Nothing.name, Nothing())
    cast = make_cast()
    rows = a_row_of_each(cast)
    opened = set()
    for who, person in (("supervisor", supervisor()), ("owner", cast.bob), ("operator", cast.operator)):
        client = Client()
        client.force_login(person)
        with reading(chromium, look, who, serious=True) as reader:
            carry(client, reader.page.context, live_server.url)
            speak(reader.page, look)
            for name, url in _pages(client, who, asking(person), rows):
                if not EVERY and (url in opened or name in opened):
                    continue
                opened |= {name, url}
                answer = reader.page.goto(url)
                assert answer is not None
                assert answer.status == 200, url
                reader.look(name) if EVERY else reader.judge(name, contrast=False)


def _pages(client, who, request, rows):
    """(name, address) of what a role opens; pages that look alike, whatever they are about, have one name. In the quick
    suite only an operator opens what nobody has to work through."""
    for label, row in rows.items():
        page = PAGES[label]
        works = hasattr(page, "ways")
        if EVERY or works or who == "operator":
            for name, letter in STANDARD.items():
                if letter in TABLE[label][ROLES.index(who)]:
                    yield name if name in ALIKE else f"{label}-{name}", address(row, name)
        if works and page.get_queryset(request).filter(pk=row.pk).exists():
            for offer in page.offers(request, row).values():
                yield f"{label}-{offer.name}", offer.url
    for name, (label, whose) in BESIDE.items():
        if who in whose:
            yield name, reverse(f"admin:{name}", args=[rows[label].pk] if label else [])
    if who == "operator":
        for section in SECTIONS:
            if section.deed:
                yield "deed", reverse("admin:attention_act", args=[section.slug])
    if who == "owner":
        for label, action in (("refunds.Ticket", "reject_many"), ("orders.Product", "restock")):
            chosen = {"action": action, "_selected_action": [rows[label].pk], "index": 0, "token": uuid4()}
            yield f"{label}-{action}", client.post(address(rows[label], "changelist"), chosen).url
