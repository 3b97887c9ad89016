"""What can be set aside, what it means, and what is to be done about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from aftersales import actors, masks
from aftersales.changes.models import Act
from aftersales.changes.record import record
from aftersales.help.actions import send_again as send_letters_again
from aftersales.help.models import Letter
from aftersales.jobs.models import Job, Outcome
from aftersales.lifecycle.admin import put_back
from aftersales.lifecycle.table import Lifecycle
from aftersales.lifecycles import ALL
from aftersales.models import User
from aftersales.money import shown
from refunds import money, notice_words
from refunds.admin.notice import send_again
from refunds.models import Difference, Notice, Payout
from refunds.states import PayoutState

# How long a channel may leave a payout without an answer before somebody should know, and how long a job that failed
# is shown.
PATIENCE, REMEMBERED = timedelta(hours=1), timedelta(days=7)
# In one request; more are done by pressing again.
AT_ONCE = 200


@dataclass(frozen=True)
class Item:
    """One row: what it is called, its page, since when it waits and why; `more` are other ways, (label, address)."""

    key: int
    label: str
    url: str
    since: datetime | None
    why: str
    more: tuple[tuple[Any, str], ...] = ()


@dataclass(frozen=True)
class Deed:
    """What an operator may do about rows, one or all of them. `do` returns how many it was done to."""

    label: Any
    consequence: Any
    do: Callable[[QuerySet[Any], User], int]


@dataclass(frozen=True)
class Section:
    """`rows` are what waits, the oldest first; `means` and `advice` are said to the person who looks."""

    slug: str
    title: Any
    means: Any
    advice: Any
    rows: Callable[[], QuerySet[Any]]
    item: Callable[[Any], Item]
    deed: Deed | None = None


# --- what is done -----------------------------------------------------------------------------------------------------


def _recorded(act: Act, do: Callable[[QuerySet[Any]], int]) -> Callable[[QuerySet[Any], User], int]:
    """Written down for every row, with why it had been set aside."""

    def done(rows: QuerySet[Any], user: User) -> int:
        for row in rows:
            record(user, act, row, {"why": why(row)}, {"why": ""})
        return do(rows)

    return done


def why(row: Any) -> str:
    return masks.within(getattr(row, "set_aside_error", "") or getattr(row, "trouble", ""))


def _retry(payouts: QuerySet[Any], user: User) -> int:
    return len(money.retry_all(payouts, actors.operator(user)))


# --- what is shown ----------------------------------------------------------------------------------------------------


def _page(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def _aside(row: Any) -> Item:
    return Item(row.pk, str(row), _page(row), row.set_aside_at, row.set_aside_error)


def _notice(row: Notice) -> Item:
    return Item(row.pk, notice_words.subject(row), _page(row), row.failed_at, masks.within(row.trouble))


def _letter(row: Letter) -> Item:
    return Item(row.pk, row.enquiry.number, _page(row.enquiry), row.failed_at, masks.within(row.trouble))


def _failed(row: Payout) -> Item:
    by_hand = reverse("admin:refunds_payout_do", args=[row.pk, "settle_by_hand"])
    label = f"{row.number} · {shown(row.amount, row.currency)}"
    return Item(row.pk, label, _page(row), row.entered_at, row.trouble, ((_("Settled by hand"), by_hand),))


def _unknown(row: Payout) -> Item:
    return Item(row.pk, f"{row.number} · {shown(row.amount, row.currency)}", _page(row), row.entered_at, row.trouble)


def _job(row: Job) -> Item:
    return Item(row.pk, f"{row.kind} {row.pk} · {row.by}", _page(row), row.ended_at, row.trouble)


def _difference(row: Difference) -> Item:
    figures = {"ours": shown(row.ours, row.currency), "theirs": shown(row.theirs, row.currency)}
    explain = reverse("admin:refunds_difference_explain", args=[row.pk])
    says = f"{row.get_books_display()}: {figures['ours']} / {figures['theirs']}"
    return Item(row.pk, row.number, _page(row), row.found_at, says, ((_("Explain"), explain),))


def _set_aside(life: Lifecycle, title: Any) -> Section:
    rows = life.model._base_manager.filter(set_aside_at__isnull=False).order_by("set_aside_at", "pk")
    return Section(
        life.name,
        title,
        _("The clock has run out, and moving the row failed. The rest goes on; this one waits for a person."),
        _("Read the error, mend its cause, then put it back: the clock tries again within seconds."),
        rows.all,
        _aside,
        Deed(
            _("Put back, let the clock try again"), _("The clock tries them again."), _recorded(Act.PUT_BACK, put_back)
        ),
    )


_AGAIN = pgettext_lazy("notice", "Send again")
_TITLES = {
    "order": _("Orders that the clock could not move"),
    "ticket": _("Tickets that the clock could not move"),
    "dispute": _("Disputes that the clock could not move"),
    "payout": _("Payouts that the clock could not move"),
}
SECTIONS: tuple[Section, ...] = (
    *(_set_aside(life, _TITLES[life.name]) for life in ALL),
    Section(
        "failed",
        _("Payouts that failed"),
        _("The channel refused, or took the money back. The buyer is still owed it."),
        _("Send it again under the same number, or pay in another way and settle it by hand with the proof."),
        lambda: Payout.objects.filter(state=PayoutState.FAILED, set_aside_at=None).order_by("entered_at", "pk"),
        _failed,
        Deed(_("Send again"), _("They are sent to the channel again, under their own numbers."), _retry),
    ),
    Section(
        "unknown",
        _("Payouts without an answer for more than an hour"),
        _("Nobody knows whether the money has gone. The channel is asked again and again, which is all that is safe."),
        _("Ask the channel’s own service. Do not pay in another way before it has answered."),
        lambda: Payout.objects.filter(
            state=PayoutState.UNKNOWN, set_aside_at=None, entered_at__lt=Now() - PATIENCE
        ).order_by("entered_at", "pk"),
        _unknown,
    ),
    Section(
        "books",
        _("Books that differ"),
        _("Two books that should agree say different amounts about one number."),
        _("Find out which is right. What is mended vanishes by itself; what is known to be right can be explained."),
        lambda: Difference.objects.unexplained().order_by("found_at", "pk"),
        _difference,
    ),
    Section(
        "notices",
        _("E-mails that could not be sent"),
        _("The mail server refused, many times or for good. The inbox has them all the same."),
        _("Look at the server’s complaint. Once its cause is mended, have them sent again."),
        lambda: Notice.objects.failed().order_by("failed_at", "pk"),
        _notice,
        Deed(_AGAIN, _("They are sent again from the first try."), _recorded(Act.SENT_AGAIN, send_again)),
    ),
    Section(
        "answers",
        _("Answers to enquiries that could not be sent"),
        _("Who asked has no inbox here and has not got the answer."),
        _("Look at the address and the server’s complaint. Once its cause is mended, have them sent again."),
        lambda: Letter.objects.filter(failed_at__isnull=False).select_related("enquiry").order_by("failed_at", "pk"),
        _letter,
        Deed(_AGAIN, _("They are sent again from the first try."), _recorded(Act.SENT_AGAIN, send_letters_again)),
    ),
    Section(
        "jobs",
        _("Background jobs that failed in the last 7 days"),
        _("What is marked as done in a job is done; the rest was not touched."),
        _("Look at the error, mend its cause, and tell the person to ask for the rest again."),
        lambda: Job.objects.filter(outcome=Outcome.FAILED, ended_at__gte=Now() - REMEMBERED)
        .select_related("by").order_by("ended_at", "pk"),
        _job,
    ),
)  # fmt: skip
BY_SLUG = {section.slug: section for section in SECTIONS}
