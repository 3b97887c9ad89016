"""The buyer's after-sale pages, everybody's inbox, and the channels' notices."""

from django.urls import path, re_path

from orders.urls import NUMBER
from refunds.views.apply import amend, apply
from refunds.views.evidence import drop_upload, evidence, thumbnail, upload, uploads
from refunds.views.inbox import inbox, read
from refunds.views.label import label, scan
from refunds.views.notice_settings import notice_settings, unsubscribe
from refunds.views.notices import notice
from refunds.views.tickets import act, act_on_dispute, news, ticket, ticket_list
from refunds.views.ways import DISPUTE_WAYS, WAYS

app_name = "refunds"
urlpatterns = [
    re_path(rf"{NUMBER}refund/$", apply, name="apply"),
    path("tickets/", ticket_list, name="tickets"),
    path("tickets/<slug:number>/", ticket, name="ticket"),
    path("tickets/<slug:number>/news/", news, name="news"),
    path("tickets/<slug:number>/label/", label, name="label"),
    path("tickets/<slug:number>/scan/", scan, name="scan"),
    path("tickets/<slug:number>/amend/", amend, name="amend"),
    *(path(f"tickets/<slug:number>/{name}/", act, {"action": name}, name=name) for name in WAYS),
    *(
        path(f"tickets/<slug:number>/dispute/{name}/", act_on_dispute, {"action": name}, name=name)
        for name in DISPUTE_WAYS
    ),
    path("evidence/<int:pk>/", evidence, name="evidence"),
    path("evidence/<int:pk>/small/", thumbnail, name="thumbnail"),
    path("uploads/", uploads, name="uploads"),
    path("uploads/<uuid:token>/", upload, name="upload"),
    path("uploads/<uuid:token>/delete/", drop_upload, name="drop_upload"),
    path("inbox/", inbox, name="inbox"),
    path("inbox/read/", read, name="read"),
    path("account/notices/", notice_settings, name="notice_settings"),
    path("unsubscribe/<str:token>/", unsubscribe, name="unsubscribe"),
    path("notices/<slug:channel>/", notice, name="notices"),
]
