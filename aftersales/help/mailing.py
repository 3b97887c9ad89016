"""Answers to those who have no inbox: sent by the worker that sends notices, with its claims and its patience."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from aftersales.help.models import Letter
from refunds import mailing


def send_answers() -> None:
    """Send what is due, the longest waiting first."""
    mailing.send(Letter.objects.select_related("enquiry"))


@mailing.message.register
def _answer(letter: Letter, line: Any = None) -> EmailMultiAlternatives:
    """The answer in the language that it was asked in."""
    enquiry = letter.enquiry
    with translation.override(enquiry.language):
        subject = _("Your question %(number)s: Answered") % {"number": enquiry.number}
        facts = {
            "subject": subject,
            "sentences": [*letter.text.split("\n"), _("If this does not help, write to us again on this page.")],
            "about": enquiry.about,
            "link": f"{settings.PUBLIC_URL}{reverse('help:contact')}",
            "language": enquiry.language,
        }
        text, html = (render_to_string(f"notices/email.{kind}", facts) for kind in ("txt", "html"))
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    headers = {"Message-ID": f"<letter.{letter.pk}@{host}>", "Auto-Submitted": "auto-generated"}
    built = EmailMultiAlternatives(subject, text, to=[enquiry.email], headers=headers, connection=line)
    built.attach_alternative(html, "text/html")
    return built
