"""The mails that ask people to work for a shop: sent as notices are, with their claims and their patience."""

from __future__ import annotations

from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.utils import translation
from django.utils.translation import gettext as _

from orders.models import Invitation
from refunds import mailing


def send_invitations() -> None:
    """Send what is due and still open, the longest waiting first."""
    mailing.send(Invitation.objects.open().select_related("shop", "invited_by"))


@mailing.message.register
def _invitation(row: Invitation, line: Any = None) -> EmailMultiAlternatives:
    """In the language of the one who asks. An invitation that is renewed is another mail."""
    with translation.override(row.language):
        facts = {
            "subject": _("%(shop)s asks you to work with them") % {"shop": row.shop},
            "sentences": [
                _("%(person)s has invited you to %(shop)s as: %(role)s.")
                % {"person": row.invited_by, "shop": row.shop, "role": row.get_role_display()},
                _("Open the page below within seven days, and log in or sign up with this address."),
                _("If you do not know the shop, there is nothing to do."),
            ],
            "link": row.link,
            "language": row.language,
        }
        return mailing.built(row.email, f"invitation.{row.pk}.{row.expires_at:%Y%m%d%H%M%S}", facts, line, {})
