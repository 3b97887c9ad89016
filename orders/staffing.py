"""Who works for a shop: asked, joined, in another role, gone. Each verb is one transaction under the shop's lock, is
written down as a change, and ends the sessions of whom it concerns (the database counts their rights)."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import get_language

from aftersales.changes.models import Act
from aftersales.changes.record import Snapshot, record, snapshot
from aftersales.lifecycle.errors import Refused
from aftersales.models import User
from aftersales.wake import wake
from orders.errors import OrderError
from orders.models import Invitation, Shop, ShopStaff
from orders.models.invitation import VALID
from orders.states import ShopRole

SEND: Final = "refunds.tasks.send_invitations"
# Enough for any shop; nobody mails strangers by inviting them.
MOST_OPEN: Final = 20


def invite(shop: Shop, email: str, role: str, by: User) -> Invitation:
    """Ask somebody by e-mail to work for the shop. Asked again, they get a new mail about the same invitation, as it is
    now. Raises Refused for who works there already."""
    email = email.strip().lower()
    with transaction.atomic():
        _lock(shop.pk)
        if ShopStaff.objects.filter(shop=shop, user__email=email).exists():
            raise Refused(OrderError.WORKS_HERE, "email")
        waiting = Invitation.objects.filter(shop=shop, accepted_at=None, revoked_at=None)
        found = waiting.filter(email=email).first()
        if found is None and waiting.open().count() >= MOST_OPEN:
            raise Refused(OrderError.INVITATIONS_FULL, most=MOST_OPEN)
        before = _told(found) if found else {}
        row = found or Invitation(shop=shop, email=email)
        row.role, row.invited_by, row.language = role, by, get_language() or ""
        row.expires_at = timezone.now() + VALID
        row.next_at, row.tries, row.sent_at, row.failed_at, row.trouble = timezone.now(), 0, None, None, ""
        row.save()
        record(by, Act.CHANGED if found else Act.ADDED, row, before, _told(row))
        wake(SEND)
    return row


def revoke(rows: QuerySet[Invitation], by: User) -> None:
    """The invitation counts no more. Raises Refused when it was accepted or revoked before."""
    with transaction.atomic():
        row = rows.select_for_update(no_key=True, of=("self",)).get()
        if row.accepted_at or row.revoked_at:
            raise Refused(OrderError.INVITATION_OVER)
        before = _told(row)
        row.revoked_at, row.next_at = timezone.now(), None
        row.save(update_fields=["revoked_at", "next_at"])
        record(by, Act.CHANGED, row, before, _told(row))


def accept(invitation: int, by: User) -> ShopStaff:
    """The one who was asked joins the shop and may open the admin. Raises Refused for anybody else, and for an
    invitation that is over."""
    with transaction.atomic():
        shop = Shop.objects.filter(invitations=invitation).values_list("pk", flat=True).first()
        if shop is not None:
            _lock(shop)
        row = Invitation.objects.open().filter(pk=invitation).select_for_update(no_key=True, of=("self",)).first()
        if row is None:
            raise Refused(OrderError.INVITATION_OVER)
        if row.email != by.email:
            raise Refused(OrderError.INVITATION_OTHER, email=row.email)
        if by.is_auditor:
            raise Refused(OrderError.AUDITOR)
        Invitation.objects.filter(pk=row.pk).update(accepted_at=Now(), next_at=None)
        staff, made = ShopStaff.objects.get_or_create(shop_id=row.shop_id, user=by, defaults={"role": row.role})
        if made:
            record(by, Act.ADDED, staff, {}, snapshot(staff))
        User.objects.filter(pk=by.pk, is_staff=False).update(is_staff=True)
    return staff


def set_role(rows: QuerySet[ShopStaff], role: str, by: User) -> None:
    """Raises Refused when the shop would have no owner."""
    with transaction.atomic():
        row = _locked(rows)
        if role != ShopRole.OWNER:
            _check_owner_stays(row)
        before = snapshot(row)
        row.role = role
        row.save(update_fields=["role"])
        record(by, Act.CHANGED, row, before, snapshot(row))


def remove(rows: QuerySet[ShopStaff], by: User) -> None:
    """The person works for the shop no more; who has no other work here cannot open the admin either. Raises Refused
    for the last owner."""
    with transaction.atomic():
        row = _locked(rows)
        _check_owner_stays(row)
        user = row.user
        record(by, Act.REMOVED, row, snapshot(row))
        row.delete()
        elsewhere = user.sees_everything or user.is_customer_service or user.employments.exists()
        User.objects.filter(pk=user.pk, is_staff=not elsewhere).update(is_staff=False)


# --- inside -----------------------------------------------------------------------------------------------------------


def _told(row: Invitation) -> Snapshot:
    """An invitation as it is written down: nobody asks later when its mail was tried."""
    return {name: value for name, value in snapshot(row).items() if name in {"email", "role", "revoked_at"}}


def _lock(shop: int) -> None:
    """People of one shop change one after the other."""
    Shop.objects.select_for_update(no_key=True).get(pk=shop)


def _locked(rows: QuerySet[ShopStaff]) -> ShopStaff:
    _lock(rows.values_list("shop_id", flat=True).get())
    return rows.select_related("user", "shop").get()


def _check_owner_stays(row: ShopStaff) -> None:
    owners = ShopStaff.objects.filter(shop=row.shop_id, role=ShopRole.OWNER, user__is_active=True)
    if row.role == ShopRole.OWNER and not owners.exclude(pk=row.pk).exists():
        raise Refused(OrderError.LAST_OWNER)
