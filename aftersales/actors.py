"""Who does something: a person in a role, or the system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from aftersales.models import User


class Role(models.TextChoices):
    BUYER = "buyer", _("Buyer")
    SELLER = "seller", _("Seller")
    CS = "cs", _("Customer service")
    OPERATOR = "operator", _("Operator")
    SYSTEM = "system", _("System")


@dataclass(frozen=True)
class Actor:
    """One actor of a move. `clock` marks a sweep: it skips locked rows and moves only what is due."""

    role: Role
    user: User | None = None
    clock: bool = False

    @property
    def person(self) -> User:
        """Who acts, for what only people do. Raises TypeError for the system."""
        if self.user is None:
            raise TypeError("the system is no person")
        return self.user


SYSTEM: Final = Actor(Role.SYSTEM)
CLOCK: Final = Actor(Role.SYSTEM, clock=True)


def buyer(user: User) -> Actor:
    return Actor(Role.BUYER, user)


def seller(user: User) -> Actor:
    return Actor(Role.SELLER, user)


def agent(user: User) -> Actor:
    """A person of customer service."""
    return Actor(Role.CS, user)


def operator(user: User) -> Actor:
    return Actor(Role.OPERATOR, user)
