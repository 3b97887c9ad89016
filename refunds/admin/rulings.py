"""What the actions of a dispute ask an agent, or a side, for."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales.actors import Actor
from aftersales.lifecycle.admin import ActionForm
from aftersales.models import User
from aftersales.money import shown
from refunds import actions, rules
from refunds.admin import follows
from refunds.admin.forms import amount_field, asked_for, lines
from refunds.models import Dispute, Ruling
from refunds.rules import Decision
from refunds.states import Payer, Verdict

_AREA = forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField"})
_BOTH_READ = gettext_lazy("Buyer and seller read this.")
# The rulings that move money; for the others the amounts count for nothing.
MONEY = (Verdict.REFUND, Verdict.RETURN_FIRST)


def in_words(ruling: Ruling) -> str:
    """A ruling in a line, with why."""
    words = _("%(verdict)s: %(amount)s. Return freight paid by: %(payer)s. %(note)s")
    figures = {"verdict": ruling.get_verdict_display(), "amount": shown(ruling.amount, ruling.dispute.order.currency)}
    return words % {**figures, "payer": ruling.get_freight_by_display(), "note": ruling.note}


def agents_for(dispute: Dispute) -> QuerySet[User]:
    """Who may take a dispute: active agents with a desk, of no side of it, who did not rule before the appeal."""
    others = User.objects.agents().exclude(employments__shop__orders=dispute.order_id).exclude(orders=dispute.order_id)
    if not dispute.appealed_by:
        return others
    before = dispute.rulings.filter(on_appeal=False)
    return others.exclude(Q(pk__in=before.values("agent")) | Q(pk__in=before.values("confirmed_by")))


class ClaimForm(ActionForm):
    @property
    def summary(self) -> str:
        return lines(asked_for(self.row.ticket), _("The dispute is yours until you hand it over or its time is up."))


class HandOverForm(ActionForm):
    to = forms.ModelChoiceField(
        User.objects.none(), label=gettext_lazy("To"), required=False, empty_label=gettext_lazy("Back to the queue")
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        widget=_AREA,
        max_length=1000,
        required=False,
        help_text=gettext_lazy("Only customer service reads this."),
    )

    @property
    def summary(self) -> str:
        return _("The clock goes on. Whoever takes it over reads everything that you can read.")

    def __init__(self, row: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(row, *args, **kwargs)
        to = cast("forms.ModelChoiceField[User]", self.fields["to"])
        to.queryset = agents_for(row).exclude(pk=row.agent_id).order_by("email")


class AssignForm(HandOverForm):
    """A supervisor's hand-over, whoever has the case."""

    @property
    def summary(self) -> str:
        words = _("It is now with: %(agent)s. The clock goes on.")
        return words % {"agent": self.row.agent or _("nobody")}


class AskForm(ActionForm):
    note = forms.CharField(label=gettext_lazy("Question"), widget=_AREA, max_length=1000, help_text=_BOTH_READ)

    @property
    def summary(self) -> str:
        return _("Both sides have the whole time for evidence again.")


class RuleForm(ActionForm):
    """A ruling; what it does is shown before it is given."""

    two_steps = True
    spare = ("note",)
    verdict = forms.ChoiceField(label=gettext_lazy("Ruling"), widget=forms.RadioSelect)
    freight_by = forms.ChoiceField(
        label=gettext_lazy("Return freight paid by"), choices=Payer.choices, widget=forms.RadioSelect
    )
    note = forms.CharField(label=gettext_lazy("Why"), widget=_AREA, max_length=2000, help_text=_BOTH_READ)

    def __init__(self, row: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(row, *args, **kwargs)
        ticket, cap = row.ticket, rules.caps(row.ticket)
        currency, whole = ticket.order.currency, cap.goods + cap.freight
        verdict = cast("forms.ChoiceField", self.fields["verdict"])
        verdict.choices = [(each.value, each.label) for each in rules.verdicts(ticket, cap)]
        words = _(
            "At most %(most)s, of it %(freight)s for the freight. Only for a refund, or goods that go back first."
        )
        help_text = words % {"most": shown(whole, currency), "freight": shown(cap.freight, currency)}
        amount = {"label": _("Amount, freight included"), "help_text": help_text}
        # What was asked for; all there is, where goods were asked for.
        whole, freight = (ticket.amount, ticket.freight) if ticket.amount else (whole, cap.freight)
        self.fields["amount"] = amount_field(currency, **amount, initial=whole, required=False)
        self.fields["freight"] = amount_field(currency, label=_("Of which freight"), initial=freight, required=False)
        self.fields["freight_by"].initial = ticket.freight_by
        self.order_fields(["verdict", "amount", "freight", "freight_by", "note"])

    @property
    def summary(self) -> str:
        return asked_for(self.row.ticket)

    def decision(self) -> Decision:
        data = self.cleaned_data
        amount, freight = data["amount"] or 0, data["freight"] or 0
        if data["verdict"] not in MONEY:
            amount = freight = 0
        return Decision(data["verdict"], amount, freight, data["freight_by"], data["note"])

    def effects(self, rows: QuerySet[Any], by: Actor) -> list[str]:
        decision = self.decision()
        return follows.ruled(decision, actions.rehearse(rows, by, decision))


class ReadForm(ActionForm):
    """For an answer to the ruling that the person has read: `ruling` is sent along, so that a newer one is not
    answered."""

    ruling = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, row: Any, *args: Any, **kwargs: Any) -> None:
        self.given = row.ruling
        kwargs["initial"] = {"ruling": self.given.pk} | kwargs.get("initial", {})
        super().__init__(row, *args, **kwargs)


class SecondForm(ReadForm):
    """The second agent confirms what the first one ruled, having seen what it does."""

    two_steps = True
    note = forms.CharField(
        label=gettext_lazy("Note"),
        widget=_AREA,
        max_length=1000,
        required=False,
        help_text=gettext_lazy("Only customer service reads this."),
    )

    @property
    def summary(self) -> str:
        return lines(in_words(self.given), _("Both sides read it from now on."))

    def effects(self, rows: QuerySet[Any], by: Actor) -> list[str]:
        given = self.given
        decision = Decision(given.verdict, given.amount, given.freight, given.freight_by, given.note)
        return follows.ruled(decision, actions.rehearse_second(rows, by, ruling=self.cleaned_data["ruling"]))


class ObjectForm(ReadForm):
    note = forms.CharField(
        label=gettext_lazy("Why"),
        widget=_AREA,
        max_length=1000,
        help_text=gettext_lazy("Only customer service reads this."),
    )

    @property
    def summary(self) -> str:
        return lines(in_words(self.given), _("The agent who ruled reviews it again."))


class RestForm(ActionForm):
    @property
    def summary(self) -> str:
        return _("You have nothing to add. Once the buyer has not either, the review begins.")


class AcceptRulingForm(ReadForm):
    @property
    def summary(self) -> str:
        return lines(in_words(self.given), _("Once the buyer accepts it too, it is final and carried out."))


class AppealForm(ReadForm):
    note = forms.CharField(label=gettext_lazy("Why"), widget=_AREA, max_length=1000, help_text=_BOTH_READ)

    @property
    def summary(self) -> str:
        words = _("Another agent reviews the case. There is one appeal, of either side; the next ruling stands.")
        return lines(in_words(self.given), words)
