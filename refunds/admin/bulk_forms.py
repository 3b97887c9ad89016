"""What actions on many tickets ask for."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy
from unfold.forms import ActionForm as SkinActionForm

from orders.models import ShopStaff
from refunds.bulk import work
from refunds.errors import RefundError
from refunds.models import Reason
from refunds.states import Side

_AREA = forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"})


class ChoiceForm(SkinActionForm):  # type: ignore[misc]  # comes without types
    """What to do with the rows that are ticked. The token names the list as it was loaded, so that two presses make one
    plan."""

    # As plain as the other one: on the bar's own green the skin's is too faint to read.
    action = forms.ChoiceField(
        label="",
        widget=forms.Select(attrs={"aria-label": gettext_lazy("Select action to run"), "x-model": "action"}),
    )
    token = forms.UUIDField(label="", widget=forms.HiddenInput, initial=uuid4)
    select_across = forms.TypedChoiceField(
        label="", required=False, coerce=int, initial=0,
        choices=[(0, gettext_lazy("the ticked ones")), (1, gettext_lazy("all that this list shows, on every page"))],
        widget=forms.Select(attrs={"aria-label": gettext_lazy("Which tickets")}),
    )  # fmt: skip


class ManyForm(forms.Form):
    """What an action on many asks for. `params` is how a job keeps it, `initial_of` the way back."""

    def __init__(self, shop: int, *args: Any, **kwargs: Any) -> None:
        self.shop = shop
        super().__init__(*args, **kwargs)

    def params(self) -> dict[str, Any]:
        return {}


class RejectManyForm(ManyForm):
    reason = forms.ModelChoiceField(
        Reason.objects.none(),
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Reasons that need a photo are given on the single ticket."),
    )
    note = forms.CharField(
        label=gettext_lazy("Note"), widget=_AREA, max_length=1000, required=False,
        help_text=gettext_lazy("All these buyers read it."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reasons: Any = self.fields["reason"]
        reasons.queryset = Reason.objects.filter(side=Side.SELLER, in_use=True, needs_proof=False)

    def params(self) -> dict[str, Any]:
        return {"reason": self.cleaned_data["reason"].pk, "note": self.cleaned_data["note"]}


class Colleague(forms.ModelChoiceField[ShopStaff]):
    def label_from_instance(self, obj: ShopStaff) -> str:
        return str(obj.user)


class AssignManyForm(ManyForm):
    """The single ticket's page asks the same."""

    to = Colleague(
        ShopStaff.objects.none(), label=gettext_lazy("To"), required=False,
        empty_label=gettext_lazy("Nobody in particular"),
        error_messages={"invalid_choice": RefundError.NOT_A_COLLEAGUE.label},
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people: Any = self.fields["to"]
        at_work = ShopStaff.objects.filter(shop=self.shop, user__is_active=True)
        people.queryset = at_work.select_related("user").order_by("user__email")

    def params(self) -> dict[str, Any]:
        to = self.cleaned_data["to"]
        return {"to": to.pk if to else None}


class NoteManyForm(ManyForm):
    text = forms.CharField(
        label=gettext_lazy("Note"), widget=_AREA, max_length=2000,
        help_text=gettext_lazy("Only people of the shop read it, on each of these tickets."),
    )  # fmt: skip

    def params(self) -> dict[str, Any]:
        return {"text": self.cleaned_data["text"]}


FORMS: dict[str, type[ManyForm]] = {
    work.Agree.name: ManyForm, work.Reject.name: RejectManyForm, work.Assign.name: AssignManyForm,
    work.Annotate.name: NoteManyForm,
}  # fmt: skip


def in_words(value: Any) -> str:
    """A value of these forms as a person reads it; "" for nothing."""
    return str(value.user if isinstance(value, ShopStaff) else value or "")
