"""The admin's pages for tables: taking rows out as shown in a list, and bringing rows in after a preview."""

from __future__ import annotations

from typing import Any, TypeVar

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from import_export.admin import ExportMixin, ImportMixin
from import_export.tmp_storages import CacheStorage
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from aftersales.changes.models import Act
from aftersales.changes.record import record_list
from aftersales.exchange.formats import FORMATS
from aftersales.jobs.models import Job
from aftersales.jobs.verbs import release
from aftersales.lifecycle.admin import ByRole, person

M = TypeVar("M", bound=Model)
MOST_BYTES = 5 * 1024 * 1024


class FileForm(ImportForm):  # type: ignore[misc]  # comes without types
    def clean_import_file(self) -> Any:
        file = self.cleaned_data["import_file"]
        if file.size > MOST_BYTES:
            raise ValidationError(_("At most %(most)s MB. Split the file.") % {"most": MOST_BYTES // 1024 // 1024})
        return file


class _Tables:
    """One table a list, for the person who asks."""

    def get_export_formats(self) -> list[Any]:
        return list(FORMATS)

    get_import_formats = get_export_formats

    def get_resource_kwargs(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {"user": person(request)}

    get_import_resource_kwargs = get_export_resource_kwargs = get_resource_kwargs


class Exports(_Tables, ExportMixin, ByRole[M]):  # type: ignore[misc]  # comes without types
    """A list that can be taken out: what is shown, with its search and filters. `export` is one of the rights."""

    export_form_class = ExportForm
    # Spreadsheets take a CSV file for UTF-8 by its mark only.
    to_encoding = "utf-8-sig"

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "export")

    def export_action(self, request: HttpRequest) -> HttpResponse:
        """The file, or the page of the job that makes one which is too big to wait for. Both are written down."""
        if not self.has_export_permission(request):
            raise Http404
        if request.method == "POST" and self._is_big(request):
            return self._in_background(request)
        response = answered(super().export_action(request), "form")
        if response.get("Content-Disposition"):
            record_list(person(request), Act.EXPORTED, self.model, reason=request.GET.urlencode())
        return response

    def _is_big(self, request: HttpRequest) -> bool:
        rows = self.get_export_queryset(request).order_by()[: settings.EXPORT_ROWS + 1]
        return bool(rows.count() > settings.EXPORT_ROWS)

    def _in_background(self, request: HttpRequest) -> HttpResponse:
        params = {"model": self.opts.label_lower, "query": request.GET.urlencode()}
        with transaction.atomic():
            job = Job.objects.create(kind="export", by=person(request), params=params)
            record_list(person(request), Act.EXPORTED, self.model, reason=params["query"])
        release(Job.objects.filter(pk=job.pk), person(request))
        messages.info(request, _("This is a big table: it is made in the background, as CSV. Fetch it here."))
        return redirect("admin:aftersales_job_change", job.pk)


class Imports(_Tables, ImportMixin, ByRole[M]):  # type: ignore[misc]  # comes without types
    """A list into which a table can be brought: it is shown what will change before anything does. `import` is one of
    the rights."""

    import_form_class = FileForm
    # Read by any web process, and gone by itself when nobody confirms.
    tmp_storage_class = CacheStorage
    skip_admin_log = True

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.may(request, "import")

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The file is asked for, then what it would do is shown; nothing is changed here."""
        if not self.has_import_permission(request):
            raise Http404
        return answered(super().import_action(request, **kwargs), "form")

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """What was shown is done, in one transaction, or refused as a whole."""
        if request.method == "POST" and not self.has_import_permission(request):
            raise Http404
        return answered(super().process_import(request, **kwargs), "confirm_form")

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        """Rows may have changed since they were shown: then nothing has been done, and it is said why."""
        if not result.has_errors() and not result.has_validation_errors():
            done = {name: number for name, number in result.totals.items() if number}
            file = request.POST.get("original_file_name", "")
            record_list(person(request), Act.IMPORTED, self.model, after=done, reason=file)
            response: HttpResponse = super().process_result(result, request)
            return response
        form = self.create_import_form(request)
        context = {**self.admin_site.each_context(request), "title": _("Import"), "form": form, "opts": self.opts}
        context |= {"result": result, "media": self.media + form.media, "import_error_display": ("message",)}
        return TemplateResponse(request, self.import_template_name, context, status=422)


class ExportsAndImports(Exports[M], Imports[M]):
    """Out and back in; both buttons stand over the list."""

    import_export_change_list_template = "admin/import_export/change_list_import_export.html"


def answered(response: HttpResponse, form: str) -> HttpResponse:
    """A form or a file with errors is answered as one."""
    context: Any = getattr(response, "context_data", None) or {}
    result, asked = context.get("result"), context.get(form)
    bad = result is not None and (result.has_errors() or result.has_validation_errors())
    if bad or (isinstance(asked, forms.Form) and asked.errors):
        response.status_code = 422
    return response
