"""Which e-mail addresses count as proven."""

from __future__ import annotations

from allauth.account.models import EmailAddress

from aftersales.models import User


def vouch(user: User) -> None:
    """Write down that the address of an account that nobody signed up for is proven: an operator, an import or the
    demo put it there. Who signs up has a row of their own from the first moment, unproven until the code is typed."""
    if not EmailAddress.objects.filter(user=user).exists():
        proven = {"verified": True, "primary": True}
        EmailAddress.objects.get_or_create(user=user, email=user.email, defaults=proven)


def forget(user: User) -> None:
    """An operator has changed the account's address: those of before open it no more."""
    EmailAddress.objects.filter(user=user).delete()
