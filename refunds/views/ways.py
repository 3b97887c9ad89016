"""How the buyer does each action of a ticket and of its dispute: the form, the verb, what is said when it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from aftersales.actors import Actor, Role
from aftersales.lifecycle.offers import open_to_each
from aftersales.lifecycle.rows import Row
from aftersales.lifecycle.table import Lifecycle
from refunds import actions
from refunds.forms.ticket import (
    ActionForm,
    AppealForm,
    CallForm,
    DeclineForm,
    MendForm,
    MessageForm,
    OfferForm,
    RulingForm,
    WaybillForm,
)
from refunds.lifecycle import DISPUTE, TICKET
from refunds.models import Dispute, ReturnParcel, Ruling, Ticket
from refunds.states import TicketState

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


def _once(row: Any) -> list[dict[str, Any]]:
    return [{}]


@dataclass(frozen=True)
class Way:
    """`do` calls the verb with rows of one, the actor, and the cleaned form.

    done    what is said when it is done
    present the present values of each form that the page shows: one of it, unless it is about something of the row
    leads   it is what the page waits for, shown open; the others wait behind a disclosure
    """

    do: Callable[[QuerySet[Any], Actor, Any], object]
    done: str | _StrPromise
    form: type[ActionForm] = ActionForm
    present: Callable[[Any], Sequence[dict[str, Any]]] = _once
    leads: bool = False


@dataclass(frozen=True)
class Ask:
    """One form of the page and the address that it is sent to; an action with a page of its own has no form."""

    action: str
    url: str
    form: ActionForm | None = None
    leads: bool = False

    @property
    def template(self) -> str:
        return f"refunds/actions/{self.action}.html"


def mendable(ticket: Ticket) -> list[ReturnParcel]:
    """What the buyer has sent and nobody has signed for."""
    return [parcel for parcel in ticket.parcels.all() if not (parcel.to_buyer or parcel.signed_at)]


def _standing(ticket: Ticket) -> list[dict[str, Any]]:
    offer: dict[str, Any] | None = ticket.standing  # type: ignore[attr-defined]  # read with it
    return [{"offer": offer["id"]}] if offer else []


def _last_ruling(dispute: Dispute) -> list[dict[str, Any]]:
    given: list[Ruling] = dispute.given  # type: ignore[attr-defined]  # read with it, the last one first
    return [{"ruling": given[0].pk}] if given else []


def _waybill(verb: Callable[..., object]) -> Callable[[QuerySet[Ticket], Actor, WaybillForm], object]:
    return lambda rows, by, form: verb(rows, by, form.cleaned_data["carrier"], form.cleaned_data["number"], form.paid())


def _mend(rows: QuerySet[Ticket], by: Actor, form: MendForm) -> object:
    data = form.cleaned_data
    return actions.change_waybill(rows, by, data["parcel"], data["carrier"], data["number"])


def _message(rows: QuerySet[Ticket], by: Actor, form: MessageForm) -> object:
    data = form.cleaned_data
    return actions.message(rows, by, data["note"], form.new_photos(), token=data["token"])


def _accept_ruling(rows: QuerySet[Dispute], by: Actor, form: RulingForm) -> object:
    return actions.accept_ruling(rows, by, ruling=form.cleaned_data["ruling"])


def _appeal(rows: QuerySet[Dispute], by: Actor, form: AppealForm) -> object:
    return actions.appeal(rows, by, form.cleaned_data["note"], ruling=form.cleaned_data["ruling"])


# In the order of the page: what leads on comes first, giving up comes last.
WAYS: Final[Mapping[str, Way]] = {
    "accept_offer": Way(
        lambda rows, by, form: actions.accept_offer(rows, by, form.cleaned_data["offer"]),
        _("You have accepted the offer."),
        OfferForm,
        _standing,
        leads=True,
    ),
    "decline_offer": Way(
        lambda rows, by, form: actions.decline_offer(rows, by, form.cleaned_data["note"]),
        _("You have declined the offer."),
        DeclineForm,
    ),
    "send_waybill": Way(
        _waybill(actions.send_waybill),
        _("Thank you. The seller inspects the goods when they arrive."),
        WaybillForm,
        leads=True,
    ),
    "confirm": Way(lambda rows, by, form: actions.confirm(rows, by), _("Thank you for confirming."), leads=True),
    "add_parcel": Way(_waybill(actions.add_parcel), _("The parcel has been added."), WaybillForm),
    "change_waybill": Way(
        _mend,
        _("The waybill has been changed."),
        MendForm,
        lambda ticket: [MendForm.present(parcel) for parcel in mendable(ticket)],
    ),
    "call_cs": Way(
        lambda rows, by, form: actions.call_cs(rows, by, form.cleaned_data["note"], form.new_photos()),
        _("Customer service has been called."),
        CallForm,
    ),
    "withdraw": Way(lambda rows, by, form: actions.withdraw(rows, by), _("The ticket has been withdrawn.")),
    "message": Way(_message, _("The message has been sent."), MessageForm),
}
DISPUTE_WAYS: Final[Mapping[str, Way]] = {
    "accept_ruling": Way(_accept_ruling, _("You have accepted the ruling."), RulingForm, _last_ruling, leads=True),
    "appeal": Way(_appeal, _("You have appealed."), AppealForm, _last_ruling),
    "rest": Way(lambda rows, by, form: actions.rest(rows, by), _("Customer service knows that you are done.")),
}


def asks(ticket: Ticket, dispute: Dispute | None, sent: ActionForm | None = None) -> tuple[list[Ask], list[Ask]]:
    """The buyer's forms for what the ticket and its open dispute let them do now, asked in one statement; the one that
    was `sent` as it was sent."""
    rows: list[tuple[Lifecycle, Row]] = [(TICKET, ticket), *([(DISPUTE, dispute)] if dispute else [])]
    names, *theirs = ({transition.name for transition in each} for each in open_to_each(rows, Role.BUYER))
    leads = ticket.state == TicketState.REJECTED
    amending = [Ask("amend", reverse("refunds:amend", args=(ticket.number,)), leads=leads)] if "amend" in names else []
    own = amending + _forms(ticket, ticket, WAYS, names, sent)
    return own, _forms(ticket, dispute, DISPUTE_WAYS, theirs[0], sent) if theirs else []


def _forms(ticket: Ticket, row: Any, ways: Mapping[str, Way], names: set[str], sent: ActionForm | None) -> list[Ask]:
    found = []
    for action, way in ways.items():
        for values in way.present(row) if action in names else ():
            form = way.form(ticket, action, initial=values)
            was_sent = sent is not None and sent.action == action and sent.is_about(values)
            url = reverse(f"refunds:{action}", args=(ticket.number,))
            found.append(Ask(action, url, sent if was_sent else form, way.leads))
    return found
