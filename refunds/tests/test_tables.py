"""Orders and tickets leave as tables, narrowed like their lists; orders come in as the importer takes them."""

import pytest
import tablib
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from aftersales.changes.models import Change
from aftersales.jobs.models import Job
from aftersales.jobs.work import step
from orders.importing.rows import COLUMNS
from orders.models import Order
from refunds.models import Ticket
from refunds.tests.at_admin import unshipped as filed

HEAD = ",".join(COLUMNS)
LINE = "X-{no},b-1,shop,2026-03-01T08:00:00Z,CNY,s-{no},Cup,,2,1000,0,1000"


def exported(client, name, query=""):
    response = client.post(reverse(f"admin:{name}_export") + query, {"format": "0", "resource": "0"})
    if response.status_code != 200:
        return response.status_code
    return tablib.Dataset().load(response.content.decode("utf-8-sig"), format="csv").dict


def imported(client, *lines):
    file = SimpleUploadedFile("orders.csv", "\n".join((HEAD, *lines)).encode())
    return client.post(reverse("admin:orders_order_import"), {"format": "0", "resource": "0", "import_file": file})


def test_what_leaves_is_what_the_list_shows(cast, client, django_assert_max_num_queries):
    ticket = filed(cast)
    client.force_login(cast.bob)
    with django_assert_max_num_queries(12):
        rows = exported(client, "refunds_ticket")
    assert [(row["ticket"], row["state"], row["amount_cents"]) for row in rows] == [
        (ticket.number, ticket.state, str(ticket.amount))
    ]
    assert exported(client, "refunds_ticket", "?q=T-none") == []
    assert {row["order_no"] for row in exported(client, "orders_order", "?queue=all")} == {ticket.order.number}


def test_a_big_table_is_made_by_a_worker_in_pieces(cast, client, settings, monkeypatch):
    settings.EXPORT_ROWS = 1
    monkeypatch.setattr("aftersales.exchange.work.PIECE", 2)
    orders = [filed(cast).order for _ in range(3)]
    client.force_login(cast.bob)
    response = client.post(reverse("admin:orders_order_export") + "?queue=all", {"format": "0", "resource": "0"})
    job = Job.objects.get()
    assert response.url == reverse("admin:aftersales_job_change", args=[job.pk])
    while step():
        pass
    job.refresh_from_db()
    assert (job.outcome, job.done, job.planned) == ("finished", 6, 6)
    with default_storage.open(job.file) as file:
        rows = tablib.Dataset().load(file.read().decode("utf-8-sig"), format="csv").dict
    assert [row["order_no"] for row in rows] == [order.number for order in orders for _line in range(2)]
    assert [change.act for change in Change.objects.all()] == ["exported"]


@pytest.mark.parametrize(("who", "tickets"), [("dave", []), ("alice", 302), ("operator", 1)])
def test_nobody_takes_out_what_they_do_not_see(cast, client, who, tickets):
    filed(cast)
    client.force_login(getattr(cast, who))
    found = exported(client, "refunds_ticket")
    assert (len(found) if isinstance(found, list) and found else found) == tickets


def test_orders_come_in_after_they_were_shown(cast, client):
    client.force_login(cast.operator)
    shown = imported(client, LINE.format(no=1), LINE.format(no=2))
    assert (shown.status_code, Order.objects.count()) == (200, 0)
    assert shown.context["result"].totals["new"] == 2
    confirmed = shown.context["confirm_form"].initial
    done = client.post(reverse("admin:orders_order_process_import"), confirmed)
    assert (done.status_code, Order.objects.count()) == (302, 2)
    assert set(Order.objects.values_list("state", flat=True)) == {"awaiting_receipt"}
    again = imported(client, LINE.format(no=1))
    assert again.context["result"].totals["skip"] == 1


def test_one_bad_line_brings_in_nothing(cast, client):
    client.force_login(cast.operator)
    response = imported(client, LINE.format(no=1), LINE.format(no=2).replace("CNY", "yuan"))
    assert response.status_code == 422
    assert [row.number for row in response.context["result"].invalid_rows] == [2]
    assert Order.objects.count() == 0


def test_sellers_bring_in_no_orders(cast, client):
    client.force_login(cast.bob)
    assert imported(client, LINE.format(no=1)).status_code == 404
    assert client.post(reverse("admin:orders_order_process_import"), {}).status_code == 404
    assert Order.objects.count() == 0
    assert Ticket.objects.count() == 0
