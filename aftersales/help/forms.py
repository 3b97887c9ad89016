"""What people may send to help: a search, an opinion, a question, and its follow-up."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales.help.actions import Question
from aftersales.help.errors import HelpError
from aftersales.help.models import Topic
from aftersales.help.models.enquiry import LONGEST_LETTER
from aftersales.help.search import LONGEST
from aftersales.lifecycle.errors import Refused
from aftersales.lifecycle.forms import as_error
from aftersales.models import User
from orders.models import Order
from refunds.forms.fields import Text
from refunds.models import Ticket


class SearchForm(forms.Form):
    q = forms.CharField(
        label=_("Search help"),
        required=False,
        max_length=LONGEST,
        widget=forms.TextInput({"type": "search", "autocomplete": "off"}),
    )


class VoteForm(forms.Form):
    helpful = forms.TypedChoiceField(choices=(("yes", ""), ("no", "")), coerce=lambda value: value == "yes")


class LetterForm(forms.Form):
    """Words to the other side; what the database does not take of them is left out."""

    text = Text(label=_("What would you like to know?"), max_length=LONGEST_LETTER, widget=forms.Textarea({"rows": 6}))

    def clean_text(self) -> str:
        return storable(self.cleaned_data["text"])


def storable(text: str) -> str:
    """Without halves of characters, which no database takes."""
    return text.encode(errors="ignore").decode()


class ContactForm(LetterForm):
    """`website` is seen by programs only: who fills it in is asked to empty it. `token` makes a second press of the
    button find the question of the first one."""

    topic = forms.ChoiceField(label=pgettext_lazy("enquiry", "What is it about?"), choices=Topic)
    about = forms.CharField(
        label=_("Order or ticket number (if there is one)"),
        required=False,
        max_length=40,
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    email = forms.EmailField(label=_("Your e-mail, for the answer"), max_length=254)
    website = forms.CharField(
        label=_("Leave this empty"),
        required=False,
        widget=forms.TextInput({"tabindex": "-1", "autocomplete": "off"}),
    )
    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    field_order = ("topic", "text", "about", "email")

    def __init__(self, person: User | None, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.person = person
        self.fields["email"].widget.attrs["autocomplete"] = "email"
        if person:
            del self.fields["email"]

    def clean_about(self) -> str:
        """A person's own order or ticket; of others nothing is asked, so nothing is told."""
        number = storable(self.cleaned_data["about"])
        if not (number and self.person):
            return number
        for mine in (Order.objects.of_buyer(self.person), Ticket.objects.of_buyer(self.person)):
            if found := mine.filter(number__iexact=number).values_list("number", flat=True).first():
                return str(found)
        raise as_error(Refused(HelpError.NOT_YOURS))

    def clean_website(self) -> str:
        if self.cleaned_data["website"]:
            raise ValidationError(_("Empty this field to send the form: it only catches programs."), code="website")
        return ""

    def question(self, sender: str) -> Question:
        data = self.cleaned_data
        return Question(
            token=data["token"],
            topic=data["topic"],
            text=data["text"],
            about=data["about"],
            email=data.get("email", ""),
            sender=sender,
        )
