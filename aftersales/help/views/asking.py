"""What is asked: the form, its confirmation, and one's own questions with their answers."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from aftersales.help import actions
from aftersales.help.forms import ContactForm, LetterForm
from aftersales.help.models import Enquiry, Letter, Topic
from aftersales.lifecycle.errors import Refused
from aftersales.lifecycle.forms import refuse
from aftersales.models import User
from aftersales.network import client_address, line_of
from orders.views.pages import page_of, personal, reader, see_other

PER_PAGE = 10
SENT = "help_sent"


def _sender(request: HttpRequest) -> str:
    """An address only as a hash: it is counted, never read."""
    return salted_hmac("aftersales.help.sender", line_of(client_address(request)), algorithm="sha256").hexdigest()


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    """POST asks, and leads to the confirmation; ?about= and ?topic= fill in what a link knows."""
    person = request.user if isinstance(request.user, User) else None
    if request.method != "POST":
        return render(request, "help/contact.html", {"form": ContactForm(person, initial=_known(request))})
    form = ContactForm(person, request.POST)
    if form.is_valid():
        try:
            enquiry = actions.ask(form.question(_sender(request)), person)
        except Refused as refused:
            refuse(form, refused)
        else:
            request.session[SENT] = enquiry.number
            return see_other(reverse("help:sent"))
    return render(request, "help/contact.html", {"form": form}, status=422)


def _known(request: HttpRequest) -> dict[str, str]:
    about, topic = request.GET.get("about", ""), request.GET.get("topic", "")
    return {"about": about[:40].replace("\0", ""), "topic": topic if topic in Topic.values else Topic.ORDER}


@never_cache
@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """The number of the question that this browser sent last."""
    number = request.session.get(SENT)
    if not number:
        return see_other(reverse("help:contact"))
    enquiry = get_object_or_404(Enquiry, number=number)
    mine = isinstance(request.user, User) and enquiry.person_id == request.user.pk
    return render(request, "help/sent.html", {"enquiry": enquiry, "mine": mine})


@personal
@require_safe
def enquiries(request: HttpRequest) -> HttpResponse:
    """The reader's questions, newest first, each with all that was written."""
    rows = Enquiry.objects.of_person(reader(request)).prefetch_related(_letters())
    return render(request, "help/enquiries.html", {"page": page_of(request, rows, PER_PAGE)})


@personal
@require_http_methods(["GET", "HEAD", "POST"])
def enquiry(request: HttpRequest, number: str) -> HttpResponse:
    """One question; POST asks back after an answer."""
    mine = Enquiry.objects.of_person(reader(request))
    found = get_object_or_404(mine.prefetch_related(_letters()), number=number)
    form = LetterForm(request.POST if request.method == "POST" else None)
    form.fields["text"].label = _("Ask back")
    if form.is_bound and form.is_valid():
        try:
            actions.follow_up(mine.filter(pk=found.pk), reader(request), form.cleaned_data["text"])
        except Refused as refused:
            refuse(form, refused)
        else:
            messages.success(request, _("Sent. Customer service reads it and answers here."))
            return see_other(found.get_absolute_url())
    return render(request, "help/enquiry.html", {"enquiry": found, "form": form}, status=422 if form.is_bound else 200)


def _letters() -> Prefetch[str]:
    return Prefetch("letters", Letter.objects.public(), to_attr="shown")
