"""What every payment channel can be asked, and every answer it can give.

Amounts are integers of the currency's smallest unit (cents, fen, yen); currencies are ISO 4217 codes; times are aware
and in UTC. A number is ours, minted once and committed before the first call; repeating a call with the same number
and the same parameters never moves money twice. No method raises for trouble at the channel: trouble is `Unknown`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal

NOTICE_WINDOW = timedelta(minutes=5)
# The code of a Refused that decides nothing about money: the channel knows the number with other parameters.
NUMBER_REUSED = "number_reused"


@dataclass(frozen=True, slots=True)
class Settled:
    """The money has moved: `amount` in minor units, as the channel states it; the caller compares it with its own."""

    amount: int
    currency: str
    at: datetime
    reference: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The channel says no, and no money is with the other side: declined, expired, not allowed.

    Said of a refund that was settled before, it means that the channel took the money back (code "reversed").
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Pending:
    """The channel knows the number and has not decided. Ask again."""


@dataclass(frozen=True, slots=True)
class Absent:
    """The channel does not know the number: nothing was done under it, so it is safe to send."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No trustworthy answer: timeout, 5xx, bad signature, unreadable. Never to be treated as failed: ask again."""

    why: str


Answer = Settled | Refused | Pending | Absent | Unknown


@dataclass(frozen=True, slots=True)
class Started:
    """The channel waits for the buyer at `pay_url`."""

    pay_url: str
    reference: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A verified notice. `id` is the same in every repeat; `sent_at` is the sender's clock at this sending, UTC.

    `answer` is what was true when the notice was written. A late one may be outdated: ask before money depends on it.
    """

    id: str
    kind: Literal["payment", "refund"]
    number: str
    answer: Settled | Refused
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One movement in the channel's own books: money in is above zero, money back to a buyer below.

    `line` is the channel's running number, `number` ours of the payment or refund.
    """

    line: int
    number: str
    amount: int
    currency: str


class BadNotice(Exception):
    """A notice that must not be believed: forged, stamped more than 5 minutes away from now, or malformed."""


class UnknownChannel(LookupError):
    """settings.CHANNELS has no channel of that name."""


class Channel(ABC):
    """One payment channel. Built once per use from its address, its shared secret and where its notices should go.

    Raises ValueError only for what a caller must never pass: a naive datetime, an address that is not http(s).
    """

    name: ClassVar[str]

    @abstractmethod
    def __init__(self, *, url: str, secret: str, notify_url: str) -> None: ...

    @abstractmethod
    def start_payment(
        self, *, number: str, amount: int, currency: str, expires_at: datetime, subject: str, return_url: str
    ) -> Started | Refused | Unknown:
        """Opens an attempt to pay `amount` minor units until `expires_at` (UTC), when the channel ends it by itself.

        Refused is final for this number: ended already, or the number was used with other parameters.
        """

    @abstractmethod
    def payment(self, number: str) -> Answer:
        """Where an attempt to pay is. Changes nothing."""

    @abstractmethod
    def refund(self, *, number: str, payment: str, amount: int, currency: str) -> Answer:
        """Gives `amount` minor units of the payment numbered `payment` back, once per `number`, however often called.

        After Refused the same number and parameters may be sent again; the channel then decides anew. Never Absent.
        """

    @abstractmethod
    def refund_status(self, number: str) -> Answer:
        """Where a refund is. Refused with the code "reversed": it was settled, and the channel took it back."""

    @abstractmethod
    def register_payment(self, *, number: str, amount: int, currency: str, paid_at: datetime) -> Answer:
        """Tells the channel of a payment that was made before us (`paid_at`, UTC), so that it can be refunded.

        Once per number, however often called; no notice follows. Settled when the channel's books have it.
        """

    @abstractmethod
    def statement(self, after: int) -> tuple[StatementLine, ...] | Unknown:
        """The next page of the channel's own books, the lines behind `after` in their order; empty at their end."""

    @abstractmethod
    def read_notice(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """The notice in a request's raw body. Raises BadNotice. Repeats are for the caller to find, by `Notice.id`."""


def channel(name: str) -> Channel:
    """The channel that settings.CHANNELS describes under `name`; raises UnknownChannel when there is none."""
    # Imported here, so that the channels' own code and tests need no configured project.
    from django.conf import settings
    from django.utils.module_loading import import_string

    channels: Mapping[str, Mapping[str, str]] = settings.CHANNELS
    if name not in channels:
        known = ", ".join(sorted(channels)) or "none"
        raise UnknownChannel(f"There is no payment channel {name!r} in settings.CHANNELS. Known: {known}.")
    entry = channels[name]
    made: Channel = import_string(entry["class"])(
        url=entry["url"], secret=entry["secret"], notify_url=f"{settings.PUBLIC_URL}/notices/{name}/"
    )
    return made
