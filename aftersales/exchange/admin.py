"""The admin's pages for tables: taking rows out as shown in a list, and bringing rows in after a preview."""

from __future__ import annotations

from typing import Any, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from import_export.admin import ExportMixin, ImportMixin
from import_export.tmp_storages import CacheStorage
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from aftersales.exchange.formats import FORMATS
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
        if not self.has_export_permission(request):
            raise Http404
        return answered(super().export_action(request), "form")


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
