"""Answers to those who have no inbox: sent by the worker that sends notices, with its claims and its patience."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
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
        facts = {
            "subject": _("Your question %(number)s: Answered") % {"number": enquiry.number},
            "sentences": [*letter.text.split("\n"), _("If this does not help, write to us again on this page.")],
            "about": enquiry.about,
            "link": f"{settings.PUBLIC_URL}{reverse('help:contact')}",
            "language": enquiry.language,
        }
        return mailing.built(enquiry.email, f"letter.{letter.pk}", facts, line, {})
