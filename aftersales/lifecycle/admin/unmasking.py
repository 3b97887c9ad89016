"""A page that shows personal data masked, and the way to have it shown for a while: by a reason, which is recorded."""

from __future__ import annotations

from typing import Any, TypeVar

from django import forms
from django.contrib.admin.utils import unquote
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from aftersales import masks
from aftersales.changes.models import Act
from aftersales.changes.record import record
from aftersales.lifecycle.admin.rights import ByRole, person

M = TypeVar("M", bound=models.Model)


class Why(models.TextChoices):
    """What a person needs to know it for."""

    SENDING = "sending", pgettext_lazy("unmask", "Something has to be sent")
    CALLING = "calling", pgettext_lazy("unmask", "The person has to be called or written to")
    IDENTITY = "identity", pgettext_lazy("unmask", "The person has to prove who they are")
    FRAUD = "fraud", pgettext_lazy("unmask", "Suspected fraud")
    LAW = "law", pgettext_lazy("unmask", "An authority or the law asks for it")


class UnmaskForm(forms.Form):
    why = forms.ChoiceField(label=gettext_lazy("What for"), choices=[("", "---------"), *Why.choices])
    words = forms.CharField(
        label=gettext_lazy("In your words"),
        widget=forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}),
        max_length=300,
        help_text=gettext_lazy("It is kept for good, with your name. Name the case, not the person."),
    )

    @property
    def reason(self) -> str:
        return f"{Why(self.cleaned_data['why']).label}: {self.cleaned_data['words']}"


class Unmasks(ByRole[M]):
    """Rows that this page opens know by `row.unmasked` whether they may be shown as they are; rows of lists never may.
    Whoever may see the row may ask, but not an auditor, who leaves no traces."""

    change_form_outer_before_template = "admin/unmask/bar.html"

    def sees(self, request: HttpRequest, row: M) -> bool:
        """Whether the person sees the personal data now."""
        return masks.is_shown(request, row)

    def may_unmask(self, request: HttpRequest, row: M) -> bool:
        return not person(request).is_auditor

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> M | None:
        row: Any = super().get_object(request, object_id, from_field)
        if row is not None:
            row.unmasked = self.sees(request, row)
        return row  # type: ignore[no-any-return]

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_unmask"
        return [path("<int:key>/unmask/", self.admin_site.admin_view(self.unmask), name=name), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **rest: Any) -> Any:
        row = rest.get("obj")
        if row is not None and self.may_unmask(request, row):
            name = f"admin:{self.opts.app_label}_{self.opts.model_name}_unmask"
            context |= {"unmask": reverse(name, args=[row.pk]), "unmasked": getattr(row, "unmasked", False)}
            context["asked"] = masks.is_shown(request, row)
        return super().render_change_form(request, context, *args, **rest)

    def unmask(self, request: HttpRequest, key: int) -> HttpResponse:
        """GET asks why, POST records it and shows the data for a while. 422 without a reason."""
        row = self.get_object(request, unquote(str(key)))
        if row is None or not self.has_view_permission(request, row) or not self.may_unmask(request, row):
            raise Http404
        form = UnmaskForm(request.POST if request.method == "POST" else None)
        back = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])
        if request.method == "POST" and form.is_valid():
            with transaction.atomic():
                record(person(request), Act.UNMASKED, row, reason=form.reason)
                masks.show(request, row)
            return HttpResponseRedirect(back)
        context = {**self.admin_site.each_context(request), "opts": self.opts, "form": form, "back": back}
        context |= {"title": _("Show personal data"), "minutes": int(masks.SHOWN_FOR.total_seconds()) // 60}
        return TemplateResponse(request, "admin/unmask/ask.html", context, status=422 if form.errors else 200)
