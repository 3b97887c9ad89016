"""A table that is too big to wait for: a worker writes it in pieces, and the person fetches the file while it lasts."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from tablib import Dataset

from aftersales.exchange.formats import Csv
from aftersales.jobs.files import keep, offer
from aftersales.jobs.kinds import Kind
from aftersales.jobs.models import Job

# Rows of one piece, a second or two of work.
PIECE = 2_000


class Export(Kind):
    """params: model, the list as "app.model"; query, what it was narrowed by. The list is read with the person's rights
    of the moment; rows that came later than a piece are not in it."""

    name = "export"
    label = gettext_lazy("Export")

    def title(self, job: Job) -> str:
        return _("Export: %(rows)s") % {"rows": apps.get_model(job.params["model"])._meta.verbose_name_plural}

    def step(self, job: Job) -> bool:
        page: Any = admin.site._registry[apps.get_model(job.params["model"])]
        request = _as(job)
        if not page.has_export_permission(request):
            raise PermissionDenied
        table = page.get_export_resource_classes(request)[0](user=job.by)
        rows = table.filter_export(page.get_export_queryset(request)).order_by("pk")
        if job.planned is None:
            job.planned = rows.count()
        # {"after": the last key, "pieces": how many there are}
        at = job.cursor or {"after": 0, "pieces": 0}
        piece = list(rows.filter(pk__gt=at["after"])[:PIECE])
        if not piece:
            self._finish(job, at["pieces"])
            return False
        told = Dataset(*(table.export_resource(row) for row in piece), headers=table.get_export_headers())
        data = Csv().export_data(told)
        if at["pieces"]:
            data = data.partition("\r\n")[2]
        keep(job, f"{at['pieces']:06}", ContentFile(data.encode()))
        job.cursor = {"after": piece[-1].pk, "pieces": at["pieces"] + 1}
        job.done += len(piece)
        # What came in meanwhile was counted by nobody.
        job.planned = max(job.planned, job.done)
        return True

    def _finish(self, job: Job, pieces: int) -> None:
        """One file of all pieces; spreadsheets take it for UTF-8 by its mark."""
        whole = BytesIO(b"\xef\xbb\xbf")
        whole.seek(0, 2)
        for number in range(pieces):
            with default_storage.open(f"jobs/{job.token}/{number:06}") as part:
                whole.write(part.read())
        whole.seek(0)
        offer(job, keep(job, "table.csv", File(whole)), f"{job.params['model'].partition('.')[2]}.csv")


def _as(job: Job) -> HttpRequest:
    """The list as the person asked for it."""
    request = HttpRequest()
    request.method, request.user = "GET", job.by
    request.GET = QueryDict(job.params["query"])
    return request
