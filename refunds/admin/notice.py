"""Notices: what was sent, what waits, and what could not be sent."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from aftersales import masks
from aftersales.changes.models import Act
from aftersales.changes.record import record
from aftersales.lifecycle.admin import ByRole, person
from aftersales.models import User
from aftersales.wake import wake
from refunds import notice_words
from refunds.models import Notice
from refunds.notices import SEND

STATUSES: dict[str, tuple[Any, Q]] = {
    "failed": (gettext_lazy("Could not be sent"), Q(failed_at__isnull=False, tries__gt=0)),
    "untried": (gettext_lazy("Not worth sending"), Q(failed_at__isnull=False, tries=0)),
    "waiting": (gettext_lazy("Waiting"), Q(next_at__isnull=False)),
    "sent": (pgettext_lazy("notice", "Sent"), Q(sent_at__isnull=False)),
    "inbox": (gettext_lazy("In the inbox only"), Q(channel="inbox")),
}


def send_again(notices: QuerySet[Notice]) -> int:
    """Begin anew with e-mails that were given up. Returns how many there were."""
    number = notices.filter(failed_at__isnull=False).update(failed_at=None, next_at=Now(), tries=0)
    if number:
        wake(SEND)
    return number


class StatusFilter(admin.SimpleListFilter):
    """What became of an e-mail."""

    title = gettext_lazy("sending")
    parameter_name = "sending"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(name, label) for name, (label, _condition) in STATUSES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = STATUSES.get(self.value() or "")
        return queryset.filter(chosen[1]) if chosen else queryset


@admin.register(Notice)
class NoticeAdmin(ByRole[Notice]):
    """Operators look; the one thing that they do is to send again what was given up."""

    change_form_template = "admin/refunds/notice.html"
    list_display = ("subject", "told", "channel", "sending", "tries", "complaint", "created_at")
    list_filter = (StatusFilter, "channel")
    list_select_related = ("person",)
    search_fields = ("person__email__startswith", "number__startswith")
    search_help_text = gettext_lazy(
        "E-mail of the person, or number of the order, ticket or payout, from its beginning"
    )
    ordering: ClassVar[Any] = ("-pk",)
    fields = (
        "subject", "told", "role", "channel", "shown_page", "about", "due_at", "sending", "tries", "next_at",
        "sent_at", "failed_at", "complaint", "read_at", "created_at",
    )  # fmt: skip

    def narrow(self, rows: Any, user: User) -> QuerySet[Notice]:
        return cast("QuerySet[Notice]", rows)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:key>/send-again/", wrap(self.send_again_view), name="refunds_notice_send_again"),
            *super().get_urls(),
        ]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **rest: Any) -> Any:
        row: Notice | None = rest.get("obj")
        if row is not None and row.failed_at and person(request).is_superuser:
            context["complaint"] = self.complaint(row)
            context["send_again"] = reverse("admin:refunds_notice_send_again", args=[row.pk])
        return super().render_change_form(request, context, *args, **rest)

    def send_again_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """An operator has mended the cause, and wants the e-mail sent."""
        row = self.get_object(request, str(key))
        if row is None or not person(request).is_superuser:
            raise Http404
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if send_again(Notice.objects.filter(pk=row.pk)):
            record(person(request), Act.SENT_AGAIN, row)
            self.message_user(request, _("The e-mail will be sent again."), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:refunds_notice_change", args=[row.pk]))

    @admin.display(description=gettext_lazy("subject"))
    def subject(self, row: Notice) -> str:
        return notice_words.subject(row)

    @admin.display(description=gettext_lazy("person"))
    def told(self, row: Notice) -> str:
        return masks.called(row.person)

    @admin.display(description=gettext_lazy("the mail server’s last complaint"))
    def complaint(self, row: Notice) -> str:
        return masks.within(row.trouble)

    @admin.display(description=gettext_lazy("page"))
    def shown_page(self, row: Notice) -> str:
        return format_html('<a href="{0}">{0}</a>', row.path)

    @admin.display(description=gettext_lazy("sending"))
    def sending(self, row: Notice) -> str:
        if row.failed_at:
            return format_html('<span class="late">{}</span>', STATUSES["failed" if row.tries else "untried"][0])
        return str(STATUSES["waiting" if row.next_at else "sent" if row.sent_at else "inbox"][0])
