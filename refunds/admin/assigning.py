"""Who of the shop works on a ticket: shown on its page to the shop's own people, and given from there."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from aftersales import actors
from aftersales.changes.models import Act, Change
from aftersales.lifecycle.admin import person
from aftersales.lifecycle.errors import Conflict, Refused
from aftersales.lifecycle.forms import refuse
from aftersales.models import User
from orders.models import ShopStaff
from refunds import actions
from refunds.admin.bulk_forms import AssignManyForm
from refunds.admin.tools import WithTools
from refunds.lifecycle import TICKET
from refunds.models import Ticket
from refunds.models.desk import Audience


class Assigns(WithTools[Ticket]):
    """Beside the page of a ticket. Who shares work how in a shop is no business of customer service."""

    def is_told_of_shop(self, request: HttpRequest, row: Ticket) -> bool:
        """Whether the person reads what the shop's people keep for each other."""
        return Audience.SHOP in self.reads(request, self.audience(request, row))

    def may_assign(self, request: HttpRequest, row: Ticket) -> bool:
        """For who works in its shop, as long as there is something to work on."""
        return self.audience(request, row) == Audience.SHOP and not TICKET.state(row.state).final

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [path("<int:key>/assign/", wrap(self.assign_view), name="refunds_ticket_assign"), *super().get_urls()]

    def changes_of(self, request: HttpRequest, row: Ticket) -> QuerySet[Change]:
        found = super().changes_of(request, row)
        return found if self.is_told_of_shop(request, row) else found.exclude(act=Act.CHANGED)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **rest: Any) -> Any:
        if row := rest.get("obj"):
            context |= self.hands(request, row)
        return super().render_change_form(request, context, *args, **rest)

    def hands(self, request: HttpRequest, row: Ticket, form: AssignManyForm | None = None) -> dict[str, Any]:
        """Who has it, and for who may the forms that give it on: to somebody who is chosen, and to oneself."""
        found: dict[str, Any] = {"tells_hands": self.is_told_of_shop(request, row)}
        if self.may_assign(request, row):
            found["assign_url"] = self._url("assign", row.pk)
            found["assign_form"] = form or _form(row, initial={"to": row.assignee_id})
            me = ShopStaff.objects.get(shop=row.shop_id, user=person(request)).pk
            found["me"] = me if me != row.assignee_id else None
        return found

    def assign_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Give the ticket to somebody of its shop, or to nobody. 404 for who does not work there, 422 for anybody who
        does not either."""
        row = self._asked(request, key)
        if not self.may_assign(request, row):
            raise Http404
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form = _form(row, request.POST)
        if form.is_valid():
            try:
                _give(row, person(request), form.cleaned_data["to"])
                return HttpResponseRedirect(self._url("change", row.pk))
            except Refused as error:
                refuse(form, error)
            except Conflict:
                return self._conflict(request, row, busy=True)
        context = {**self.hands(request, row, form), "title": _("Assign")}
        answer: HttpResponse = self._page(request, row, "admin/refunds/ticket/assign.html", context, 422)
        return answer


def _form(row: Ticket, *args: Any, **kwargs: Any) -> AssignManyForm:
    """Named apart from the other forms of the page."""
    return AssignManyForm(row.shop_id, *args, auto_id="assign_%s", **kwargs)


def _give(row: Ticket, by: User, to: ShopStaff | None) -> None:
    """As of many. Raises Refused with why the one was not given."""
    refused = actions.assign_many(Ticket.objects.of_shop(by), actors.seller(by), {row.pk: row.version}, to)
    for why in refused.values():
        raise why
