"""Background jobs, for those who asked for them and for the shops that they are about."""

from __future__ import annotations

from django.contrib import admin

from aftersales.jobs.admin import JobPages
from aftersales.jobs.models import Job
from orders.admin.rights import OfShop


@admin.register(Job)
class JobAdmin(JobPages, OfShop[Job]):
    pass
