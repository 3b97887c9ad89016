"""An application that is not sent yet, kept for its buyer on every device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db.models.functions import Now

from aftersales.keys import uuid_of
from aftersales.models import User
from orders.models import Order
from refunds.actions.uploads import drop_uploads
from refunds.models import Draft, Upload

# What is kept of one field, and of how many: far above what a page sends.
_LONGEST, _MOST = 2000, 500


def keep_draft(order: Order, token: UUID, fields: Mapping[str, Sequence[str]]) -> None:
    """Replace the order's draft. What the database cannot keep, or nobody would type, is left out."""
    kept = {
        name: [value for value in values if len(value) <= _LONGEST and "\x00" not in value][-_MOST:]
        for name, values in list(fields.items())[:_MOST]
        if len(name) <= 50
    }
    draft = Draft(order=order, token=token, fields=kept, saved_at=Now())
    columns = ["token", "fields", "saved_at"]
    Draft.objects.bulk_create([draft], update_conflicts=True, unique_fields=["order"], update_fields=columns)


def give_up_draft(buyer: User, order: Order) -> None:
    """The buyer starts over: what was entered is gone, with the photos that came for it."""
    for draft in Draft.objects.of_buyer(buyer).filter(order=order):
        drop_uploads(buyer, tokens_of(draft))
        draft.delete()


def tokens_of(draft: Draft) -> list[UUID]:
    """The photos that a draft names, in its order."""
    return [token for token in map(uuid_of, draft.fields.get("photos_uploaded", ())) if token]


def photos_of(draft: Draft, buyer: User) -> list[UUID]:
    """Those of them that are still here: photos are not kept as long as words."""
    tokens = tokens_of(draft)
    here = set(Upload.objects.of(buyer).filter(token__in=tokens).values_list("token", flat=True)) if tokens else set()
    return [token for token in tokens if token in here]
