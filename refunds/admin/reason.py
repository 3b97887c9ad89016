"""Why buyers file and sellers reject."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from aftersales.lifecycle.admin import ByRole
from aftersales.models import User
from refunds.models import Reason


@admin.register(Reason)
class ReasonAdmin(ByRole[Reason]):
    """Operators only. A reason that is no longer wanted goes out of use; history keeps it."""

    operator_may = frozenset({"view", "add", "change"})
    list_display = ("label_en", "label_zh", "side", "code", "needs_proof", "in_use", "position")
    list_filter = ("side", "in_use")
    search_fields = ("label_en", "label_zh", "code")

    def narrow(self, rows: Any, user: User) -> QuerySet[Reason]:
        return cast("QuerySet[Reason]", rows)

    def get_readonly_fields(self, request: HttpRequest, obj: Reason | None = None) -> tuple[str, ...]:
        """Tickets refer to the code for ever."""
        return ("side", "code") if obj else ()
