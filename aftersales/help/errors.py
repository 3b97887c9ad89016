"""Why help refuses something: one sentence each, saying what can be done instead."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class HelpError(models.TextChoices):
    EMPTY = "empty", _("Write a few words first.")
    TOO_MANY = (
        "too_many",
        _("You have asked %(most)s times within 24 hours. We answer those first; write again tomorrow."),
    )
    TOO_MANY_HERE = (
        "too_many_here",
        _("Too many questions came from this connection within 24 hours. Log in, or write again tomorrow."),
    )
    NOT_YOURS = (
        "not_yours",
        _("None of your orders or tickets has this number. Copy it from their page, or leave it empty."),
    )
    WAITS = "waits", _("Your last words have not been answered yet. You can write again after the answer.")
    ANSWERED = "answered", _("%(who)s has answered this meanwhile. Read the answer; a note can still be added.")
    TAKEN = "taken", _("%(who)s has taken this. Ask them to release it, or choose another one.")
    NEWER = "newer", _("More was written while you were writing. Read it below, then send again.")
