"""How a rule's no reaches the form that it is about, on the pages and in the admin."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.forms import BaseForm

from aftersales.lifecycle.errors import Refused


def as_error(refused: Refused) -> ValidationError:
    """The refusal as a form's error, in the language that is active now."""
    return ValidationError(str(refused), code=str(refused.code.value))


def refuse(form: BaseForm, refused: Refused) -> None:
    """Put the sentence next to its field, or on top of a form that has no such field."""
    form.add_error(refused.field if refused.field in form.fields else None, as_error(refused))
