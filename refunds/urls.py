"""The buyer's after-sale pages, everybody's inbox, and the channels' notices."""

from django.urls import path, re_path

from orders.urls import NUMBER
from refunds.views.apply import amend, apply
from refunds.views.evidence import evidence
from refunds.views.inbox import inbox, read
from refunds.views.notices import notice
from refunds.views.tickets import confirm, send_waybill, ticket, ticket_list, withdraw

app_name = "refunds"
urlpatterns = [
    re_path(rf"{NUMBER}refund/$", apply, name="apply"),
    path("tickets/", ticket_list, name="tickets"),
    path("tickets/<slug:number>/", ticket, name="ticket"),
    path("tickets/<slug:number>/amend/", amend, name="amend"),
    path("tickets/<slug:number>/withdraw/", withdraw, name="withdraw"),
    path("tickets/<slug:number>/send_waybill/", send_waybill, name="send_waybill"),
    path("tickets/<slug:number>/confirm/", confirm, name="confirm"),
    path("evidence/<int:pk>/", evidence, name="evidence"),
    path("inbox/", inbox, name="inbox"),
    path("inbox/read/", read, name="read"),
    path("notices/<slug:channel>/", notice, name="notices"),
]
