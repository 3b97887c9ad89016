"""Which passwords will do."""

from __future__ import annotations

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.utils.translation import gettext as _


class LongEnough(MinimumLengthValidator):
    """Django's, with a refusal that is there in every language of ours."""

    def get_error_message(self) -> str:
        return _("Use at least %(least)s characters.") % {"least": self.min_length}
