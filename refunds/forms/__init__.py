"""What a buyer types, read strictly. What may be granted is judged by rules."""

from refunds.forms.application import ApplicationForm
from refunds.forms.fields import AmountField, PhotosField, ReasonChoice
from refunds.forms.filing import AmendForm, FilingForm
from refunds.forms.ticket import ActionForm

__all__ = [
    "ActionForm",
    "AmendForm",
    "AmountField",
    "ApplicationForm",
    "FilingForm",
    "PhotosField",
    "ReasonChoice",
]
