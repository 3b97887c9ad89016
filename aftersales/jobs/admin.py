"""The pages of background jobs: one's own and those of one's shops, how far they are, and what became of each row."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.files.storage import default_storage
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from aftersales.jobs.kinds import KINDS, kind_of
from aftersales.jobs.models import Job, JobError
from aftersales.jobs.verbs import cancel
from aftersales.lifecycle.admin import ByRole, person
from aftersales.lifecycle.errors import Conflict
from aftersales.models import User

ROWS_A_PAGE = 50


class JobPages(ByRole[Job]):
    """The pages of jobs; the app that knows shops registers them. Nothing is added here: pages of other things ask for
    jobs."""

    seller_may = frozenset({"view"})
    cs_may = frozenset({"view"})
    list_display = ("title", "badge", "progress", "by", "shop", "created_at")
    list_display_links = ("title",)
    list_select_related = ("by", "shop")
    ordering = ("-pk",)

    def narrow(self, rows: Any, user: User) -> QuerySet[Job]:
        found: QuerySet[Job] = rows.of(user).filter(kind__in=KINDS)
        return found

    @admin.display(description=gettext_lazy("work"))
    def title(self, job: Job) -> str:
        return kind_of(job).title(job)

    @admin.display(description=gettext_lazy("state"))
    def badge(self, job: Job) -> str:
        return format_html('<span class="badge badge-{}">{}</span>', *job.stands_at)

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, job: Job) -> str:
        return f"{job.seen} / {job.planned}" if job.planned is not None else str(job.seen)

    def decides(self, request: HttpRequest, job: Job) -> bool:
        """Whoever asked for it, and an owner of its shop."""
        return person(request).pk == job.by_id or (job.shop_id is not None and self.is_owner(request, job))

    def may_cancel(self, request: HttpRequest, job: Job) -> bool:
        """Who decides about it, and an operator."""
        return self.decides(request, job) or person(request).is_superuser

    # --- pages --------------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:key>/file/", wrap(self.file_view), name="aftersales_job_file"),
            path("<int:key>/cancel/", wrap(require_POST(self.cancel_view)), name="aftersales_job_cancel"),
            *super().get_urls(),
        ]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The job's page; to a request of htmx only how far it is, and once it has ended, the word to load it all."""
        job = self.get_object(request, object_id) if object_id else None
        if job is None:
            raise Http404
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        page = {"job": job, "title": self.title(job), "badge": self.badge(job), "trouble": _trouble(job)}
        if request.headers.get("HX-Request"):
            answer = TemplateResponse(request, "admin/jobs/progress.html", page)
            if job.ended_at:
                answer["HX-Refresh"] = "true"
            return answer
        rows = Paginator(job.rows.order_by("ok", "pk"), ROWS_A_PAGE).get_page(request.GET.get("p"))
        kind, waits = kind_of(job), job.ready_at is None and job.ended_at is None
        page |= {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "page": rows,
            "rows": [(row, kind.link(row), kind.sentence(row) if row.ok is False else "") for row in rows],
            "asks_at": kind.asks_at(job) if waits and self.decides(request, job) else "",
            "may_cancel": not job.ended_at and self.may_cancel(request, job),
            "may_have_file": _file_of(job, person(request)) is not None,
        }
        return TemplateResponse(request, "admin/jobs/job.html", page)

    def cancel_view(self, request: HttpRequest, key: int) -> HttpResponse:
        job = self.get_object(request, str(key))
        if job is None or not self.may_cancel(request, job):
            raise Http404
        try:
            cancel(Job.objects.filter(pk=job.pk))
        except Conflict:
            self.message_user(request, _("It had ended already."))
        else:
            self.message_user(request, _("Cancelled. What was done stays done."))
        return HttpResponseRedirect(reverse("admin:aftersales_job_change", args=[key]))

    def file_view(self, request: HttpRequest, key: int) -> FileResponse:
        """What the job made, for the person who asked for it, until its time is over; for everybody else a 404."""
        job = self.get_object(request, str(key))
        name = _file_of(job, person(request)) if job else None
        if job is None or name is None or not default_storage.exists(name):
            raise Http404
        answer = FileResponse(default_storage.open(name), as_attachment=True, filename=job.file_name)
        answer["Cache-Control"] = "private, no-store"
        answer["X-Content-Type-Options"] = "nosniff"
        return answer


def _file_of(job: Job, user: User) -> str | None:
    """The private name of the file that a person may have."""
    lasts = job.expires_at is not None and job.expires_at > timezone.now()
    return job.file if job.file and lasts and job.ended_at and user.pk == job.by_id else None


def _trouble(job: Job) -> str:
    """Why a job failed, or goes on only after a pause, in words for whoever asked for it."""
    if job.trouble == JobError.NO_RIGHTS:
        return str(JobError.NO_RIGHTS.label)
    if not job.trouble:
        return ""
    if job.ended_at:
        return _("A mistake on our side. What is marked as done is done; the rest was not touched.")
    return _("Something went wrong on our side. It is tried again by itself.")
