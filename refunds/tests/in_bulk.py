"""Work on many tickets at once, as its pages are used: chosen in the list, looked at, confirmed."""

from django.urls import reverse

from aftersales.jobs.models import Job
from aftersales.testing import file, one, pay, place, ship

LIST = reverse("admin:refunds_ticket_changelist")


def filed(cast, **more):
    order = pay(place(cast))
    return file(order, {order.lines.get(sku=cast.mug).pk: 1}, **more)


def to_exchange(cast):
    order = ship(pay(place(cast, {cast.mug: 1})), cast)
    return file(order, {order.lines.get().pk: 1}, kind="exchange")


def choose(client, action, tickets, token="6f1c9a3e-5a7d-4f0e-9f3c-0d6a2b6c9b11", **more):
    data = {"action": f"{action}_many", "_selected_action": [t.pk for t in tickets], "token": token, "index": 0}
    return client.post(LIST + "?queue=all", {**data, **more})


def planned(client, action, tickets, **more):
    response = choose(client, action, tickets, **more)
    assert response.status_code == 302, response.content
    return response.url


def confirm(client, url, **fields):
    """Look at the dry run, and confirm what it says."""
    seen = client.post(url, fields) if fields else client.get(url)
    assert seen.status_code == 200
    return client.post(url, {**fields, "seen": seen.context["promised"].digest, "confirmed": "1"})


def states(*tickets):
    return [one(ticket).get().state for ticket in tickets]


def results(job):
    return dict(job.rows.values_list("key", "code"))


def job_of(url):
    return Job.objects.get(token=url.rstrip("/").rsplit("/", 1)[1])
